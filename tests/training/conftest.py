"""What the tests of trainings share."""

import pytest

from holle_tf.training.dev_evaluation import DevEvaluation
from holle_tf.training.train import ensure_run


@pytest.fixture
def interrupted_run(monkeypatch):
    """Function (arguments of ``ensure_run``) -> a run, stopped before its third epoch and then finished."""

    def train(*arguments):
        original = DevEvaluation.on_epoch_begin

        def stop(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt
            original(self, epoch, logs)

        with monkeypatch.context() as patched:
            patched.setattr(DevEvaluation, "on_epoch_begin", stop)
            with pytest.raises(KeyboardInterrupt):
                ensure_run(*arguments)
        return ensure_run(*arguments)

    return train

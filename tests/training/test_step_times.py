import time

import pytest
import tensorflow as tf

from holle_tf.options.training import TrainingConfig
from holle_tf.training.setup import steps_of_epoch
from holle_tf.training.step_times import time_steps
from pipelines.dataset import make_dataset
from pipelines.errors import UserError


class _Distiller:
    """Counts its tracings and, in ``run``, its steps; each step sleeps."""

    def __init__(self, seconds):
        self._seconds = seconds
        self.trained = [tf.Variable([1.0, 2.0])]
        self.optimizer = tf.keras.optimizers.Adam()
        self.traced, self.run = 0, []

    def train_step(self, data):
        self.traced += 1
        features, labels = data

        def work(width):
            self.run.append(int(width))
            time.sleep(self._seconds[len(self.run) - 1])
            return width

        width = tf.numpy_function(work, [tf.shape(features)[1]], tf.int32)
        self.optimizer.apply_gradients([(tf.cast([width, width], tf.float32), self.trained[0])])
        return labels


def _batches(*widths):
    lists = tf.data.Dataset.from_generator(
        lambda: ((tf.zeros([2, width]), tf.zeros([2])) for width in widths),
        output_signature=(tf.TensorSpec([None, None]), tf.TensorSpec([None])),
    )
    return lists


def test_the_median_of_some_steps_of_which_the_first_ones_do_not_count():
    distiller = _Distiller([0.5, 0.01, 0.2, 0.02])
    found = time_steps(distiller, _batches(3, 5), steps=3, warm_up=1)
    assert found.steps == 3
    assert 0.02 <= found.seconds < 0.2
    assert distiller.run == [3, 5, 3, 5]


def test_it_is_compiled_once_whatever_the_widths():
    distiller = _Distiller([0.0] * 4)
    time_steps(distiller, _batches(3, 5, 4, 7), steps=3, warm_up=1)
    assert distiller.traced == 1


def test_no_further_step_is_begun_when_the_time_is_over():
    distiller = _Distiller([0.3, 0.2, 0.2, 0.2])
    found = time_steps(distiller, _batches(3), steps=3, warm_up=1, most_seconds=0.1)
    assert found.steps == 1 and len(distiller.run) == 2


def test_an_epoch_has_as_many_steps_as_its_data_have_batches(prepared):
    count = prepared.count("train")
    for size, jit in ((7, False), (7, True), (count, True), (count + 1, False)):
        batches = make_dataset(prepared, "train", inputs=["document"], batch_size=size, static_shapes=jit)
        steps = steps_of_epoch(count, TrainingConfig(batch_size=size, jit=jit))
        assert steps == int(batches.cardinality()) == len(list(batches))
    assert count % 7, "the last batch is a smaller one"
    with pytest.raises(UserError, match="lower batch_size"):
        steps_of_epoch(count, TrainingConfig(batch_size=count + 1, jit=True))

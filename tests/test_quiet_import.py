"""TF_CPP_MIN_LOG_LEVEL holds while TensorFlow is imported, whichever TensorFlow it is."""

import os
import subprocess
import sys

import pytest

from holle_tf.quiet_import import shown

INFO = (
    b"I0000 00:00:1795883118.587000   30450 cudart_stub.cc:31] Could not find cuda drivers on your machine.\n"
)
ERROR = b"E0000 00:00:1795883118.587000   30450 cuda_dnn.cc:8310] Unable to register cuDNN factory.\n"
PREAMBLE = b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
OTHER = b"I am no line of a log\n"


@pytest.mark.parametrize("level, kept", [(0, INFO + ERROR), (1, ERROR), (2, ERROR), (3, b"")])
def test_lines_below_the_level_are_left_out_and_others_are_kept(level, kept):
    assert shown(INFO + ERROR, level) == kept
    assert shown(PREAMBLE + OTHER + INFO + b"no end", max(level, 1)) == OTHER + b"no end"


def _environment(**variables):
    return {**{key: value for key, value in os.environ.items() if not key.startswith("TF_")}, **variables}


def _imported(code, **variables):
    """What a process with this code prints on standard error."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=_environment(**variables), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_nothing_is_printed_while_tensorflow_is_imported_and_its_loader_is_that_of_python():
    code = "import holle_tf, sys, tensorflow as tf; assert type(tf.__loader__).__name__ == 'SourceFileLoader'"
    assert _imported(code, TF_CPP_MIN_LOG_LEVEL="3") == ""


def test_what_others_print_meanwhile_appears_and_so_does_the_log_if_it_is_asked_for():
    code = "import os, holle_tf; os.write(2, b'before, '); import tensorflow; os.write(2, b'after')"
    assert _imported(code, TF_CPP_MIN_LOG_LEVEL="3") == "before, after"
    assert "oneDNN custom operations are on" in _imported(code, TF_CPP_MIN_LOG_LEVEL="0")


def test_an_error_of_the_import_is_not_swallowed(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os; os.write(2, b'why'); raise ImportError('broken')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import holle_tf\n"
        "try:\n    import tensorflow\nexcept ImportError as error:\n    print(error, file=sys.stderr)"
    )
    assert _imported(code, TF_CPP_MIN_LOG_LEVEL="3") == "whybroken\n"


def test_a_tensorflow_whose_keras_is_already_keras_3_is_refused():
    pytest.importorskip("tf_keras", reason="TensorFlow 2.15 has Keras 2 itself")
    code = (
        "import tensorflow as tf, sys; tf.keras.Model\n"
        "try:\n    import holle_tf\nexcept ImportError as error:\n    print('refused:', error)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=_environment(), capture_output=True, text=True)
    assert "refused: tf.keras is Keras 3 already" in done.stdout

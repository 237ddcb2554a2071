"""``python -m holle_tf`` does what ``python -m holle_tf.main`` does."""

from runpy import run_module

# As the program itself, so that its flags and its text are those of --help.
run_module("holle_tf.main", run_name="__main__", alter_sys=True)

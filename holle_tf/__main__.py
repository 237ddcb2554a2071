"""``python -m holle_tf`` does what ``python -m holle_tf.main`` does."""

from holle_tf.main import command

command()

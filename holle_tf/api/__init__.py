"""The functions of ``holle_tf`` for programs: they return what the command line prints (docs/python.md)."""

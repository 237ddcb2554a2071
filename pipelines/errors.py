"""The one exception that a user is meant to see."""


class UserError(Exception):
    """A fault of the input, not of the program.

    The message is one line that names the file (and the record where there is one), says what is
    wrong with it and what to do. The command line prints it without a stack trace and exits with 2.
    """

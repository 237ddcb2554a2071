"""The exception for faults of the input, whose message is shown to the user."""


class UserError(Exception):
    """A fault of the input, not of the program.

    The message is one line that names the file (and the record, if there is one), says what is
    wrong with it and what to do. The command line prints it without a stack trace and exits with 2.
    """

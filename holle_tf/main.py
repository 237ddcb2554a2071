"""The command line: ``python -m holle_tf.main``, ``python -m holle_tf``, or the installed ``holle-tf``.

The modes are in ``holle_tf/modes/table.py``, the flags in ``holle_tf/flags.py``.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

if not __package__ and __name__ == "__main__":  # started by its path: Python would look beside this file
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# TensorFlow's start-up messages say nothing to a user; they are read at import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags
from absl.logging import converter

import holle_tf.flags
from holle_tf.modes.table import DEMO, MODES, OWN, check_flags, help_text
from holle_tf.system.console_logging import Console, configure_console
from pipelines.errors import UserError
from pipelines.files import DISK_FULL, listed_paths

if TYPE_CHECKING:
    from holle_tf.config import Config

_NO_SPACE = [os.strerror(number) for number in DISK_FULL]
NAME = "holle_tf.main"  # which is __main__ in ``python -m holle_tf.main``


def main(argv: list[str]) -> None:
    """Run one mode. An error of the user ends in one line and exit status 2, any other in a traceback."""
    _configure_logging()
    status = 0
    try:
        if argv[1:]:
            raise UserError(f"{argv[1]!r} is not a flag; see --help.")
        if flags.FLAGS.mode is None:
            raise UserError(f"--mode is missing, one of {', '.join(MODES)}; see --help.")
        status = _run(flags.FLAGS.mode)
    except UserError as error:
        _fail(str(error), 2)
    except Exception as error:  # the user can do something about two of them; the others are bugs
        message = str(error)
        if getattr(error, "errno", None) in DISK_FULL or any(map(message.__contains__, _NO_SPACE)):
            _fail("no space left on the disk; free some, and the same command resumes.", 2)
        if getattr(error, "errno", None) == errno.EFBIG or os.strerror(errno.EFBIG) in message:
            _fail("a file would be larger than this shell allows (ulimit -f); raise the limit, and the same"
                  " command resumes.", 2)  # fmt: skip
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            _fail(
                "out of memory; use --set to lower training.<model>.batch_size (or evaluation.batch_size,"
                " while a run is scored or a teacher reads the data), or use shorter documents.",
                2,
            )
        traceback.print_exc()
        _end(1)
    except KeyboardInterrupt:
        _fail("stopped; the same command resumes after the last complete epoch.", 130)
    _end(status)


def command() -> None:
    """The program, however it was started."""
    for stream in (sys.stdout, sys.stderr):  # a terminal may know fewer characters than a document has
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.modules["__main__"].__doc__ = help_text()  # which absl's --help shows,
    sys.argv[0] = NAME  # with the flags that belong to the module of this name
    flags.adopt_module_key_flags(holle_tf.flags)
    app.run(main, flags_parser=_parsed)


def _parsed(arguments: list[str]) -> list[str]:
    """The arguments that are no flags; absl itself would report a bad flag in two lines and exit status 1."""
    try:
        return flags.FLAGS(arguments)
    except flags.Error as error:
        _fail(f"{error} (see --help)", 2)
        raise


def _configure_logging() -> None:
    """Log from the level of ``--verbosity`` up; of other packages, show only warnings and errors."""
    level = converter.absl_to_standard(flags.FLAGS.verbosity)
    configure_console(Console(level))
    for others in ("", "absl"):  # absl's own logger has a level of its own, that of the flag
        logging.getLogger(others).setLevel(max(level, logging.WARNING))


def _run(name: str) -> int:
    """The exit status of a mode."""
    from holle_tf.system.memory import keep_freed_memory

    keep_freed_memory()
    mode, values = MODES[name], flags.FLAGS
    check_flags(name, [flag for flag in holle_tf.flags.NAMES if values[flag].present])
    load = _loader()
    config = load()
    arguments = {flag: _at_home(flag, values[flag].value) for flag in mode.arguments}
    if mode.sizes == OWN:
        return mode.load()(load, **arguments) or 0
    if mode.sizes == DEMO and not config.data_dir:
        config = load("demo")
    return mode.load()(config, **arguments) or 0


_PATHS = ("run_dir", "teacher_run", "input", "output", "export_dir", "multi_reference")  # flags
_LISTS = ("teacher_run",)  # whose values are passed on as lists; --mode=serve splits its own


def _at_home(flag: str, value: Any) -> Any:
    """The value of a flag; of a path, ``~`` at its beginning is a home folder, which no shell sees there."""
    if flag not in _PATHS or not value:
        return value
    if flag in _LISTS:
        return listed_paths(value)
    return ",".join(os.path.expanduser(path) for path in value.split(","))


def _loader() -> Callable[..., Config]:
    """A function (names of presets) -> configuration of the command line, on top of these presets."""
    from holle_tf.config_sources import config_file, load_config, preset

    values = flags.FLAGS
    options = holle_tf.flags.OPTIONS
    given = {option: values[flag].value for flag, option in options.items() if values[flag].present}
    files = [config_file(os.path.expanduser(text)) for text in values.config]

    def load(*presets: str) -> Config:
        return load_config([*map(preset, presets), *files], values.set, given)

    return load


def _end(status: int) -> None:
    # A process in which TensorFlow listens for others does not end by itself.
    devices = sys.modules.get("holle_tf.system.devices")
    if devices is not None:
        devices.end_process(status)
    if status:
        sys.exit(status)


def _fail(message: str, status: int) -> None:
    print("error: " + " ".join(message.split()), file=sys.stderr)
    _end(status)


if __name__ == "__main__":
    command()

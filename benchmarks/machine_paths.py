"""Removes the paths of a machine from results before they are published."""

from __future__ import annotations

import re
import shlex

# Flags and options of --set whose values are paths of the user -> a placeholder.
PLACES = {
    "data_dir": "FOLDER",
    "glove": "FILE",
    "runs_dir": "RUNS",
    "output": "OUTPUT",
    "config": "CONFIG",
    "multi_reference": "REFERENCES",
}
OWN_DATA = ("data_dir", "glove")  # never in the repository, so replaced even if they are relative
# An absolute path or a path below ~, but not within a word, a relative path or an address; that of a file of
# scores comes after a colon.
_ABSOLUTE = re.compile(r"(?:(?<=scores:)|(?<![\w./~:-]))~?/[\w.+@~-]+(?:/[\w.+@~-]+)*/?")


def without_paths(text: str) -> str:
    """``text`` with every absolute path replaced by ``PATH``."""
    return _ABSOLUTE.sub("PATH", text)


def command_without_paths(command: str) -> str:
    """A command line of ``holle_tf.main`` with placeholders for the user's paths."""
    kept: list[str] = []
    flag = ""  # whose value is the next word
    for word in shlex.split(command):
        if flag:
            kept.append(_value(flag, word))
            flag = ""
            continue
        dashes, name, equals, value = _flag(word)
        if dashes and not equals and name in (*PLACES, "set"):
            kept.append(word)
            flag = name
        elif dashes and equals:
            kept.append(f"{dashes}{name}={_value(name, value)}")
        else:
            kept.append(without_paths(word))
    return shlex.join(kept)


def _flag(word: str) -> tuple[str, str, str, str]:
    """Dashes, name, equals sign and value of a flag; all empty if ``word`` is not a flag."""
    match = re.fullmatch(r"(--?)([A-Za-z_]\w*)(?:(=)(.*))?", word, re.DOTALL)
    return (match[1], match[2], match[3] or "", match[4] or "") if match else ("", "", "", "")


def _value(name: str, value: str) -> str:
    if name == "set":
        key, equals, assigned = value.partition("=")
        return f"{key}{equals}{_value(key.strip(), assigned)}"
    if name not in PLACES or value == "none":  # --glove=none is not a path
        return without_paths(value)
    outside = value.startswith(("/", "~", ".."))
    return PLACES[name] if outside or name in OWN_DATA else value

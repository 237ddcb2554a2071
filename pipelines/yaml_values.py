"""YAML of users: names with values, and every scalar as it was written besides what YAML makes of it."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import yaml

from pipelines.errors import UserError

MOST_CHARACTERS = 1 << 18  # of a document; reading as many takes seconds
MOST_VALUES = 100_000  # of a document; aliases in aliases make billions
DEEPEST = 50


class Written(NamedTuple):
    """A scalar that YAML takes for a number, a truth value or nothing.

    Attributes:
        value: what YAML makes of it.
        text: as it was written.
    """

    value: Any
    text: str


class _Loader(yaml.SafeLoader):
    """As ``SafeLoader``, with ``Written`` scalars, and without dates, which no option takes.

    A key that is given twice is an error; ``SafeLoader`` would drop the first value.
    """

    _merged = 0

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._checked: set[yaml.MappingNode] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge what ``<<`` names, which multiplies where it names objects that merge others."""
        if node not in self._checked:  # merged keys, which a node's own ones replace, are not there yet
            self._checked.add(node)
            seen = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    problem = f"the key {key.value!r} is given twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value if isinstance(key, yaml.ScalarNode) else key)
        super().flatten_mapping(node)
        self._merged += len(node.value)
        if self._merged > MOST_VALUES:
            raise yaml.YAMLError("too many values; leave out aliases (*)")


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _written(kind: str) -> Callable[[yaml.SafeLoader, yaml.ScalarNode], Written]:
    construct = yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"]
    return lambda loader, node: Written(construct(loader, node), node.value)


for _kind in ("bool", "int", "float", "null"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _written(_kind))


def read_yaml(text: str) -> Any:
    """The content of a YAML document, whose scalars may be ``Written``; see ``plain``.

    Raises:
        yaml.YAMLError: it is not valid, too long, or nested without end.
    """
    if len(text) > MOST_CHARACTERS:
        raise yaml.YAMLError(f"longer than {MOST_CHARACTERS:,} characters")
    try:
        return yaml.load(text, _Loader)
    except (ValueError, RecursionError, TypeError) as error:  # of a number or of brackets
        raise yaml.YAMLError(str(error)) from error


def plain(content: Any, where: str, is_text: Callable[[str], bool]) -> Any:
    """``read_yaml``'s content as plain values.

    Args:
        content: nested dicts and lists.
        where: beginning of error messages.
        is_text: whether the option of a dotted key is a text. Its scalars are taken as they were written:
            ``no`` is a name there, and 1.10 is not 1.1.

    Raises:
        UserError: a key is not a text, or there are too many values, as of aliases within themselves.
    """
    values = 0

    def walk(value: Any, key: str, depth: int) -> Any:
        nonlocal values
        values += 1
        if values > MOST_VALUES or depth > DEEPEST:
            raise UserError(f"{where}: too many values, or nested too deeply; leave out aliases (*).")
        if isinstance(value, Written):
            kept = value.value is None and value.text != "~"  # a key without a value
            return value.text if is_text(key) and not kept else value.value
        if isinstance(value, dict):
            for name in value:
                if not isinstance(name, str):
                    found = name.text or "null" if isinstance(name, Written) else str(name)[:40]
                    raise UserError(f"{where}: the key {found} is not a name; put quotes around it.")
            prefix = f"{key}." if key else ""
            return {name: walk(item, prefix + name, depth + 1) for name, item in value.items()}
        if isinstance(value, list):
            return [walk(item, key, depth + 1) for item in value]
        return value

    return walk(content, "", 0)

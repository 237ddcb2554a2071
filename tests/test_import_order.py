"""Nothing imports upward: each room knows the rooms below it, and none above."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# From the bottom to the top. The longest name that a module begins with is its room.
ROOMS = (
    "pipelines.errors",
    "pipelines.files",
    "pipelines.plugins",
    "pipelines.option",
    "pipelines.options",
    "pipelines",
    "pipelines.demo",
    "holle_tf.paper",
    "holle_tf.addons",
    "holle_tf.quiet_import",
    "holle_tf.callable_folder",
    "holle_tf.options",
    "holle_tf.catalogue",
    "holle_tf.config",
    "holle_tf.config_sources",
    "holle_tf.models.recurrence",
    "holle_tf.models.layers",
    "holle_tf.models",
    "holle_tf.distill",
    "holle_tf.evaluate",
    "holle_tf.drawing",
    "holle_tf.board",
    "holle_tf.export",
    "holle_tf.system",
    "holle_tf.runs",
    "holle_tf.training",
    "holle_tf.report",
    "holle_tf.store",
    "holle_tf.serve",
    "holle_tf.api",
    "tuning",
    "holle_tf.modes",
    "holle_tf.flags",
    "holle_tf.main",
    "holle_tf.__main__",
    "benchmarks",
)


def room_of(module):
    fitting = [room for room in ROOMS if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len, default=None)


def imports_of(path):
    """Every module of ours that a file imports, at its top or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in ("pipelines", "holle_tf", "tuning"))


def upward(module, imported):
    return ROOMS.index(room_of(imported)) > ROOMS.index(room_of(module))


def sources():
    for folder in ("pipelines", "holle_tf", "tuning"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def test_no_module_imports_upward():
    arrows = [
        f"{module} -> {imported}"
        for module, path in sources()
        if room_of(module) is not None
        for imported in imports_of(path)
        if room_of(imported) is not None and upward(module, imported)
    ]
    assert not arrows


def test_every_module_has_a_room():
    without = [module for module, _ in sources() if room_of(module) is None]
    assert without == ["holle_tf"]  # the package itself, which imports the others only when asked


@pytest.mark.parametrize(
    "module, imported",
    [
        ("holle_tf.models.sam", "holle_tf.distill.terms"),
        ("pipelines.glove", "holle_tf.config"),
        ("holle_tf.options.board", "holle_tf.catalogue.MODELS"),
        ("tuning.plan", "holle_tf.modes.tune"),
    ],
)
def test_an_upward_import_is_seen(module, imported):
    assert upward(module, imported) and not upward(imported, module)

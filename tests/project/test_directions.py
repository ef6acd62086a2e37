"""Imports between packages and modules: the map in CONTRIBUTING.md is true, and nothing imports in a circle.

The table of packages there is the only one; these tests read it and compare it with the source.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "adamax_ref"
MAP = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Map", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> dict[str, set[str]]:
    """Read the rows of the map: the packages that each package may import, in the order of the rows."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {package: set(re.findall(r"`(\w+)`", row[2])) for row in rows for package in re.findall(r"`(\w+)`", row[0])}


def module_name(file: Path) -> str:
    """Return the name under which a file is imported."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    inside = parts[1:] if parts[0] in ("backends", "plugins") else parts
    return ".".join(inside[:-1] if inside[-1] == "__init__" else inside)


SOURCES = {
    module_name(file): file
    for folder in ("adamax_ref", "backends", "plugins")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "python" not in file.relative_to(ROOT).parts[2:3]  # the adapter in Python is a program of its own
}


def package_of(module: str) -> str:
    """Return the row of the map to which a module belongs."""
    top, _, inside = module.partition(".")
    return (inside.partition(".")[0] or top) if top == "adamax_ref" else top


def nodes(tree: ast.AST, types: bool) -> Iterator[ast.AST]:
    """Yield all nodes; those under ``if TYPE_CHECKING`` only where `types` are asked for."""
    for node in ast.iter_child_nodes(tree):
        if not types and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from nodes(node, types)


def imported(module: str, is_package: bool, source: str, types: bool = True) -> set[str]:
    """Return every module that a source imports, at the top or inside functions."""
    names = set()
    for node in nodes(ast.parse(source), types):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: len(module.split(".")) + is_package - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in SOURCES else base for alias in node.names}
    return names


@cache
def imports(types: bool) -> dict[str, set[str]]:
    """Return the modules of this project that each of them imports."""
    return {
        module: imported(module, file.name == "__init__.py", file.read_text(encoding="utf-8"), types) & SOURCES.keys() - {module}
        for module, file in SOURCES.items()
    }


def circle_in(graph: Mapping[str, set[str]]) -> set[str]:
    """Return the modules of one circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return {*error.args[1]}
    return set()


ROWS = table(MAP)


def test_the_map_has_every_package_once_and_nothing_else() -> None:
    assert {*ROWS} == {package_of(module) for module in SOURCES}


def test_every_row_of_the_map_names_only_packages_above_it() -> None:
    order = list(ROWS)
    for at, (package, others) in enumerate(ROWS.items()):
        assert others <= {*order[:at]}, package


@pytest.mark.parametrize("package", ROWS)
def test_a_package_imports_only_what_the_map_says(package: str) -> None:
    for module, others in imports(types=True).items():
        if package_of(module) == package:
            assert {package_of(other) for other in others} <= ROWS[package] | {package}, module


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle_in({module: {*others} for module, others in imports(types=False).items()}) == set()


def test_every_path_on_the_map_exists() -> None:
    paths = [path for path in re.findall(r"`([\w./*-]+/[\w./*-]*)`", MAP) if not path.startswith("/")]
    assert len(paths) > 10
    for path in paths:
        assert any(ROOT.glob(path.rstrip("/"))), path


def test_these_checks_can_fail() -> None:
    assert imported("adamax_ref.recipe.x", False, "from ..optimizer.adamax import Adamax") == {"adamax_ref.optimizer.adamax"}
    assert imported("adamax_ref.recipe", True, "from . import trace") == {"adamax_ref.recipe.trace"}
    assert imported("adamax_ref.recipe.x", False, "def f():\n  import adamax_ref.exact.hard") == {"adamax_ref.exact.hard"}
    typed = "if TYPE_CHECKING:\n  from .recipe import Recipe"
    assert imported("adamax_ref.recipe.x", False, typed, types=False) == set()
    assert imported("adamax_ref.recipe.x", False, typed) == {"adamax_ref.recipe.recipe"}
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == {"a", "b", "c"}
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == set()
    assert table("| `a`, `b` | what | `c`, `d` |\n| `e` | what | nothing |") == {"a": {"c", "d"}, "b": {"c", "d"}, "e": set()}


def test_the_core_names_no_engine() -> None:
    for module, file in SOURCES.items():
        if module.startswith("adamax_ref."):
            names = imported(module, file.name == "__init__.py", file.read_text(encoding="utf-8"))
            assert not [name for name in names if name.startswith("adamax_ref_")], module


def test_recipes_need_only_the_standard_library() -> None:
    for module, file in SOURCES.items():
        if package_of(module) == "recipe":
            names = imported(module, file.name == "__init__.py", file.read_text(encoding="utf-8"))
            roots = {name.partition(".")[0] for name in names}
            assert roots <= sys.stdlib_module_names | {"adamax_ref"}, module

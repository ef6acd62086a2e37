"""Who may import whom: the rooms of the house, checked on the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "adamax_ref"
# What a room may import of ours, besides itself.
MAY = {
    "recipe": set[str](),
    "dialects": {"recipe"},
    "markup": set[str](),
    "exact": {"arrays", "dialects", "recipe", "markup"},  # recipes are run side by side on arrays to find hard cases
    # What engines share: arrays, the contract, and what they need of the process.
    "arrays": {"recipe"},
    "backend": {"arrays", "recipe"},
    # What is built on them.
    "optimizer": {"arrays", "backend", "dialects", "recipe"},
    "bench": {"arrays", "backend", "interop", "recipe", "optimizer"},  # our class for torch is timed, too
    # A divergence is explained by the bank of known bugs, which is loaded when there is one.
    "interop": {"arrays", "backend", "conformance", "dialects", "frameworks", "recipe", "optimizer", "exact"},
    "farm": set[str](),
    "golden": {"dialects", "exact", "farm", "recipe"},
}


def rooms_imported(file: Path, source: str) -> set[str]:
    """Names of our own rooms that a file imports when it is loaded or later."""
    inside = file.relative_to(PACKAGE).parts
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ["adamax_ref", *inside[: len(inside) - node.level]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} if module != "adamax_ref" else {f"adamax_ref.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in found if name.startswith("adamax_ref.")}


def files(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


@pytest.mark.parametrize("room", MAY)
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    for file in files(room):
        assert rooms_imported(file, file.read_text(encoding="utf-8")) <= MAY[room] | {room}, file.name


def test_the_check_of_directions_can_fail() -> None:
    assert rooms_imported(PACKAGE / "recipe" / "x.py", "from ..optimizer.adamax import Adamax") == {"optimizer"}
    assert rooms_imported(PACKAGE / "recipe" / "x.py", "from adamax_ref import exact") == {"exact"}


def test_the_core_names_no_engine() -> None:
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [name for name in names if name.startswith("adamax_ref_")], file


def test_law_needs_only_the_standard_library() -> None:
    import sys

    for file in files("recipe"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            for module in modules:
                root = module.split(".")[0]
                assert root in sys.stdlib_module_names or root == "adamax_ref", f"{file.name} imports {module}"


ENGINES = sorted(folder.name for folder in (ROOT / "backends").iterdir() if (folder / "__init__.py").is_file())


@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_imports_another(engine: str) -> None:
    for file in (ROOT / "backends" / engine).rglob("*.py"):
        tree = ast.parse(file.read_text())
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
        others = {name.partition(".")[0] for name in names} & set(ENGINES) - {engine}
        assert others <= MAY_USE.get(engine, set()), f"{file.name} imports {others}"


# What both CUDA engines share is a package beside them and no engine itself.
MAY_USE = {"adamax_ref_cupy": {"adamax_ref_cuda"}, "adamax_ref_numba_cuda": {"adamax_ref_cuda"}}

"""Signatures that say nothing: few public functions take or return ``Any``, under that name or behind another."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINES = sorted(file.parent for file in ROOT.glob("backends/*/__init__.py"))
PLUGINS = sorted(file.parent for file in ROOT.glob("plugins/*/__init__.py"))
FOLDERS = {folder.name: folder for folder in (ROOT / "adamax_ref", *ENGINES, *PLUGINS)}
MOST = 0.1
CLOSED = {"Literal", "ndarray", "dtype", "integer", "floating"}
"""Types whose argument is not looked at: words, and NumPy's, where ``Any`` stands for every shape or number of bits."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Meaning = ast.expr | tuple[str, str]
"""An expression, or the module and the name that something was imported from."""


def places() -> Iterator[str]:
    """Yield the names of all modules."""
    for folder in FOLDERS.values():
        for file in sorted(folder.rglob("*.py")):
            yield ".".join(file.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(place: str) -> ast.Module | None:
    """Return the syntax of a module; None where it is none of ours."""
    package, *rest = place.split(".")
    path = FOLDERS.get(package, ROOT / "nowhere").joinpath(*rest)
    files = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
    return ast.parse(files[0].read_text(encoding="utf-8")) if files else None


@cache
def meanings(place: str) -> dict[str, Meaning]:
    """Return what names of a module stand for that can be types."""
    module = tree(place)
    assert module is not None
    known: dict[str, Meaning] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: (_source(place, node), alias.name) for alias in node.names}
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp() | ast.Name() as value):
                known[name] = value
    return known


def _source(place: str, node: ast.ImportFrom) -> str:
    """Return the full name of the module that an import statement names."""
    folder = FOLDERS[place.split(".")[0]].joinpath(*place.split(".")[1:])
    above = node.level - (1 if folder.is_dir() else 0)
    parts = place.split(".")
    start = parts[: len(parts) - above] if node.level else []
    return ".".join([*start, *(node.module or "").split(".")]).strip(".")


def mentions(annotation: ast.AST | None, place: str) -> bool:
    """Whether an annotation that stands in a module has ``Any`` in it, also behind the names that it uses."""
    match annotation:
        case None:
            return False
        case ast.Constant(value=str(text)):
            return mentions(ast.parse(text, mode="eval").body, place)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name)) if name in CLOSED:
            return False
        case ast.Attribute(attr="Any"):
            return True
        case ast.Name(id=name):
            return _stands_for_any(place, name)
    return any(mentions(child, place) for child in ast.iter_child_nodes(annotation))


@cache
def _stands_for_any(place: str, name: str) -> bool:
    meaning = meanings(place).get(name)
    if isinstance(meaning, tuple):
        return meaning == ("typing", "Any") or (tree(meaning[0]) is not None and _stands_for_any(*meaning))
    return mentions(meaning, place)


def functions(nodes: list[ast.stmt], before: str = "") -> Iterator[tuple[str, Function]]:
    """Yield the public functions and methods among statements, with their names."""
    for node in nodes:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.ClassDef):
                yield from functions(node.body, f"{before}{node.name}.")
            else:
                yield before + node.name, node


def is_vague(function: Function, place: str) -> bool:
    """Whether an argument or the result may be anything."""
    given = function.args
    arguments = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    return any(mentions(argument.annotation, place) for argument in arguments if argument) or mentions(function.returns, place)


def test_few_public_functions_take_or_return_anything() -> None:
    every, vague = 0, []
    for place in places():
        module = tree(place)
        assert module is not None
        for name, function in functions(module.body):
            every += 1
            if is_vague(function, place):
                vague.append(f"{place}.{name}")
    assert every > 1000
    assert len(vague) < MOST * every, f"{len(vague)} of {every}:\n" + "\n".join(vague)


@pytest.mark.parametrize(
    ("place", "annotation", "vague"),
    [
        ("adamax_ref.arrays.types", "Any", True),
        ("adamax_ref.arrays.types", "typing.Any", True),
        ("adamax_ref.arrays.types", "'list[Any]'", True),
        ("adamax_ref.arrays.types", "Callable[..., Any] | None", True),
        ("adamax_ref.arrays.types", "np.ndarray[Any, np.dtype[Any]]", False),
        ("adamax_ref.arrays.types", "Literal['Any']", False),
        ("adamax_ref.arrays.types", "dict[str, object]", False),
        ("adamax_ref.arrays.memory", "HostArray", False),  # imported from another file
        ("adamax_ref.recipe.dialect", "Update", True),  # an alias with Any in it
        ("adamax_ref.optimizer.vjp", "Tree", True),  # an imported one
        ("adamax_ref.optimizer", "Adamax", False),  # a class
    ],
)
def test_an_annotation_is_seen_through(place: str, annotation: str, vague: bool) -> None:
    assert mentions(ast.parse(annotation, mode="eval").body, place) is vague

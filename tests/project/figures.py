"""Print sizes and imports of the packages: ``python tests/project/figures.py [ROOT]``.

For each package of ``adamax_ref``: modules, lines, median and largest module, modules with a single importer, and the modules
that a case of the corpus passes from its design to the JSON.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

CASE = {"adamax_ref.golden.generate", "adamax_ref.golden.build"}
"""Modules at which the making of a case begins."""


def modules(root: Path) -> dict[str, Path]:
    """Return the modules of ``adamax_ref`` below a folder, by name."""
    files = (root / "adamax_ref").rglob("*.py")
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported(name: str, file: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules that a module imports anywhere, itself left out."""
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names |= set(_named(node, package))
    return {one for one in names if one in known and one != name}


def _named(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
        module = f"{base}.{node.module}".rstrip(".") if node.level and node.module else (base if node.level else node.module or "")
        yield module
        yield from (f"{module}.{alias.name}" for alias in node.names)


def reached(start: set[str], imports: dict[str, set[str]], within: str) -> set[str]:
    """Return the modules of a package that some modules import, directly or through others of it."""
    seen, waiting = set[str](), [*start]
    while waiting:
        name = waiting.pop()
        if name not in seen and name.startswith(within):
            seen.add(name)
            waiting += imports.get(name, ())
    return seen


def report(root: Path) -> Iterator[str]:
    """Yield a line for each package."""
    known = modules(root)
    imports = {name: imported(name, file, known) for name, file in known.items()}
    lines = {name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in known.items()}
    yield "package          modules  lines  median  largest  single importer"
    for package in sorted({name.split(".")[1] for name, file in known.items() if "." in name}):
        own = [name for name in known if name.split(".")[1:2] == [package] and ".designs" not in name]
        sizes = [lines[name] for name in own]
        single = [name for name in own if sum(name in others for others in imports.values()) == 1]
        yield f"{package:16} {len(own):7} {sum(sizes):6} {median(sizes):7.0f} {max(sizes):8} {len(single):16}"
    visited = reached(CASE & known.keys(), imports, "adamax_ref.golden.")
    yield f"modules of golden from a design to the JSON: {len([name for name in visited if '.designs' not in name])}"


if __name__ == "__main__":
    print("\n".join(report(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]))))

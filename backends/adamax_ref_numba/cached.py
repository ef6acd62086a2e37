"""Compiled steps, cached on disk so that the next process does not compile again.

Numba keeps what it compiled beside the file that a function came from. The generated source is therefore written to a
folder of the user's, under a name made of its own text and of the intrinsics it calls: another recipe, or another
release, is another file, and nothing there is ever changed. Where no folder can be written to, compilation happens in
every process.
"""

import hashlib
import inspect
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

from adamax_ref.arrays import fused
from adamax_ref.recipe.recipe import Recipe

from . import intrinsics
from .source import source

Step = Callable[..., None]


def cache_folder() -> Path:
    """Return where generated code lies: ``NUMBA_CACHE_DIR`` when that is set, else the user's cache folder."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return Path(named) / "adamax_ref"
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
    else:
        home = os.environ.get("XDG_CACHE_HOME")
    return Path(home or Path.home() / ".cache") / "adamax_ref"


@cache
def compiled(recipe: Recipe) -> Step:
    """Return the compiled ``step`` of a recipe."""
    text = source(recipe, cache=True)
    path = _write(text)
    if path is None:
        text, path = source(recipe, cache=False), Path("<generated>")
    # What Numba kept names its module and asks for it when it is loaded, so the module has to be known by then.
    module = sys.modules[f"{__package__}.{path.stem}"] = ModuleType(f"{__package__}.{path.stem}")
    exec(compile(text, str(path), "exec"), vars(module))  # the text is ours, never that of the file
    step: Step = module.step
    return step


def _write(text: str) -> Path | None:
    """Put the text where Numba finds it; None where that is impossible."""
    key = hashlib.sha256((text + inspect.getsource(intrinsics) + inspect.getsource(fused)).encode()).hexdigest()[:24]
    path = cache_folder() / f"recipe_{key}.py"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            _replace(path, text)
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    return path if os.access(path.parent, os.W_OK) else None


def _replace(path: Path, text: str) -> None:
    """Write in one piece, whatever other processes do."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)

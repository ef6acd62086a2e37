"""The kernels of both CUDA engines as the compilers write them for a device, ready to execute."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import final

from adamax_ref.dialects import get
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cupy.compiler import OPTIONS, compile_source
from adamax_ref_cupy.source import PROLOGUE, kernel_name, kernel_source

from .parser import Kernel, parse

MACHINES = ((8, 0), (9, 0))
Kernels = Mapping[Recipe, Kernel]
Maker = Callable[[Sequence[Recipe], tuple[int, int]], dict[Recipe, str]]


@final
@dataclass(frozen=True)
class Compiled:
    """Kernels for all machines; machines for which the compiler writes the same text share theirs.

    Attributes
    ----------
    kernels : tuple of mapping
        For each distinct text of the compiler, a kernel for each recipe.
    machines : str
        For which machines they are, in words.
    """

    kernels: tuple[Kernels, ...]
    machines: str


def versions() -> str:
    """Return which compilers write the PTX, as docs/cuda.md names them."""
    packages = ("nvidia-cuda-nvrtc", "numba-cuda", "nvidia-nvvm")
    return ", ".join(f"{name} {version(name)}" for name in packages)


def compiled(make: Maker, recipes: Iterable[Recipe]) -> Compiled:
    """Compile recipes for every machine."""
    chosen = tuple(recipes)
    texts = [make(chosen, machine) for machine in MACHINES]
    names = " and ".join(f"sm_{major}{minor}" for major, minor in MACHINES)
    if all(text == texts[0] for text in texts):
        return Compiled((kernels(texts[0]),), f"{names} (one text)")
    return Compiled(tuple(map(kernels, texts)), f"{names} (two texts)")


def kernels(texts: Mapping[Recipe, str]) -> Kernels:
    """Read one kernel from each text."""
    return {recipe: next(iter(parse(text).values())) for recipe, text in texts.items()}


@cache
def cupy_text(recipes: Sequence[Recipe], machine: tuple[int, int]) -> str:
    """Return what NVRTC makes of recipes, all at once: one call takes a quarter of the time of many."""
    source = PROLOGUE + "".join(map(kernel_source, recipes))
    return compile_source(source, f"sm_{machine[0]}{machine[1]}", "ptx").decode()


def cupy(recipes: Sequence[Recipe], machine: tuple[int, int]) -> dict[Recipe, str]:
    """Return the PTX of each of CuPy's kernels, without the name of the machine."""
    parts = re.split(r"^(?=\.visible \.entry )", cupy_text(tuple(recipes), machine), flags=re.MULTILINE)[1:]
    named = {part.split("(")[0].split()[-1]: part for part in parts}
    return {recipe: named[kernel_name(recipe)] for recipe in recipes}


def numba(recipes: Sequence[Recipe], machine: tuple[int, int]) -> dict[Recipe, str]:
    """Return the PTX of each of Numba-CUDA's kernels, without the name of the machine and Numba's running numbers."""
    from adamax_ref_numba_cuda.kernel import kernel_function, ptx

    texts = {recipe: ptx(kernel_function(recipe), machine) for recipe in recipes}
    return {recipe: renamed(text, f"numba_{kernel_name(recipe)}") for recipe, text in texts.items()}


def renamed(text: str, name: str) -> str:
    """Give the only kernel of a text a name that tells its recipe."""
    entry = re.search(r"\.visible \.entry (\w+)\(", text)
    assert entry is not None
    start = text.index(".visible .entry")
    return text[start:].replace(entry[1], name)


def from_source(source: str, options: Sequence[str] = OPTIONS) -> Kernel:
    """Compile CUDA C for a single kernel, as a test may have changed it."""
    return next(iter(parse(compile_source(PROLOGUE + source, "sm_90", "ptx", options).decode()).values()))


def sample() -> tuple[Recipe, ...]:
    """Return torch's recipe in each profile, and of the others as many as it takes to have every operation in each type."""
    torch = get("torch")
    chosen = [torch.recipe(torch.defaults, profile) for profile in ("f32", "f64", "f16", "bf16")]
    seen = {pair for recipe in chosen for pair in pairs_of(recipe)}
    for recipe in every_recipe():
        if pairs_of(recipe) - seen:
            seen |= pairs_of(recipe)
            chosen.append(recipe)
    return tuple(chosen)


def pairs_of(recipe: Recipe) -> set[tuple[str, str]]:
    """Return the operations of a recipe, each with the format that it stores."""
    return {(operation.name, recipe.storage) for operation in recipe.operations}

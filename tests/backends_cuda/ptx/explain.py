"""Which instruction makes a number wrong: the first rounded one whose result no operation of the recipe has."""

from collections.abc import Callable
from typing import Any

import numpy as np

from adamax_ref.arrays.evaluation import operations
from adamax_ref.recipe.recipe import INPUTS, Recipe

from .engine import DeviceArray, PtxBackend
from .instructions import Array
from .machine import Machine
from .memory import Memory
from .parser import Instruction, Kernel

ROUNDED = ("add", "sub", "mul", "div", "fma", "max", "min", "cvt")


def values_of(recipe: Recipe, element: dict[str, Array], constants: tuple[float, ...]) -> set[bytes]:
    """Return the bits of every value of a recipe for one element, and of its negative."""
    working = np.dtype({"binary32": "f4", "binary64": "f8"}[recipe.working])
    storage = element["p"].dtype
    values = {name: array.astype(working) for name, array in element.items()}
    values |= {name: np.full(1, x, working) for name, x in zip(recipe.constants, constants, strict=True)}
    bits = {key for value in values.values() for key in _keys(value, storage)}

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*operands: Any) -> Any:
            result = function(*operands)
            bits.update(_keys(result, storage))
            return result

        return run

    with np.errstate(all="ignore"):
        recipe.evaluate({name: noted(each) for name, each in operations(np, recipe, storage).items()}, values)
    return bits


def culprit(kernel: Kernel, recipe: Recipe, element: dict[str, Array], constants: tuple[float, ...]) -> Instruction | None:
    """Run a kernel on a single element and name the first instruction that the recipe does not explain.

    Parameters
    ----------
    kernel : Kernel
        Made from the recipe, perhaps wrongly.
    recipe : Recipe
        What it should compute.
    element : dict of str to array
        ``p``, ``g``, ``m`` and ``u``, one number each.
    constants : tuple of float
        As the recipe names them.

    Returns
    -------
    Instruction or None
        None when every rounded result is a value of the recipe.
    """
    known = values_of(recipe, element, constants)
    suspects: list[Instruction] = []
    storage = element["p"].dtype

    def watch(instruction: Instruction, active: Array, value: Array) -> None:
        if instruction.opcode.split(".")[0] in ROUNDED and value.dtype.kind == "f" or "cvt.rn" in instruction.opcode:
            if 0 in active and not _keys(value[active == 0], storage) <= known:
                suspects.append(instruction)

    backend: Any = PtxBackend(lambda _: kernel, Machine(Memory(1 << 16), watch))
    arrays = [[DeviceArray(backend.machine.memory.place(element[name]))] for name in INPUTS]
    backend.step(recipe, *arrays, [constants])
    return suspects[0] if suspects else None


def _keys(value: Array, storage: np.dtype[Any]) -> set[bytes]:
    """Return the bits of a number without its sign; every NaN is alike. A number that the storage holds has those bits too."""
    if value.dtype.kind == "u":
        value = value.view(storage)
    if np.isnan(value.astype(np.float64)).any():
        return {b"nan"}
    wide = np.abs(value).astype(np.float64)
    return {wide.tobytes()}

"""Which instruction makes a number wrong: the first rounded one that does what no operation of the recipe does."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adamax_ref.arrays.evaluation import operations
from adamax_ref.recipe.recipe import INPUTS, Recipe

from .engine import DeviceArray, PtxBackend
from .instructions import Array
from .machine import Machine
from .memory import Memory
from .parser import Instruction, Kernel

Fact = tuple[str, tuple[float | str, ...], float | str]
"""An operation, its operands and its result, without signs: a sum with a negative number is a difference."""

_ROUNDED = {"add": "add", "sub": "add", "mul": "mul", "div": "div", "fma": "fma", "max": "max", "min": "min"}


def facts_of(recipe: Recipe, element: dict[str, Array], constants: tuple[float, ...]) -> set[Fact]:
    """Return what every operation of a recipe does with one element, and how each value is rounded to storage."""
    working = np.dtype({"binary32": "f4", "binary64": "f8"}[recipe.working])
    storage = element["p"].dtype
    values = {name: array.astype(working) for name, array in element.items()}
    values |= {name: np.full(1, x, working) for name, x in zip(recipe.constants, constants, strict=True)}
    facts = {_fact("round", [value], value.astype(storage)) for value in values.values()}

    def noted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*operands: Any) -> Any:
            result = function(*operands)
            facts.update({_fact(_ROUNDED.get(name, name), operands, result), _fact("round", [result], result.astype(storage))})
            return result

        return run

    with np.errstate(all="ignore"):
        recipe.evaluate({name: noted(name, each) for name, each in operations(np, recipe, storage).items()}, values)
    return facts


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
        None when every rounded instruction does what an operation of the recipe does.
    """
    known = facts_of(recipe, element, constants)
    suspects: list[Instruction] = []
    storage = element["p"].dtype

    def watch(instruction: Instruction, active: Array, operands: Sequence[Array], result: Array) -> None:
        word = instruction.opcode.split(".")[0]
        name = "round" if instruction.opcode.startswith("cvt.rn") else _ROUNDED.get(word)
        if name is None or 0 not in active or operands[0].dtype.kind != "f":
            return
        mine = [np.broadcast_to(each, active.shape)[active == 0] for each in (*operands, result)]
        bits = mine[-1].view(storage) if name == "round" else mine[-1]
        if _fact(name, mine[:-1], bits) not in known:
            suspects.append(instruction)

    backend: Any = PtxBackend(lambda _: kernel, Machine(Memory(1 << 16), watch))
    arrays = [[DeviceArray(backend.machine.memory.place(element[name]))] for name in INPUTS]
    backend.step(recipe, *arrays, [constants])
    return suspects[0] if suspects else None


def _fact(name: str, operands: Sequence[Array], result: Array) -> Fact:
    keys = [_key(operand) for operand in operands]
    factors = 2 if name in ("add", "mul", "fma") else 0  # these two may change places
    return name, (*sorted(keys[:factors], key=str), *keys[factors:]), _key(result)


def _key(value: Array) -> float | str:
    """Return a number without its sign; every NaN is alike."""
    number = abs(float(np.ravel(value)[0]))
    return number if number == number else "nan"

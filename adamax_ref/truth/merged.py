"""Many recipes side by side on arrays: what several of them do to the same numbers is done once.

Permitted recipes share most of their operations: the moment is formed in some ways, the update in others, and a recipe
is a pair of both. Merged, each of hundreds of recipes costs about three operations instead of ten. Numbers stay in the
working type, of which those of the storage type are some.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from adamax_ref.array_api import operations
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.recipe import INPUTS, OUTPUTS, Operation, Recipe
from adamax_ref.memory import STORED

from .power import exact_hyper

_COMMUTING = ("add", "mul", "fma")
"""Operations whose first two operands may be exchanged."""

_BLOCK = 1 << 14
"""Elements at a time: so few that the values alive at once stay in the cache, so many that calls cost nothing."""


@final
@dataclass(frozen=True)
class Merged:
    """Recipes of the same formats as one list of operations.

    Attributes
    ----------
    formats : Recipe
        Any of the recipes: they have the same working and storage type.
    constants : tuple of float
        The different numbers that serve as constants.
    operations : tuple of Operation
        Each reads values by number: first the inputs ``p g m u``, then the constants, then results.
    outputs : tuple of tuple of int
        For each recipe the values that become ``p``, ``m``, ``u``.
    """

    formats: Recipe
    constants: tuple[float, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[tuple[int, int, int], ...]

    @cached_property
    def results(self) -> dict[int, str]:
        """Name of the quantity, for each of the different values at which a recipe ends."""
        return {value: name for ends in self.outputs for name, value in zip(OUTPUTS, ends, strict=True)}

    @cached_property
    def _idle(self) -> list[list[int]]:
        """For each operation the values that nothing reads after it."""
        last = {arg: at for at, operation in enumerate(self.operations) for arg in operation.args}
        idle: list[list[int]] = [[] for _ in self.operations]
        for value, at in last.items():
            idle[at].append(value)
        return idle

    def run(self, inputs: Mapping[str, Any]) -> Iterator[tuple[slice, int, Any]]:
        """Yield piece by piece every result: the elements it is for, the number of the value, and the numbers.

        Parameters
        ----------
        inputs : mapping of str to array
            Vectors ``p``, ``g``, ``m``, ``u`` of numbers of the storage format; in which type is all the same.
        """
        working = np.dtype(STORED[self.formats.working])
        table = operations(np, self.formats, np.float16)
        if self.formats.storage == "bfloat16":
            table["round"] = _to_bfloat16
        for start in range(0, len(inputs["p"]), _BLOCK):
            piece = slice(start, start + _BLOCK)
            values: list[Any] = [inputs[name][piece].astype(working) for name in INPUTS]
            values += [np.asarray(number, dtype=working) for number in self.constants]
            for at, operation in enumerate(self.operations):
                with np.errstate(all="ignore"):
                    values.append(table[operation.name](*(values[arg] for arg in operation.args)))
                if len(values) - 1 in self.results:
                    yield piece, len(values) - 1, values[-1]
                for value in self._idle[at]:
                    values[value] = None


def merge(dialects: Sequence[Dialect], profile: str, h: Hyperparameters, t: int) -> Merged:
    """Merge what several dialects do in one step.

    Parameters
    ----------
    dialects : sequence of Dialect
        For instance all that :func:`adamax_ref.dialects._axes.permitted` returns.
    profile, h, t : str, Hyperparameters, int
        The step; the first one is 1. Powers are correctly rounded.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> merged = merge([torch, torch], "f32", torch.defaults, 1)
    >>> len(merged.operations) == len(torch.recipe(torch.defaults, "f32").operations), len(set(merged.outputs))
    (True, 1)
    """
    exact = exact_hyper(h)
    recipes = [one.recipe(h, profile) for one in dialects]
    scalars = [one.scalars(exact, t, recipe) for one, recipe in zip(dialects, recipes, strict=True)]
    constants = {number.hex(): number for numbers in scalars for number in numbers}
    place = {text: len(INPUTS) + at for at, text in enumerate(constants)}
    known: dict[tuple[str, tuple[int, ...]], int] = {}
    first = len(INPUTS) + len(constants)
    outputs = []
    for recipe, numbers in zip(recipes, scalars, strict=True):
        values = [*range(len(INPUTS)), *(place[number.hex()] for number in numbers)]
        for operation in recipe.operations:
            key = operation.name, _ordered(operation.name, tuple(values[arg] for arg in operation.args))
            values.append(known.setdefault(key, first + len(known)))
        p, m, u = (values[value] for value in recipe.outputs)
        outputs.append((p, m, u))
    return Merged(recipes[0], tuple(constants.values()), tuple(Operation(*key) for key in known), tuple(outputs))


def _to_bfloat16(a: Any) -> Any:
    """Round binary32 to its upper 16 bits with integers, so that no package for the type is needed."""
    bits = a.view(np.uint32)
    upper = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(a), a, upper.view(np.float32))


def _ordered(name: str, args: tuple[int, ...]) -> tuple[int, ...]:
    return (*sorted(args[:2]), *args[2:]) if name in _COMMUTING else args

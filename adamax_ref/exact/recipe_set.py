"""Many recipes side by side on arrays: operations that several recipes share are done once.

Permitted recipes share most of their operations: there are a few ways to form the moment and a few to form the update,
and a recipe is a pair of both. In a set, each of hundreds of recipes costs about three operations instead of ten. Numbers
stay in the working type, which contains the storage type.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, final

import numpy as np

from adamax_ref.arrays.evaluation import operations
from adamax_ref.arrays.memory import STORED
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import OUTPUTS, Operation, Recipe

from .constants import exact_hyper, formed

_COMMUTING = ("add", "mul", "fma")
"""Operations whose first two operands may be exchanged."""

_BLOCK = 1 << 14
"""Elements at a time: so few that the values alive at once stay in the cache, so many that calls cost nothing."""


Inputs = tuple[int, int, int, int]
"""Numbers of the arrays that are the ``p``, ``g``, ``m``, ``u`` of a recipe."""


@final
@dataclass(frozen=True)
class RecipeSet:
    """Recipes of the same formats as one list of operations.

    Attributes
    ----------
    formats : Recipe
        Any of the recipes: they have the same working and storage type.
    inputs : int
        How many arrays are given.
    constants : tuple of float
        The different numbers that serve as constants.
    operations : tuple of Operation
        Each reads values by number: first the inputs, then the constants, then results.
    outputs : tuple of tuple of int
        For each recipe the values that become ``p``, ``m``, ``u``.
    """

    formats: Recipe
    inputs: int
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

    def run(self, inputs: Sequence[Any]) -> Iterator[tuple[slice, int, Any]]:
        """Yield piece by piece every result: the elements it is for, the number of the value, and the numbers.

        Parameters
        ----------
        inputs : sequence of array
            Vectors of numbers of the storage format, in whatever type; unless said otherwise ``p``, ``g``, ``m``, ``u``.
        """
        working = np.dtype(STORED[self.formats.working])
        table = operations(np, self.formats, np.float16)
        if self.formats.storage == "bfloat16":
            table["round"] = _to_bfloat16
        for start in range(0, len(inputs[0]), _BLOCK):
            piece = slice(start, start + _BLOCK)
            values: list[Any] = [numbers[piece].astype(working) for numbers in inputs]
            values += [np.asarray(number, dtype=working) for number in self.constants]
            for at, operation in enumerate(self.operations):
                with np.errstate(all="ignore"):
                    values.append(table[operation.name](*(values[arg] for arg in operation.args)))
                if len(values) - 1 in self.results:
                    yield piece, len(values) - 1, values[-1]
                for value in self._idle[at]:
                    values[value] = None


def combine(
    dialects: Sequence[Dialect], profile: str, h: Hyperparameters, t: int, inputs: Sequence[Inputs] | None = None
) -> RecipeSet:
    """Merge what several dialects do in one step.

    Parameters
    ----------
    dialects : sequence of Dialect
        For instance all that :func:`adamax_ref.orders.axes.permitted` returns.
    profile, h, t : str, Hyperparameters, int
        The step; the first one is 1. Powers are correctly rounded.
    inputs : sequence of tuple of int, optional
        For each dialect the arrays that it starts from; unless given, 0 to 3 for all of them.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> both = combine([torch, torch], "f32", torch.defaults, 1)
    >>> len(both.operations) == len(torch.recipe(torch.defaults, "f32").operations), len(set(both.outputs))
    (True, 1)
    """
    recipes = _recipes(tuple(dialects), profile, h)
    scalars = _scalars(dialects, recipes, h, t)
    starts = inputs or [(0, 1, 2, 3)] * len(recipes)
    input_count = 1 + max(max(start) for start in starts)
    constants = {number.hex(): number for numbers in scalars for number in numbers}
    place = {text: input_count + at for at, text in enumerate(constants)}
    known: dict[tuple[str, tuple[int, ...]], int] = {}
    first = input_count + len(constants)
    outputs = []
    for recipe, start, numbers in zip(recipes, starts, scalars, strict=True):
        values = [*start, *(place[number.hex()] for number in numbers)]
        for operation in recipe.operations:
            key = operation.name, _ordered(operation.name, tuple(values[arg] for arg in operation.args))
            values.append(known.setdefault(key, first + len(known)))
        p, m, u = (values[value] for value in recipe.outputs)
        outputs.append((p, m, u))
    return RecipeSet(recipes[0], input_count, tuple(constants.values()), tuple(Operation(*key) for key in known), tuple(outputs))


@lru_cache(maxsize=64)
def _recipes(dialects: tuple[Dialect, ...], profile: str, h: Hyperparameters) -> tuple[Recipe, ...]:
    return tuple(one.recipe(h, profile) for one in dialects)


def _scalars(dialects: Sequence[Dialect], recipes: Sequence[Recipe], h: Hyperparameters, t: int) -> list[list[float]]:
    """Return the constants of each recipe; dialects that form them alike form them once."""
    exact, by_key = exact_hyper(h), {}
    for one, recipe in zip(dialects, recipes, strict=True):
        if (one.constants, one.flushes) not in by_key:
            by_key[one.constants, one.flushes] = formed(one, exact, t, recipe)
    return [
        [by_key[one.constants, one.flushes][name] for name in recipe.constants]
        for one, recipe in zip(dialects, recipes, strict=True)
    ]


def _to_bfloat16(a: Any) -> Any:
    """Round binary32 to its upper 16 bits with integers, so that no package for the type is needed."""
    bits = a.view(np.uint32)
    upper = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(a), a, upper.view(np.float32))


def _ordered(name: str, args: tuple[int, ...]) -> tuple[int, ...]:
    return (*sorted(args[:2]), *args[2:]) if name in _COMMUTING else args

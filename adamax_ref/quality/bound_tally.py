"""Errors in units of the bound, and their largest for each recipe."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np

from adamax_ref.exact.interval import Doubles
from adamax_ref.exact.recipe_set import RecipeSet
from adamax_ref.recipe.recipe import OUTPUTS


@final
@dataclass(frozen=True)
class Evidence:
    """Observations of one dialect, profile and kind of input.

    Attributes
    ----------
    recipes, steps : int
        How many recipes, and steps of single elements for each.
    outside : int
        How many answers lay outside their bound.
    overflowed : int
        How many answers were infinite or NaN because of an intermediate result, where the dialect's own is not: there
        the recipe is not permitted.
    worst, median : mapping of str to float
        Over the recipes, the largest and the median of a recipe's largest error in units of the bound, by quantity.
    """

    dialect: str
    profile: str
    kind: str
    recipes: int
    steps: int
    outside: int
    overflowed: int
    worst: Mapping[str, float]
    median: Mapping[str, float]


class Yardstick(Protocol):
    """Turns answers for some elements into errors in units of the bound.

    Without a bound the error counts as 0; an answer that is not finite although there is a bound counts as NaN.
    """

    def __call__(self, piece: slice, got: Doubles) -> Doubles:
        """Measure the answers of the elements `piece`."""


@final
@dataclass(frozen=True)
class InBounds:
    """Measures from the farther end of where the exact value may be, in units of the bound."""

    low: Doubles
    high: Doubles
    bound: Doubles

    @classmethod
    def below(cls, largest: float, low: Doubles, high: Doubles, bound: Doubles) -> "InBounds":
        """Return the measure that says nothing where a right answer may be infinite."""
        far = np.maximum(np.abs(low), np.abs(high)) + bound >= largest
        return cls(low, high, np.where(far, np.inf, bound))

    def __call__(self, piece: slice, got: Doubles) -> Doubles:
        """Return errors in units of the bound."""
        low, high, bound = self.low[piece], self.high[piece], self.bound[piece]
        away = np.maximum(np.abs(got - low), np.abs(got - high))
        away = np.where((bound == 0) & (low <= got) & (got <= high), 0.0, away)
        with np.errstate(all="ignore"):
            ratio = np.where(np.isinf(bound) | (away == 0), 0.0, away / bound)
        return np.asarray(np.where(np.isfinite(got) | np.isinf(bound), ratio, np.nan))


@final
@dataclass(frozen=True)
class InSteps:
    """Measures from the middle of ``lo`` and ``hi`` in units of half their distance, counted in doubles."""

    lo: Doubles
    hi: Doubles

    def __call__(self, piece: slice, got: Doubles) -> Doubles:
        """Return errors in units of half the distance."""
        lo, hi = self.lo[piece], self.hi[piece]
        low, high, at = (_places(x) for x in (lo, hi, got))
        twice = np.abs((at - low) - (high - at)).astype(np.float64)
        with np.errstate(all="ignore"):
            ratio = np.where(twice == 0, 0.0, twice / (high - low).astype(np.float64))
        free = ~(np.isfinite(lo) & np.isfinite(hi))
        return np.asarray(np.where(free, 0.0, np.where(np.isfinite(got), ratio, np.nan)))


def _places(x: Doubles) -> np.ndarray[Any, np.dtype[np.int64]]:
    bits = np.ascontiguousarray(x).view(np.int64)
    return np.where(bits < 0, -(bits & np.int64(2**63 - 1)), bits)


@final
class Tally:
    """Largest errors in units of the bound, by recipe and quantity."""

    def __init__(self, recipes: int) -> None:
        self.worst = {name: [0.0] * recipes for name in OUTPUTS}
        self.outside = self.overflowed = 0

    def add(self, merged: RecipeSet, ratios: Iterable[tuple[int, Doubles]]) -> None:
        """Note errors of results, by number of the value, for all recipes that end there; the first recipe is the own one."""
        largest = dict.fromkeys(merged.results, 0.0)
        for value, ratio in ratios:
            largest[value] = max(largest[value], float(np.fmax.reduce(ratio, initial=0.0)))
            infinite = int(np.isnan(ratio).sum())
            own = value in merged.outputs[0]
            self.outside += int((ratio > 1).sum()) + own * infinite
            self.overflowed += (not own) * infinite
        for at, ends in enumerate(merged.outputs):
            for name, value in zip(OUTPUTS, ends, strict=True):
                self.worst[name][at] = max(self.worst[name][at], largest[value])

    def evidence(self, dialect: str, profile: str, kind: str, steps: int) -> Evidence:
        """Sum up."""
        worst = {name: max(column) for name, column in self.worst.items()}
        median = {name: statistics.median(column) for name, column in self.worst.items()}
        return Evidence(dialect, profile, kind, len(self.worst["p"]), steps, self.outside, self.overflowed, worst, median)

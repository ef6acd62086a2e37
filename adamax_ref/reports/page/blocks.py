"""Part of the page about a run that is not exact: its cases, those with most to tell first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from adamax_ref.conformance.judge import First, Judged
from adamax_ref.conformance.run import Run
from adamax_ref.reports.terminal import place, readable

from .chart import Chart, chart, overview, ulps
from .errors import Point, errors

TELLING = ("failed", "error", "waived", "certified", "named")
"""Statuses of the cases that are shown one by one, in this order."""
SIGNS = {"failed": "×", "error": "!", "waived": "w", "certified": "≈", "named": "≡", "untested": "–", "skipped": "–"}
_EXAMPLES = 3


@final
@dataclass(frozen=True)
class Told:
    """A case that is shown, with its errors."""

    judged: Judged
    points: dict[str, tuple[Point, ...]]

    @property
    def headline(self) -> str:
        """The fault, in one line."""
        first = self.judged.first
        return f"{where(first)} after step {first.step} is off: {distance(first)}" if first is not None else self.judged.remark

    @property
    def difference(self) -> list[tuple[str, str, str]]:
        """Rows of the table of the first difference: a word, the pattern, the number in decimal."""
        first, form = self.judged.first, self.judged.case.form
        assert first is not None
        rows = [("got", first.got), ("wanted", first.want), ("allowed from", first.lo), ("to", first.hi)]
        return [(word, text, readable(form, text) if first.index is not None else "") for word, text in rows if text is not None]

    @property
    def charts(self) -> list[Chart]:
        """One chart for each quantity, where there is more than one step to join."""
        return [chart(named(name), points) for name, points in self.points.items() if len(points) > 1]

    @property
    def worst(self) -> tuple[Point, ...]:
        """For each reported step the quantity that is farthest off."""
        return tuple(
            max(column, key=lambda point: (point.outside, point.error)) for column in zip(*self.points.values(), strict=True)
        )


@final
@dataclass(frozen=True)
class Block:
    """A run with the cases that may be told."""

    run: Run

    @cached_property
    def telling(self) -> list[Told]:
        """Every case that could be told, worst status first."""
        cases = sorted((each for each in self.run.verdict.cases if each.status in TELLING), key=_rank)
        return [Told(each, errors(each, self.run.hello)) for each in cases]

    def told(self, most: int | None) -> list[Told]:
        """Return the cases that are told one by one: at most so many, and of a run that ended well only a few."""
        few = None if self.run.verdict.exit else _EXAMPLES
        return self.telling[: min((limit for limit in (most, few) if limit is not None), default=None)]

    @cached_property
    def overview(self) -> Chart | None:
        """The errors of all told cases over their steps, or None where nothing was computed."""
        series = {each.judged.case.id: each.worst for each in self.telling if each.worst}
        return overview("Error of each case that is not exact, over its steps", series) if series else None

    @property
    def categories(self) -> dict[str, list[Judged]]:
        """All cases by category, in the order of the corpus."""
        found: dict[str, list[Judged]] = {}
        for each in self.run.verdict.cases:
            found.setdefault(each.case.category, []).append(each)
        return found


def _rank(judged: Judged) -> tuple[int, bool]:
    """Sort by status, and cases with a difference before those without."""
    return TELLING.index(judged.status), judged.first is None


def named(quantity: str) -> str:
    """Return how a quantity is written on the page.

    Examples
    --------
    >>> named("theta"), named("u")
    ('θ', 'u')
    """
    return quantity.replace("theta", "θ")


def where(first: First) -> str:
    """Return the number that a difference is about.

    Examples
    --------
    >>> where(First(1, "theta", 3, "", ""))
    'θ[3]'
    """
    return named(place(first))


def distance(first: First) -> str:
    """Say how far off a number is.

    Examples
    --------
    >>> distance(First(1, "t", None, "7", "8")), distance(First(1, "u", 0, "", "", "", "", 3))
    ('got 7, wanted 8', '3 ulp')
    """
    if first.index is None:
        return f"got {first.got}, wanted {first.want}"
    return "a NaN on one side only" if first.ulps is None else f"{ulps(first.ulps)} ulp"


def counted(counts: dict[str, int]) -> Sequence[tuple[str, int]]:
    """Return the statuses that occur."""
    return [(status, count) for status, count in counts.items() if count]

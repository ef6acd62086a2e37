"""Errors of the numbers of an answer in units in the last place, and their bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from adamax_ref.conformance.answer import Hello, Reported, fault_of
from adamax_ref.conformance.judge import Judged
from adamax_ref.exact.compare import ulp_distance
from adamax_ref.golden.case import Case, Expectation, Quantity
from adamax_ref.golden.patterns import decode

SHOWN = ("u", "m", "theta")
"""Causes before effects, as the judge looks at them."""


@final
@dataclass(frozen=True)
class Point:
    """The worst element of a quantity after a step.

    Attributes
    ----------
    step : int
        From 1.
    error, allowed : float
        Distance of the answer from the canonical bits, and of the end of the bound on the answer's side, in ulp; an
        infinite error is a NaN on one side only.
    """

    step: int
    error: float
    allowed: float

    @property
    def outside(self) -> bool:
        """True if the answer lies beyond the bound."""
        return self.error > self.allowed


def errors(judged: Judged, hello: Hello) -> dict[str, tuple[Point, ...]]:
    """Return the errors of each quantity that was answered, step by step.

    Parameters
    ----------
    judged : Judged
        A case; one that was not computed, or whose answer cannot be read, has no errors.
    hello : Hello
        Of the target. Where its freedoms permit several answers, the one that it meets best is measured against.

    Examples
    --------
    >>> from adamax_ref.conformance.answer import Answer, Hello, Reported
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = next(case for case in open_corpus().cases("paper", "f32") if case.shape == (1,))
    >>> wrong = tuple(Reported(each.step, theta="3f800000") for each in case.expect)
    >>> hello = Hello("mine", "1", "c", ("paper",), ("f32",), exposes=("theta",))
    >>> points = errors(Judged(case, Answer(case.id, steps=wrong), "failed"), hello)
    >>> list(points), points["theta"][-1].outside
    (['theta'], True)
    """
    case, steps = judged.case, judged.answer.steps
    if steps is None or case.result != "value" or fault_of(case, steps, hello):
        return {}
    found = [_against(case, expected, steps) for expected in case.expected(hello.declares)]
    return min(found, key=lambda each: sum(point.outside for points in each.values() for point in points), default={})


def _against(case: Case, expected: Sequence[Expectation], steps: Sequence[Reported]) -> dict[str, tuple[Point, ...]]:
    pairs = list(zip(expected, steps, strict=True))
    return {
        name: tuple(_worst(case, want.step, getattr(want, name), getattr(got, name)) for want, got in pairs)
        for name in SHOWN
        if all(getattr(got, name) is not None for got in steps)
    }


def _worst(case: Case, step: int, want: Quantity, got: str) -> Point:
    """Return the element that is farthest beyond its bound, or nearest to it."""
    return max(_points(case, step, want, got), key=lambda point: (point.outside, point.error), default=Point(step, 0, 0))


def _points(case: Case, step: int, want: Quantity, got: str) -> Iterator[Point]:
    columns = (decode(text, case.form) for text in (got, want.bits, want.lo, want.hi))
    for value, bits, lo, hi in zip(*columns, strict=True):
        end = lo if value < bits else hi
        yield Point(step, ulp_distance(value, bits, case.form), ulp_distance(end, bits, case.form))

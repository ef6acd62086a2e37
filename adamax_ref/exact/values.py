"""Exact values of the nodes of a graph, for one element and for many.

Numbers are intervals or fractions; NaN and infinities are floats and follow IEEE 754: zero over zero is NaN, another
number over zero is infinite, a number over an infinity is zero. :class:`Undecidable` is raised where an interval contains
zero and the sign matters.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, final

import numpy as np

from .graph import UNROUNDED, Plan
from .interval import BITS, Column, Doubles, Flags, Interval
from .stepper import operations

Number = Any
"""An Interval or a Fraction; or a float that is NaN or infinite."""

_IEEE = operations("binary64", "binary64")


class Undecidable(ArithmeticError):
    """A question that has no answer at the precision at hand, or none at all; the message says which and why."""


def evaluate(steps: Plan, constants: Mapping[int, Number], inputs: Sequence[Number]) -> list[Number]:
    """Return all values for one element, by their numbers.

    Parameters
    ----------
    steps : Plan
        From :func:`plan`.
    constants : mapping of int to number
        By number of the value.
    inputs : sequence of 4 numbers
        The parameter, its gradient, and the state.

    Raises
    ------
    Undecidable
        When the sign of a divisor or of a factor of an infinity cannot be told.
    """
    known: list[Number] = [None] * steps.count
    for at, number in constants.items():
        known[at] = number
    for at, number in zip(steps.inputs, inputs, strict=True):
        known[at] = number
    if not any(isinstance(number, float) for number in inputs):
        try:
            for at, name, args in steps.steps:
                known[at] = UNROUNDED[name](*[known[arg] for arg in args])
            return known
        except ZeroDivisionError:
            pass  # a divisor is zero: begin again with operations that know what IEEE 754 answers
    for at, name, args in steps.steps:
        known[at] = apply(name, [known[arg] for arg in args])
    return known


def apply(name: str, args: Sequence[Number]) -> Number:
    """Do one operation on numbers of which some may be NaN or infinite, or a divisor zero.

    Examples
    --------
    >>> apply("div", [Fraction(0), Fraction(0)]), apply("div", [Fraction(-1), Fraction(0)]), apply("div", [Fraction(1), math.inf])
    (nan, -inf, Fraction(0, 1))
    """
    if not any(isinstance(arg, float) for arg in args) and (name != "div" or sign(args[1])):
        return UNROUNDED[name](*args)
    stand_in = [arg if isinstance(arg, float) else float(sign(arg)) for arg in args]
    result = _IEEE[name](*stand_in)
    if not math.isfinite(result):
        return result
    finite = [arg for arg in args if not isinstance(arg, float)]
    return finite[0] if name in ("max", "greater") else finite[0] * 0


def sign(x: Number) -> int:
    """Return 1, 0 or -1; the zero of exact arithmetic counts as +0.

    Raises
    ------
    Undecidable
        When `x` is an interval that contains 0 and more.
    """
    low, high = (x.lo, x.hi) if isinstance(x, Interval) else (x, x)
    if low <= 0 <= high and (low or high):
        raise Undecidable(f"the sign of {x!r} cannot be told; more bits are needed")
    return (high > 0) - (low < 0)


def exactly(x: float, bits: int | None) -> Number:
    """Return a float as an interval of `bits` bits, as a fraction where `bits` is None, and as itself if not finite."""
    if not math.isfinite(x):
        return float(x)
    return Fraction(x) if bits is None else Interval.of(x, bits)


_ONE = Interval(1, 1, 0)


@final
class Numbers(Sequence[Number]):
    """A sequence of exact values: intervals, and floats where a value is NaN or infinite.

    Attributes
    ----------
    column : Column
        The intervals; anything where there is a float.
    special : dict of int to float
        The floats by element.

    Examples
    --------
    >>> two = Numbers.of([1.5, float("inf")])
    >>> two[0], two[1], two.flags.tolist()
    (Interval(3, 3, -1), inf, [False, True])
    """

    __slots__ = ("column", "special")

    def __init__(self, column: Column, special: Mapping[int, float] | None = None) -> None:
        self.column, self.special = column, dict(special or {})

    @classmethod
    def of(cls, numbers: Sequence[float], bits: int = BITS) -> "Numbers":
        """Return the exact values of floats."""
        floats: Doubles = np.array(numbers, dtype=np.float64)
        odd = ~np.isfinite(floats)
        special = {int(at): float(floats[at]) for at in np.flatnonzero(odd)}
        return cls(Column.of(np.where(odd, 0.0, floats), bits), special)

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, at: Any) -> Number:
        return self.special[at] if at in self.special else self.column[at]

    def __iter__(self) -> Iterator[Number]:
        return (self[at] for at in range(len(self)))

    @property
    def flags(self) -> Flags:
        """Flags of the floats."""
        flags = np.zeros(len(self), dtype=bool)
        flags[list(self.special)] = True
        return flags

    def replaced(self, entries: Mapping[int, Number]) -> "Numbers":
        """Return a copy with some entries replaced, named by number."""
        special = {at: x for at, x in entries.items() if isinstance(x, float)}
        column = self.column.replaced({at: x for at, x in entries.items() if at not in special})
        return Numbers(column, {at: x for at, x in self.special.items() if at not in entries} | special)


def singles(constants: Mapping[int, Interval]) -> dict[int, Numbers]:
    """Return each of some intervals as the numbers of a single element."""
    return dict(zip(constants, map(Numbers, Column.join([*constants.values()]).singles()), strict=True))


def evaluate_all(
    steps: Plan, constants: Mapping[int, Interval], inputs: Sequence[Numbers]
) -> tuple[dict[int, Numbers], dict[int, list[Number]]]:
    """Evaluate a plan on many elements.

    Where an input is NaN or infinite, or a divisor is not certainly positive, :func:`~adamax_ref.exact.values.evaluate`
    is asked about that element alone.

    Parameters
    ----------
    steps : Plan
        From :func:`~adamax_ref.exact.values.plan`.
    constants : mapping of int to Interval
        By number of the value.
    inputs : sequence of 4 Numbers
        The parameter, its gradient, and the state.

    Returns
    -------
    dict of int to Numbers
        The values of the plan by number: inputs and results, and the constants with one entry each.
    dict of int to list
        For each element that was evaluated alone all its values.
    """
    size = len(inputs[0])
    results = singles(constants)
    known = {at: numbers.column for at, numbers in results.items()}
    known |= {at: numbers.column for at, numbers in zip(steps.inputs, inputs, strict=True)}
    alone = {at for numbers in inputs for at in numbers.special}
    for at, name, args in steps.steps:
        operands = [known[arg] for arg in args]
        if name == "div":
            bad = np.asarray(operands[1].lo <= 0, dtype=bool)
            alone |= {*np.flatnonzero(np.broadcast_to(bad, size)).tolist()}
            operands[1] = operands[1].replaced(dict.fromkeys(np.flatnonzero(bad).tolist(), _ONE)) if bad.any() else operands[1]
        known[at] = UNROUNDED[name](*operands)
    results |= {at: Numbers(known[at].stretched(size)) for at, _, _ in steps.steps}
    results |= dict(zip(steps.inputs, inputs, strict=True))
    rows = {element: evaluate(steps, constants, [numbers[element] for numbers in inputs]) for element in sorted(alone)}
    for at, _, _ in steps.steps if rows else ():
        results[at] = results[at].replaced({element: row[at] for element, row in rows.items()})
    return results, rows

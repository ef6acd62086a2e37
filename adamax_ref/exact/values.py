"""The exact value of every node of a graph, on any kind of number.

Numbers are intervals or rationals; NaN and the infinities are floats and follow IEEE 754. Zero over zero is NaN, another
number over zero is infinite, a number over an infinity is zero. What cannot be told, because an interval straddles zero,
raises :class:`Undecidable`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

from adamax_ref.recipe.operations import fma, greater, maximum

from .graph import Derivation, Graph
from .interval import Interval
from .stepper import operations

Number = Any
"""An Interval or a Fraction; or a float that is NaN or infinite."""

_IEEE = operations("binary64", "binary64")
FREE: Mapping[str, Callable[..., Number]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": fma,
    "neg": lambda a: -a,
    "abs": abs,
    "max": maximum,
    "greater": greater,
}


class Undecidable(ArithmeticError):
    """A question that has no answer at the precision at hand, or none at all; the message says which and why."""


@final
@dataclass(frozen=True)
class Plan:
    """How to reach every value: for each its operation and the values it needs; None for inputs and constants."""

    steps: tuple[tuple[int, str, tuple[int, ...]], ...]
    inputs: tuple[int, ...]
    count: int

    def only(self, wanted: Sequence[int]) -> "Plan":
        """Return the part of the plan that is needed for some values."""
        needed = set(wanted)
        for at, _, args in reversed(self.steps):
            if at in needed:
                needed.update(args)
        return Plan(tuple(step for step in self.steps if step[0] in needed), self.inputs, self.count)


def plan(graph: Graph, constants: Mapping[int, float]) -> Plan:
    """Choose for every value the derivation that widens intervals least, judged at a sample point.

    Parameters
    ----------
    graph : Graph
        See :func:`adamax_ref.exact.graph.graph_of`.
    constants : mapping of int to float
        Roughly the value of each constant node.
    """
    size: dict[int, tuple[float, float]] = {}
    for place, sample in zip(graph.inputs, (1.0, 0.7, 0.3, 0.9), strict=True):
        size[graph.nodes[place].value] = (sample, 1.0)
    size |= {graph.nodes[place].value: (number, 0.0) for place, number in constants.items()}
    steps = []
    for node in graph.nodes:
        if node.value in size:
            continue
        best = min(node.derivations, key=lambda derivation: _radius(derivation, graph, size)[0])
        radius, at = _radius(best, graph, size)
        size[node.value] = (at, radius)
        steps.append((node.value, best.operation, tuple(graph.nodes[arg].value for arg in best.args)))
    return Plan(tuple(steps), tuple(graph.nodes[place].value for place in graph.inputs), graph.values)


def _radius(derivation: Derivation, graph: Graph, size: Mapping[int, tuple[float, float]]) -> tuple[float, float]:
    """Return how wide an operation makes its result when its operands are as wide as they are, and the result."""
    args = [size[graph.nodes[arg].value] for arg in derivation.args]
    numbers = [x for x, _ in args]
    at = float(_IEEE[derivation.operation](*numbers))
    if derivation.operation == "fma":
        (a, ra), (b, rb), (_, rc) = args
        return abs(a) * rb + abs(b) * ra + rc, at
    if derivation.operation in ("mul", "div"):
        (a, ra), (b, rb) = args
        return (abs(a) * rb + abs(b) * ra if derivation.operation == "mul" else (ra + abs(at) * rb) / max(abs(b), 1e-300)), at
    return sum(radius for _, radius in args), at


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
                known[at] = FREE[name](*[known[arg] for arg in args])
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
        return FREE[name](*args)
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

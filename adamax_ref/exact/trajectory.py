"""Exact parameters and states along a trajectory, and their correctly rounded values.

Values are intervals of 256 bits. Where an interval does not decide a rounding, it is computed again with more bits, and
in the end with fractions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format

from .bounds import SYMBOLS
from .interval import BITS, Interval
from .permitted import exact_by_node, permitted_graph
from .rounding import round_dyadic, round_exact
from .values import Number, Numbers, Undecidable, evaluate, evaluate_all, exactly

MOST_BITS = 1024
"""Beyond this length of the interval ends a rounding that is not decided is taken for a tie, and fractions are used."""

MOST_EXACT_STEPS = 300
"""For so many steps a trajectory is followed with fractions, whose length grows with the square of the steps."""


@final
@dataclass(frozen=True)
class Step:
    """One step: the gradient, one number an element, or None for a skipped step; and its hyperparameters."""

    grad: Sequence[float] | None
    hyper: Hyperparameters


def exact_steps(
    dialect: Dialect, profile: str, start: Mapping[str, Sequence[float]], t: int, steps: Sequence[Step], bits: int | None = BITS
) -> Iterator[dict[str, Sequence[Number]]]:
    """Yield the exact ``p``, ``m``, ``u`` after each step.

    Parameters
    ----------
    dialect, profile : Dialect, str
        Which function; the profile matters only in so far as a dialect lacks it.
    start : mapping of str to sequence of float
        ``p``, ``m`` and ``u`` before the first step.
    t : int
        Number of steps done before.
    steps : sequence of Step
        What to do.
    bits : int or None
        Length of interval ends; None for fractions.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> start = {"p": [1.0], "m": [0.0], "u": [0.0]}
    >>> h = Hyperparameters(lr=0.25, beta1=0.75, beta2=0.5, eps=0.0)
    >>> [after] = exact_steps(get("paper"), "f64", start, 0, [Step([3.0], h)], bits=None)
    >>> after
    {'p': [Fraction(3, 4)], 'm': [Fraction(3, 4)], 'u': [Fraction(3, 1)]}
    """
    state = {name: _numbers(start[name], bits) for name in SYMBOLS}
    for step in steps:
        if step.grad is not None:
            t += 1
            state = _stepped(dialect, profile, state, t, step.grad, step.hyper, bits)
        yield state


def _numbers(start: Sequence[float], bits: int | None) -> Sequence[Number]:
    return [exactly(x, None) for x in start] if bits is None else Numbers.of(start, bits)


def _stepped(
    dialect: Dialect,
    profile: str,
    state: Mapping[str, Sequence[Number]],
    t: int,
    grad: Sequence[float],
    h: Hyperparameters,
    bits: int | None,
) -> dict[str, Sequence[Number]]:
    permitted = permitted_graph(dialect, profile, h)
    graph = permitted.graph
    ends = [graph.nodes[places[0]].value for places in graph.outputs]
    constants = exact_by_node(permitted, h, t, bits)
    steps = permitted.plan.only(ends)
    known = {graph.nodes[place].value: number for place, number in constants.items()}
    inputs = [state["p"], _numbers(grad, bits), state["m"], state["u"]]
    if bits is None:
        rows = [evaluate(steps, known, one) for one in zip(*inputs, strict=True)]
        return {name: [row[end] for row in rows] for name, end in zip(SYMBOLS, ends, strict=True)}
    results, _ = evaluate_all(steps, known, [x for x in inputs if isinstance(x, Numbers)])
    return {name: results[end] for name, end in zip(SYMBOLS, ends, strict=True)}


def rounded(x: Number, fmt: Format) -> float | None:
    """Round an exact value correctly; None where an interval is too wide to tell.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> rounded(Interval.of(1) / 3, BINARY32), rounded(Interval(1, 2, 0), BINARY32)
    (0.3333333432674408, None)
    """
    if not isinstance(x, Interval):
        return x if isinstance(x, float) else round_exact(x, fmt)
    low = round_dyadic(x.lo, x.exponent, fmt)
    return low if x.lo == x.hi or low == round_dyadic(x.hi, x.exponent, fmt) else None


def true_steps(
    dialect: Dialect, profile: str, start: Mapping[str, Sequence[float]], t: int, steps: Sequence[Step]
) -> list[dict[str, list[float]]]:
    """Return the exact values after each step, each correctly rounded to the storage format.

    Raises
    ------
    Undecidable
        When a tie occurs so late in a trajectory that it cannot be settled with fractions.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> start = {"p": [1.0], "m": [0.0], "u": [0.0]}
    >>> true_steps(get("torch"), "f32", start, 0, [Step([1.0], Hyperparameters())])
    [{'p': [0.9980000257492065], 'm': [0.10000000149011612], 'u': [1.0]}]
    """
    fmt = PROFILES[profile].storage
    results: list[dict[str, list[float]]] = []
    for at, state in enumerate(exact_steps(dialect, profile, start, t, steps)):
        results.append({})
        for name in SYMBOLS:
            numbers = [rounded(x, fmt) for x in state[name]]
            results[-1][name] = [
                settle(dialect, profile, start, t, steps[: at + 1], name, element) if x is None else x
                for element, x in enumerate(numbers)
            ]
    return results


def settle(
    dialect: Dialect, profile: str, start: Mapping[str, Sequence[float]], t: int, steps: Sequence[Step], name: str, element: int
) -> float:
    """Return one correctly rounded value after the last of `steps`, with as many bits as it takes, or fractions.

    Raises
    ------
    Undecidable
        When even the longest intervals do not decide and there are too many steps for fractions.
    """
    fmt = PROFILES[profile].storage
    one = {key: [numbers[element]] for key, numbers in start.items()}
    alone = [Step(None if step.grad is None else [step.grad[element]], step.hyper) for step in steps]
    bits: int | None = 2 * BITS
    while True:
        *_, last = exact_steps(dialect, profile, one, t, alone, bits)
        number = rounded(last[name][0], fmt)
        if number is not None:
            return number
        if bits is not None and bits >= MOST_BITS and len(steps) > MOST_EXACT_STEPS:
            raise Undecidable(
                f"{name}[{element}] lies so near the middle between two numbers of {fmt.name} after {len(steps)} steps that "
                f"{bits} bits do not decide its rounding; report an earlier step, or change an input by one unit"
            )
        bits = None if bits is None or bits >= MOST_BITS else 2 * bits


def as_fraction(x: Number) -> Fraction:
    """Return a fraction near an exact value: the value itself, or the middle of its interval."""
    return sum(x.ends, Fraction(0)) / 2 if isinstance(x, Interval) else Fraction(x)

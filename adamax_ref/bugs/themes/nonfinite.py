"""Bugs with NaN and infinity: hidden, or let loose on the neighbours."""

import math
from dataclasses import replace

from adamax_ref.bugs.bug import Bug, Grad, each, right
from adamax_ref.bugs.element import by
from adamax_ref.bugs.parts import Numbers, Parts, finite
from adamax_ref.bugs.where import keeps_nan
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State


def _ignoring(a: float, b: float) -> float:
    return b if a != a else a if b != b else max(a, b)


def _left_out(case: Case, parts: Parts, state: State, grad: Grad, h: Numbers) -> State:
    """Leave the whole step out, counter included."""
    return each(right)(case, parts, state, grad, h) if all(map(math.isfinite, grad)) else state


def _spread(before: State, after: State) -> State:
    lost = (math.nan,) * len(after.m)
    return replace(after, theta=lost, m=lost, u=lost) if any(x != x for x in after.m) else after


BUGS = (
    Bug(
        "B27",
        "a NaN gradient is lost by max",
        "A broken batch leaves the norm finite, and the run looks sound.",
        "fmax, or a comparison, in place of a maximum that keeps NaN",
        "nonfinite",
        lambda parts, *given: parts.but(max=_ignoring, greater=_ignoring).step(*given),
        keeps_nan,
    ),
    Bug(
        "B28",
        "non-finite gradients are replaced by 0",
        "A broken batch goes unnoticed.",
        "nan_to_num before the step",
        "nonfinite",
        by(lambda given: given.but(g=finite(given.g)).right()),
    ),
    Bug(
        "B90",
        "a step with a non-finite gradient is left out",
        "A loss that is broken for good looks like one that has converged.",
        "a check of the whole gradient that belongs to gradient scaling",
        "nonfinite",
        whole=_left_out,
    ),
    Bug(
        "B91",
        "a NaN spreads to the whole tensor",
        "One broken weight destroys its layer within a step.",
        "a reduction over the tensor, such as a norm to clip by",
        "nonfinite",
        tensor=_spread,
    ),
)

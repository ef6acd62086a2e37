"""Bugs of the maximum: its operands, its decay, and what stands in its place."""

import math
from typing import Any

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.recipe.operations import maximum


def _least(a: float, b: float) -> float:
    return math.nan if a != a or b != b else min(a, b)


def _size(given: Given) -> float:
    """Return the size of the gradient, with epsilon where it is part of the norm."""
    return abs(given.gradient) + given.inside


def _decayed(given: Given) -> float:
    return float(given.h.beta2) * given.u


def _undecayed(given: Given) -> Three:
    size = _size(given)
    return given.finish(u=_decayed(given) if size <= given.u else size)


def _of_the_moment(given: Given) -> Three:
    m = given.moment
    return given.finish(m, given.but(g=m).under(weight_decay=0.0).norm)


def _whole_number(x: float) -> float:
    return float(abs(int(x))) if math.isfinite(x) else abs(x)


def _with(**table: Any) -> Any:
    """Return the step with some operations replaced."""
    return lambda parts, *given: parts.but(**table).step(*given)


BUGS = (
    Bug(
        "B14",
        "no absolute value in u",
        "After negative gradients the norm is far too small and steps explode.",
        "max(beta2 * u, g)",
        "u-decay",
        _with(abs=lambda x: x),
    ),
    Bug(
        "B15",
        "u never decays",
        "One large gradient slows training down for ever.",
        "max(u, |g|)",
        "u-decay",
        by(lambda given: given.under(beta2=1.0).right()),
    ),
    Bug(
        "B18",
        "min in place of max",
        "Steps explode.",
        "the function's name",
        "u-decay",
        _with(max=_least, greater=_least),
    ),
    Bug(
        "B81",
        "|g| weighted by 1 - beta2 inside the maximum",
        "The norm is a thousand times too small, and the first steps a thousand times too long.",
        "max(beta2 * u, (1 - beta2) * |g|), half of a moving average",
        "first",
        by(lambda given: given.finish(u=maximum(_decayed(given), (1 - float(given.h.beta2)) * _size(given)))),
    ),
    Bug(
        "B82",
        "the maximum decays as a whole",
        "The norm is always too small by beta2.",
        "beta2 * max(u, |g|)",
        "first",
        by(lambda given: given.finish(u=float(given.h.beta2) * maximum(given.u, _size(given)))),
    ),
    Bug(
        "B83",
        "a sum in place of the maximum",
        "The norm grows to a thousand gradients, and training stands still.",
        "u = beta2 * u + |g|",
        "u-decay",
        by(lambda given: given.finish(u=_decayed(given) + _size(given))),
    ),
    Bug(
        "B87",
        "|g| is compared with the norm before it decays",
        "A gradient just below the old norm is forgotten, and the next step is too long.",
        "if |g| > u: u = |g| else: u = beta2 * u",
        "u-decay",
        by(_undecayed),
    ),
    Bug(
        "B88",
        "the norm of the moment in place of the gradient's",
        "The norm is ten times too small at first, and steps are ten times too long.",
        "max(beta2 * u, |m|)",
        "first",
        by(_of_the_moment),
    ),
    Bug(
        "B89",
        "the absolute value of whole numbers",
        "Gradients below 1 count as 0: the norm is epsilon, and the first step explodes.",
        "C's abs where fabs belongs",
        "first",
        _with(abs=_whole_number),
    ),
)

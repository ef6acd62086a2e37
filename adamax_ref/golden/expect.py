"""What must come out of a case: bits from one oracle, exact values and bounds from another.

The two share no arithmetic, and the first must lie inside the bounds of the second, or the case is not written.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import BINARY64, Format
from adamax_ref.truth.values import Undecidable

from .case import QUANTITIES, Alternative, Case, Expectation, Quantity
from .oracle import State, canonical, keeping, plain, trajectory
from .patterns import decode, encode, inside
from .shared import Certified, Limits, certified
from .short import coarse


class Inadmissible(ValueError):
    """A case that the corpus must not hold; the message says which rule it breaks."""


@final
class Undecided(Inadmissible):
    """A case without a right answer: permitted recipes disagree on the class of a number that it reports."""


def answered(case: Case, dialect: Dialect, bounds: Sequence[Certified] | None = None) -> Case:
    """Return the case with its expectations.

    Parameters
    ----------
    case : Case
        Without them.
    dialect : Dialect
        Whose case it is.
    bounds : sequence of Certified, optional
        What is certified of the steps that it reports, where that is known already; see :mod:`adamax_ref.golden.shared`.

    Raises
    ------
    Inadmissible
        When the canonical recipe leaves its own bound; :class:`Undecided` when a reported quantity has no right answer.
    """
    if case.result == "reject":
        return case
    either = flushed(case, dialect) if "subnormal" in case.flags else None
    return replace(case, expect=expectations(case, keeping(dialect), bounds), either=either)


def expectations(case: Case, dialect: Dialect, bounds: Sequence[Certified] | None = None) -> tuple[Expectation, ...]:
    """Return one expectation for each reported step, by both oracles; `bounds` as for :func:`answered`."""
    states = list(trajectory(canonical(dialect, case.profile), case))
    unfused = plain(dialect, case.profile)
    plains = list(trajectory(canonical(unfused, case.profile), case)) if unfused not in (None, dialect) else states
    bounds = _bounds(case, dialect) if bounds is None else bounds
    rows = zip(case.report, bounds, strict=True)
    return tuple(_expectation(number, states[number - 1], plains[number - 1], bound, case) for number, bound in rows)


def flushed(case: Case, dialect: Dialect) -> tuple[Alternative, ...] | None:
    """Return what a target may answer that makes zeros of subnormal numbers, None where that has no certain answer."""
    theta, m, u = (_flush(text, case.form) for text in (case.init.theta, case.init.m, case.init.u))
    steps = tuple(each if each.grad is None else replace(each, grad=_flush(each.grad, case.form)) for each in case.steps)
    case = replace(case, init=replace(case.init, theta=theta, m=m, u=u), steps=steps)
    try:
        return (Alternative("ftz", expectations(case, keeping(dialect, flushes=True))),)
    except Undecided:
        return None


def _flush(text: str, form: Format) -> str:
    numbers = (math.copysign(0.0, x) if abs(x) < form.smallest_normal else x for x in decode(text, form))
    return encode(numbers, form)


def _bounds(case: Case, dialect: Dialect) -> Sequence[Certified]:
    try:
        return certified([case], dialect)[0]
    except Undecidable as error:
        raise Undecided(str(error)) from error
    except ValueError as error:
        raise Inadmissible(f"{case.id}: {error}") from error


def _expectation(number: int, state: State, plains: State, bound: Certified, case: Case) -> Expectation:
    if state.t != bound.t:
        raise Inadmissible(f"{case.id}: the oracles count {state.t} and {bound.t} after step {number}")
    theta, m, u = (
        _quantity(getattr(state, name), getattr(plains, name), enclosure, case.form, f"{case.id}: {name} after step {number}")
        for name, enclosure in zip(QUANTITIES, (bound.p, bound.m, bound.u), strict=True)
    )
    return Expectation(number, state.t, theta, m, u)


def _quantity(bits: Sequence[float], plains: Sequence[float], enclosure: Limits, form: Format, where: str) -> Quantity:
    for at, (value, lo, hi) in enumerate(zip(bits, enclosure.lo, enclosure.hi, strict=True)):
        if not inside(value, lo, hi):
            raise Inadmissible(f"{where}: element {at} is {value!r} by the recipe, outside {lo!r} to {hi!r}")
    written, unfused = encode(bits, form), encode(plains, form)
    return Quantity(
        bits=written,
        true=encode(enclosure.true, form),
        lo=encode(enclosure.lo, form),
        hi=encode(enclosure.hi, form),
        bound=encode(map(coarse, enclosure.bound), BINARY64),
        plain=None if unfused == written else unfused,
    )

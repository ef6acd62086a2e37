"""What must come out of a case: bits from one oracle, exact values and bounds from another.

The two share no arithmetic, and the first must lie inside the bounds of the second, or the case is not written.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import BINARY64, Format
from adamax_ref.truth import certify
from adamax_ref.truth.values import Undecidable

from .case import QUANTITIES, Alternative, Case, Expectation, Quantity
from .oracle import State, canonical, keeping, plain, start, trajectory
from .patterns import decode, encode, inside
from .short import coarse


class Inadmissible(ValueError):
    """A case that the corpus must not hold; the message says which rule it breaks."""


@final
class Undecided(Inadmissible):
    """A case without a right answer: permitted recipes disagree on the class of a number that it reports."""


def answered(case: Case, dialect: Dialect) -> Case:
    """Return the case with its expectations.

    Raises
    ------
    Inadmissible
        When the canonical recipe leaves its own bound; :class:`Undecided` when a reported quantity has no right answer.
    """
    if case.result == "reject":
        return case
    either = flushed(case, dialect) if "subnormal" in case.flags else None
    return replace(case, expect=expectations(case, keeping(dialect)), either=either)


def expectations(case: Case, dialect: Dialect) -> tuple[Expectation, ...]:
    """Return one expectation for each reported step, by both oracles."""
    states = list(trajectory(canonical(dialect, case.profile), case))
    unfused = plain(dialect, case.profile)
    plains = list(trajectory(canonical(unfused, case.profile), case)) if unfused not in (None, dialect) else states
    bounds = _bounds(case, dialect)
    return tuple(_expectation(at + 1, states[at], plains[at], bounds[at], case) for at in (n - 1 for n in case.report))


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


def _bounds(case: Case, dialect: Dialect) -> Sequence[certify.Certified]:
    first = start(case)
    steps = [certify.Step(None if each.grad is None else decode(each.grad, case.form), case.hyper.at(each)) for each in case.steps]
    try:
        return certify.certify(dialect, case.profile, first.theta, first.m, first.u, first.t, steps, flush=dialect.flushes)
    except Undecidable as error:
        raise Undecided(str(error)) from error
    except ValueError as error:
        raise Inadmissible(f"{case.id}: {error}") from error


def _expectation(number: int, state: State, plains: State, certified: certify.Certified, case: Case) -> Expectation:
    if state.t != certified.t:
        raise Inadmissible(f"{case.id}: the oracles count {state.t} and {certified.t} after step {number}")
    theta, m, u = (
        _quantity(getattr(state, name), getattr(plains, name), enclosure, case.form, f"{case.id}: {name} after step {number}")
        for name, enclosure in zip(QUANTITIES, (certified.p, certified.m, certified.u), strict=True)
    )
    return Expectation(number, state.t, theta, m, u)


def _quantity(bits: Sequence[float], plains: Sequence[float], enclosure: certify.Quantity, form: Format, where: str) -> Quantity:
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

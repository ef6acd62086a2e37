"""What must come out of a case: bits from one oracle, exact values and bounds from another.

The two share no arithmetic, and the first must lie inside the bounds of the second, or the case is not written.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import final

from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import BINARY64, Format
from adamax_ref.truth import certify
from adamax_ref.truth.values import Undecidable

from .case import QUANTITIES, Case, Expectation, Quantity
from .oracle import State, canonical, start, trajectory
from .patterns import decode, encode, inside


@final
class Inadmissible(ValueError):
    """A case that the corpus must not hold; the message says which rule it breaks."""


def answered(case: Case, dialect: Dialect) -> Case:
    """Return the case with its expectations.

    Raises
    ------
    Inadmissible
        When the canonical recipe leaves its own bound, or a reported quantity is undecidable.
    """
    if case.result == "reject":
        return case
    return replace(case, expect=expectations(case, dialect))


def expectations(case: Case, dialect: Dialect) -> tuple[Expectation, ...]:
    """Return one expectation for each reported step, by both oracles."""
    states = list(trajectory(canonical(dialect, case.profile), case))
    bounds = _bounds(case, dialect)
    return tuple(_expectation(number, states[number - 1], bounds[number - 1], case) for number in case.report)


def _bounds(case: Case, dialect: Dialect) -> Sequence[certify.Certified]:
    first = start(case)
    steps = [certify.Step(None if each.grad is None else decode(each.grad, case.form), case.hyper.at(each)) for each in case.steps]
    try:
        return certify.certify(dialect, case.profile, first.theta, first.m, first.u, first.t, steps)
    except (ValueError, Undecidable) as error:
        raise Inadmissible(f"{case.id}: {error}") from error


def _expectation(number: int, state: State, certified: certify.Certified, case: Case) -> Expectation:
    if state.t != certified.t:
        raise Inadmissible(f"{case.id}: the oracles count {state.t} and {certified.t} after step {number}")
    theta, m, u = (
        _quantity(getattr(state, name), enclosure, case.form, f"{case.id}: {name} after step {number}")
        for name, enclosure in zip(QUANTITIES, (certified.p, certified.m, certified.u), strict=True)
    )
    return Expectation(number, state.t, theta, m, u)


def _quantity(bits: Sequence[float], enclosure: certify.Quantity, form: Format, where: str) -> Quantity:
    for at, (value, lo, hi) in enumerate(zip(bits, enclosure.lo, enclosure.hi, strict=True)):
        if not inside(value, lo, hi):
            raise Inadmissible(f"{where}: element {at} is {value!r} by the recipe, outside {lo!r} to {hi!r}")
    return Quantity(
        bits=encode(bits, form),
        true=encode(enclosure.true, form),
        lo=encode(enclosure.lo, form),
        hi=encode(enclosure.hi, form),
        bound=encode(enclosure.bound, BINARY64),
    )

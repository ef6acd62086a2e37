"""What must come out of a case: bits from one oracle, exact values and bounds from another.

The two share no arithmetic, and the first must lie inside the bounds of the second, or the case is not written.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import final

from adamax_ref.exact.values import Undecidable
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import BINARY64, Format

from .case import QUANTITIES, Alternative, Case, Expectation, Quantity
from .freedoms import readings
from .oracle import State, canonical, keeping, plain, trajectory
from .patterns import encode, inside
from .shared import Certified, Limits, certified
from .short import coarse


class Inadmissible(ValueError):
    """A case that the corpus must not hold; the message says which rule it breaks."""


@final
class Undecided(Inadmissible):
    """A case without a right answer: permitted recipes disagree on the class of a number that it reports."""


def answered(
    case: Case, dialect: Dialect, bounds: Sequence[Certified] | None = None, narrow: Sequence[Certified] | None = None
) -> Case:
    """Return the case with its expectations.

    Parameters
    ----------
    case : Case
        Without them.
    dialect : Dialect
        Whose case it is.
    bounds, narrow : sequence of Certified, optional
        What is certified of the steps that it reports, of the case and of :func:`~adamax_ref.golden.freedoms.narrowed`,
        where that is known already; see :mod:`adamax_ref.golden.shared`.

    Raises
    ------
    Inadmissible
        When the canonical recipe leaves its own bound; :class:`Undecided` when a reported quantity has no right answer.
    """
    if case.result == "reject":
        return case
    expect = expectations(case, keeping(dialect), bounds)
    either = tuple(other for other in _alternatives(case, dialect, narrow) if _bits(other.expect) != _bits(expect))
    return replace(case, expect=expect, either=either or None)


def expectations(case: Case, dialect: Dialect, bounds: Sequence[Certified] | None = None) -> tuple[Expectation, ...]:
    """Return one expectation for each reported step, by both oracles; `bounds` as for :func:`answered`."""
    states = list(trajectory(canonical(dialect, case.profile), case))
    unfused = plain(dialect, case.profile)
    plains = list(trajectory(canonical(unfused, case.profile), case)) if unfused not in (None, dialect) else states
    bounds = _bounds(case, dialect) if bounds is None else bounds
    rows = zip(case.report, bounds, strict=True)
    return tuple(_expectation(number, states[number - 1], plains[number - 1], bound, case) for number, bound in rows)


def _bits(expect: Sequence[Expectation]) -> list[str]:
    return [getattr(each, name).bits for each in expect for name in QUANTITIES]


def _alternatives(case: Case, dialect: Dialect, narrow: Sequence[Certified] | None) -> tuple[Alternative, ...]:
    """Return what a target may answer that takes a freedom, where that is another answer and a certain one."""
    found = []
    for when, asked, reading in readings(case, dialect):
        with suppress(Undecided):
            bounds = narrow if when == "hyper32" else None
            found.append(Alternative(when, expectations(asked, reading, bounds)))
    return tuple(found)


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

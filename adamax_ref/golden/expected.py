"""Expected values of a case: bits from one oracle, exact values and ranges from another.

The two share no arithmetic. A case whose bits leave the range is not written.

A target may declare a freedom, and then answers a changed question. ``ftz``: subnormal inputs and results become zeros of
the same sign. ``hyper32``: in binary64 the hyperparameters pass through binary32, as in frameworks with single-precision
scalars. :func:`readings` gives the changed cases.

Cases with the same steps and hyperparameters differ in their elements alone. :func:`certify_together` certifies them as
one trajectory, which costs hardly more than one of them.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import final

from adamax_ref.exact import certify
from adamax_ref.exact.values import Undecidable
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import BINARY32, BINARY64, Format

from .case import QUANTITIES, Alternative, Case, Expectation, Hyper, Number, Quantity
from .oracle import State, canonical, plain, start, trajectory, with_flushes
from .patterns import decode, encode, inside


def readings(case: Case, dialect: Dialect) -> Iterator[tuple[str, Case, Dialect]]:
    """Yield each freedom that changes a case: its token, the changed case, and the dialect that answers it.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = {case.slug: case for case in open_corpus().cases("torch", "f64")}
    >>> [token for token, _, _ in readings(cases["shrink-two"], get("torch"))]
    ['hyper32']
    """
    if (case_flushed := flush_subnormals(case)) is not None:
        yield "ftz", case_flushed, with_flushes(dialect, flushes=True)
    if (case_narrowed := narrow_hyper(case)) is not None:
        yield "hyper32", case_narrowed, with_flushes(dialect)


def flush_subnormals(case: Case) -> Case | None:
    """Return the case with zeros for its subnormal numbers; None for one that is not about them."""
    if "subnormal" not in case.flags:
        return None
    theta, m, u = (_flush(text, case.form) for text in (case.init.theta, case.init.m, case.init.u))
    init = replace(case.init, theta=theta, m=m, u=u)
    steps = tuple(item if item.grad is None else replace(item, grad=_flush(item.grad, case.form)) for item in case.steps)
    return replace(case, init=init, steps=steps)


def narrow_hyper(case: Case) -> Case | None:
    """Return the case with hyperparameters rounded to binary32; None where they are such numbers, or all its numbers are.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = {case.slug: case for case in open_corpus().cases("torch", "f64")}
    >>> narrow_hyper(cases["shrink-two"]).hyper.beta1
    Number(dec='0.8999999761581421', f64='3fecccccc0000000')
    >>> narrow_hyper(cases["tie"]) is None
    True
    """
    if case.form is not BINARY64 or case.result == "reject":
        return None
    numbers = {name: value for name, value in vars(case.hyper).items() if isinstance(value, Number)}
    hyper = Hyper(**{**vars(case.hyper), **{name: _single(value) for name, value in numbers.items()}})
    steps = tuple(item if item.lr is None else replace(item, lr=_single(item.lr)) for item in case.steps)
    return None if (hyper, steps) == (case.hyper, case.steps) else replace(case, hyper=hyper, steps=steps)


def _single(number: Number) -> Number:
    return Number.of(BINARY32.round(number.value))


def _flush(text: str, form: Format) -> str:
    numbers = (math.copysign(0.0, x) if abs(x) < form.smallest_normal else x for x in decode(text, form))
    return encode(numbers, form)


@final
@dataclass(frozen=True)
class Limits:
    """Some elements of a :class:`~adamax_ref.exact.certify.Quantity`."""

    true: list[float]
    lo: list[float]
    hi: list[float]
    bound: list[float]

    @classmethod
    def of(cls, quantity: certify.Quantity, elements: slice) -> "Limits":
        """Take them out."""
        return cls(*(part[elements] for part in (quantity.true, quantity.lo, quantity.hi, quantity.bound)))


@final
@dataclass(frozen=True)
class Certified:
    """The state of one case after a step; like :class:`adamax_ref.exact.certify.Certified`."""

    t: int
    p: Limits
    m: Limits
    u: Limits


def certify_cases(cases: Sequence[Case], dialect: Dialect) -> list[list[Certified]]:
    """Return for each case what is certified of the steps that it reports; all do and report the same steps.

    Raises
    ------
    Undecidable
        When a quantity of one of them has no right answer.
    ValueError
        When a number or a hyperparameter makes no sense.
    """
    profile, first, starts = cases[0].profile, cases[0], [start(case) for case in cases]
    p, m, u = ([x for item in starts for x in getattr(item, name)] for name in ("theta", "m", "u"))
    steps = [certify.Step(_grads(cases, at), first.hyper.at(item)) for at, item in enumerate(first.steps)]
    states = certify.certify(dialect, profile, p, m, u, first.init.t, steps, flush=dialect.flushes)
    ends = [sum(len(item.theta) for item in starts[:count]) for count in range(len(cases) + 1)]
    reported = [states[number - 1] for number in first.report]
    return [[_part(one, slice(begin, end)) for one in reported] for begin, end in pairwise(ends)]


def certify_together(cases: Iterable[Case], dialect: Dialect) -> dict[str, list[Certified]]:
    """Return it by id for those cases of a profile that have company and right answers."""
    groups: Mapping[Hashable, list[Case]] = defaultdict(list)
    for case in cases:
        if case.result == "value":
            groups[_steps_of(case)].append(case)
    results: dict[str, list[Certified]] = {}
    for group in groups.values():
        if len(group) > 1:
            with suppress(Undecidable):  # one without a right answer; each of them has to be asked by itself
                results |= zip((case.id for case in group), certify_cases(group, dialect), strict=True)
    return results


def _steps_of(case: Case) -> Hashable:
    return case.init.t, case.report, case.hyper, tuple((item.skip, item.lr) for item in case.steps)


def _grads(cases: Sequence[Case], at: int) -> list[float] | None:
    grads = [case.steps[at].grad for case in cases]
    return None if grads[0] is None else [x for case, text in zip(cases, grads, strict=True) for x in decode(text or "", case.form)]


def _part(one: certify.Certified, elements: slice) -> Certified:
    return Certified(one.t, *(Limits.of(quantity, elements) for quantity in (one.p, one.m, one.u)))


class Inadmissible(ValueError):
    """A case that the corpus must not hold; the message says which rule it breaks."""


@final
class Undecided(Inadmissible):
    """A case without a right answer: permitted recipes disagree on the class of a number that it reports."""


def with_expected(
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
        What is certified of the steps that it reports, of the case and of :func:`~adamax_ref.golden.expected.narrow_hyper`,
        where that is known already; see :mod:`adamax_ref.golden.expected`.

    Raises
    ------
    Inadmissible
        When the canonical recipe leaves its own bound; :class:`Undecided` when a reported quantity has no right answer.
    """
    if case.result == "reject":
        return case
    expect = expectations(case, with_flushes(dialect), bounds)
    either = tuple(other for other in _alternatives(case, dialect, narrow) if _bits(other.expect) != _bits(expect))
    return replace(case, expect=expect, either=either or None)


def expectations(case: Case, dialect: Dialect, bounds: Sequence[Certified] | None = None) -> tuple[Expectation, ...]:
    """Return one expectation for each reported step, by both oracles; `bounds` as for :func:`with_expected`."""
    states = list(trajectory(canonical(dialect, case.profile), case))
    unfused = plain(dialect, case.profile)
    plains = list(trajectory(canonical(unfused, case.profile), case)) if unfused not in (None, dialect) else states
    bounds = _bounds(case, dialect) if bounds is None else bounds
    rows = zip(case.report, bounds, strict=True)
    return tuple(_expectation(number, states[number - 1], plains[number - 1], bound, case) for number, bound in rows)


def _bits(expect: Sequence[Expectation]) -> list[str]:
    return [getattr(item, name).bits for item in expect for name in QUANTITIES]


def _alternatives(case: Case, dialect: Dialect, narrow: Sequence[Certified] | None) -> tuple[Alternative, ...]:
    """Return what a target may answer that takes a freedom, where that is another answer and a certain one."""
    results = []
    for when, question, reading in readings(case, dialect):
        with suppress(Undecided):
            bounds = narrow if when == "hyper32" else None
            results.append(Alternative(when, expectations(question, reading, bounds)))
    return tuple(results)


def _bounds(case: Case, dialect: Dialect) -> Sequence[Certified]:
    try:
        return certify_cases([case], dialect)[0]
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


def coarse(bound: float) -> float:
    """Return the least double that is not below `bound` and whose pattern has a lower half of zeros.

    Examples
    --------
    >>> coarse(0.1).hex(), coarse(0.0)
    ('0x1.9999a00000000p-4', 0.0)
    """
    return BINARY64.decode(BINARY64.encode(bound) + 0xFFFFFFFF >> 32 << 32)

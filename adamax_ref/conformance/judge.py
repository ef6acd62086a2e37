"""The judge: what an answer is worth, case by case.

First the bits, then the bounds; recipes under other names are tried over the whole run, in
:mod:`adamax_ref.conformance.verdict`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from adamax_ref.golden.case import Case, Expectation, Quantity
from adamax_ref.golden.patterns import decode, inside, same
from adamax_ref.truth.compare import ulp_distance

from .answer import Answer, Hello, Reported
from .wellformed import fault_of

ORDER = ("u", "m", "theta", "t")
"""In which order a step's quantities are looked at: causes before effects."""


@final
@dataclass(frozen=True)
class First:
    """The first number of a case that is not what it must be; `index` is None for the counter."""

    step: int
    quantity: str
    index: int | None
    got: str
    want: str
    lo: str | None = None
    hi: str | None = None
    ulps: int | None = None


@final
@dataclass(frozen=True)
class Judged:
    """A case with its status.

    Attributes
    ----------
    status : str
        ``untested``, ``error``, ``skipped``, ``refused-ok``, ``exact``, ``named``, ``certified``, ``failed`` or ``waived``.
    first : First, optional
        Of a failed case the first number outside its bound, of a certified one the first that differs in bits.
    waiver : str
        Why a failure is waived, and where that is written down.
    lacking : tuple of str
        What an untested case needs and the target does not have.
    """

    case: Case
    answer: Answer
    status: str
    reason: str = ""
    first: First | None = None
    recipe: str = ""
    waiver: str = ""
    lacking: tuple[str, ...] = ()


def missing_needs(case: Case, hello: Hello) -> list[str]:
    """Return what a case needs and a target does not have."""
    return [need for need in case.needs if need not in hello.features]


def judge(case: Case, answer: Answer, hello: Hello) -> Judged:
    """Give an answer its status; the first that applies of those of section 11 of the specification."""
    lacking = missing_needs(case, hello)
    if lacking:
        return Judged(case, answer, "untested", f"{', '.join(lacking)} not declared", lacking=tuple(lacking))
    if answer.error is not None:
        return Judged(case, answer, "error", ": ".join(answer.error))
    if answer.skipped is not None:
        return Judged(case, answer, "skipped", answer.skipped)
    if answer.refused is not None:
        legal = case.result == "value"
        return Judged(case, answer, "failed" if legal else "refused-ok", f"refused a legal case: {answer.refused}" if legal else "")
    if case.result == "reject":
        return Judged(case, answer, "failed", "computed what must be refused")
    return _values(case, answer.steps or (), hello, answer)


def _values(case: Case, steps: Sequence[Reported], hello: Hello, answer: Answer) -> Judged:
    fault = fault_of(case, steps, hello)
    if fault:
        return Judged(case, answer, "error", f"protocol: {fault}")
    found = [_compared(case, expected, steps, hello, answer) for expected in case.expected(hello.declares)]
    return min(found, key=lambda judged: ("exact", "certified", "failed").index(judged.status))


def _compared(case: Case, expected: Sequence[Expectation], steps: Sequence[Reported], hello: Hello, answer: Answer) -> Judged:
    departs = next(_departures(case, expected, steps, exact=True, hello=hello), None)
    if departs is None:
        return Judged(case, answer, "exact")
    outside = next(_departures(case, expected, steps, exact=False, hello=hello), None)
    return Judged(case, answer, "certified" if outside is None else "failed", first=outside or departs)


def _departures(
    case: Case, expected: Sequence[Expectation], steps: Sequence[Reported], exact: bool, hello: Hello
) -> Iterator[First]:
    """Yield every number that is not what it must be, step by step, u before m before theta before t."""
    for want, got in zip(expected, steps, strict=True):
        for name in ORDER:
            given = getattr(got, name)
            if given is None:
                continue
            if name == "t":
                if given != want.t:
                    yield First(want.step, "t", None, str(given), str(want.t))
            elif given != getattr(want, name).bits:
                yield from _elements(case, want.step, name, getattr(want, name), given, exact, hello)


def _elements(case: Case, step: int, name: str, want: Quantity, given: str, exact: bool, hello: Hello) -> Iterator[First]:
    form = case.form
    strict = "strict-zero" in case.flags and "zero-sign-any" not in hello.declares
    columns = (want.bits, want.lo, want.hi)
    rows = zip(decode(given, form), *(decode(text, form) for text in columns), strict=True)
    for index, (value, bits, lo, hi) in enumerate(rows):
        if same(value, bits):
            continue
        if not exact and inside(value, lo, hi) and not (strict and value == 0 == bits):
            continue
        got, wanted, least, most = (text.split(" ")[index] for text in (given, *columns))
        yield First(step, name, index, got, wanted, least, most, _ulps(ulp_distance(value, bits, form)))


def _ulps(distance: float) -> int | None:
    return int(distance) if distance != float("inf") else None

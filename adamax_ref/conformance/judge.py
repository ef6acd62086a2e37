"""Judge an answer: ask a target for a case, and give the case the status that its answer has shown.

First the bits are compared, then the bounds. A recipe under another name is looked for over a whole run, in
:mod:`adamax_ref.conformance.verdict`. All comparisons are between whole numbers, so that they hold in a process that
flushes subnormal numbers too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import final

from adamax_ref.golden.case import Case, Expectation, Quantity
from adamax_ref.golden.patterns import order_keys

from .answer import Answer, Hello, Reported, fault_of
from .target import Target

ORDER = ("u", "m", "theta", "t")
"""In which order a step's quantities are looked at: causes before effects."""


@final
class Status(StrEnum):
    """The status of a case, in the order in which reports count them.

    ``NAMED`` and ``WAIVED`` are never given by :func:`judge`: the first needs the whole run, the second a waiver.
    """

    EXACT = "exact"
    NAMED = "named"
    CERTIFIED = "certified"
    FAILED = "failed"
    REFUSED_OK = "refused-ok"
    UNTESTED = "untested"
    SKIPPED = "skipped"
    ERROR = "error"
    WAIVED = "waived"


PASSING = (Status.EXACT, Status.NAMED, Status.CERTIFIED, Status.REFUSED_OK)
FAILING = (Status.FAILED, Status.ERROR)


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
    status : Status
        The status that was shown for this case.
    reason : str
        Why the case was not compared, or why it fails where no number tells.
    kind : str
        Of an error: what happened, as docs/judge.md lists it.
    first : First, optional
        Of a failed case the first number outside its bound, of a certified or named one the first that differs in bits.
    recipe : str
        Name of the recipe that gives this answer bit for bit; only of a named case.
    freedom : str
        The declared freedom that gives the status: ``ftz`` or ``hyper32``, by whose answers the case passes, or
        ``zero-sign-any``; empty where the case passes without.
    waiver : str
        Why a failure is waived, and where that is written down.
    lacking : tuple of str
        What an untested case needs and the target does not have.
    """

    case: Case
    answer: Answer
    status: Status
    reason: str = ""
    first: First | None = None
    kind: str = ""
    recipe: str = ""
    freedom: str = ""
    waiver: str = ""
    lacking: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """The reason, after the kind of an error; empty where numbers tell all."""
        return f"{self.kind}: {self.reason}" if self.kind else self.reason

    @property
    def passes(self) -> bool:
        """True if the answer was compared and is right."""
        return self.status in PASSING

    @property
    def fails(self) -> bool:
        """True if the answer is wrong, or could not be read."""
        return self.status in FAILING


def missing_needs(case: Case, hello: Hello) -> list[str]:
    """Return what a case needs and a target does not have."""
    return [need for need in case.needs if need not in hello.features]


def ask(target: Target, case: Case, hello: Hello | None = None) -> Judged:
    """Send a case to a target and judge the answer; a case that needs what the target lacks is not sent.

    Every command, assertion and table goes through here, so that a case has one status. The target gets the question
    without the expected numbers.

    Parameters
    ----------
    hello : Hello, optional
        The target's, where it was read before; over a whole run it is read once.

    Examples
    --------
    >>> from adamax_ref.conformance.targets import open_target
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = open_corpus().cases("paper", "f32")[0]
    >>> ask(open_target("backend:numpy"), case).status
    <Status.EXACT: 'exact'>
    """
    hello = target.hello_for(case.dialect) if hello is None else hello
    question = replace(case, expect=None, either=None, kills=())
    return judge(case, Answer(case.id) if missing_needs(case, hello) else target.run(question), hello)


def judge(case: Case, answer: Answer, hello: Hello) -> Judged:
    """Give an answer its status; the first that applies of those of section 11 of the specification."""
    lacking = missing_needs(case, hello)
    if lacking:
        reason = f"{', '.join(lacking)} not declared"
        return Judged(case, answer, Status.UNTESTED, reason, lacking=tuple(lacking))
    if answer.error is not None:
        kind, message = answer.error
        return Judged(case, answer, Status.ERROR, message, kind=kind)
    if answer.unasked is not None:
        return Judged(case, answer, Status.UNTESTED, answer.unasked)
    if answer.skipped is not None:
        return Judged(case, answer, Status.SKIPPED, answer.skipped)
    if answer.refused is not None:
        if case.result == "reject":
            return Judged(case, answer, Status.REFUSED_OK)
        return Judged(case, answer, Status.FAILED, f"refused a legal case: {answer.refused}")
    if case.result == "reject":
        return Judged(case, answer, Status.FAILED, "computed what must be refused")
    return _values(case, answer, hello)


def _values(case: Case, answer: Answer, hello: Hello) -> Judged:
    fault = fault_of(case, answer.steps or (), hello)
    if fault:
        return Judged(case, answer, Status.ERROR, fault, kind="protocol")
    alternatives = ((each.when, each.expect) for each in case.either or () if each.when in hello.declares)
    questions = (("", case.expect or ()), *alternatives)
    judged = [_compared(case, expect, answer, freedom, strict="strict-zero" in case.flags) for freedom, expect in questions]
    if "zero-sign-any" in hello.declares and "strict-zero" in case.flags:
        judged.append(_compared(case, case.expect or (), answer, "zero-sign-any", strict=False))
    return min(judged, key=lambda each: tuple(Status).index(each.status))


def _compared(case: Case, expect: Sequence[Expectation], answer: Answer, freedom: str, strict: bool) -> Judged:
    """Compare an answer with one list of expectations; strictly, a zero of the other sign lies in no range."""
    steps = answer.steps or ()
    differs = next(_departures(case, expect, steps), None)
    if differs is None:
        return Judged(case, answer, Status.EXACT, freedom=freedom)
    outside = next(_departures(case, expect, steps, certified=True, strict=strict), None)
    if outside is None:
        return Judged(case, answer, Status.CERTIFIED, first=differs, freedom=freedom)
    return Judged(case, answer, Status.FAILED, first=outside)


def _departures(
    case: Case, expect: Sequence[Expectation], steps: Sequence[Reported], certified: bool = False, strict: bool = False
) -> Iterator[First]:
    """Yield every number that is not what it must be, by step, u before m before theta before t."""
    for want, got in zip(expect, steps, strict=True):
        for name in ORDER:
            answered = getattr(got, name)
            if answered is None:
                continue
            if name == "t":
                if answered != want.t:
                    yield First(want.step, "t", None, str(answered), str(want.t))
            elif answered != getattr(want, name).bits:
                yield from _elements(case, want.step, name, getattr(want, name), answered, certified, strict)


def _elements(case: Case, step: int, name: str, want: Quantity, answered: str, certified: bool, strict: bool) -> Iterator[First]:
    """Yield the elements of one quantity that differ in bits, or that lie outside their range."""
    texts = [text.split(" ") for text in (answered, want.bits, want.lo, want.hi)]
    keys = [order_keys(text, case.form) for text in (answered, want.bits, want.lo, want.hi)]
    rows = zip(zip(*texts, strict=True), zip(*keys, strict=True), strict=True)
    for index, ((got, wanted, least, most), (value, bits, lo, hi)) in enumerate(rows):
        if got == wanted or (value is None and bits is None):
            continue
        if certified and _inside(value, lo, hi) and not (strict and value == 0 == bits):
            continue
        ulps = None if value is None or bits is None else abs(value - bits)
        yield First(step, name, index, got, wanted, least, most, ulps)


def _inside(value: int | None, lo: int | None, hi: int | None) -> bool:
    """Tell whether a number lies in its range; NaN must meet NaN."""
    if value is None or lo is None or hi is None:
        return value is None and lo is None
    return lo <= value <= hi

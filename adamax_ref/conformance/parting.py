"""Two targets side by side: the same cases to both, and the first number in which their answers part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

from adamax_ref.golden.case import Case
from adamax_ref.golden.patterns import decode, same
from adamax_ref.truth.compare import ulp_distance

from .answer import Answer, Reported
from .judge import ORDER, First, judge, missing_needs
from .target import Target


@final
@dataclass(frozen=True)
class Parting:
    """One case sent to both targets.

    Attributes
    ----------
    case : Case
        Which.
    first : First or None
        The first number that differs: `got` is the first target's, `want` the second's. None where none does, or where
        the answers differ in kind.
    kinds : (str, str)
        What each answered: ``values``, ``refused: why``, ``skipped: why``, ``error: what``, or ``untested: need``.
    standing : (str, str)
        The status that the judge gives each answer.
    """

    case: Case
    first: First | None
    kinds: tuple[str, str]
    standing: tuple[str, str]

    @property
    def compared(self) -> bool:
        """Whether both targets have answered."""
        return all(kind.partition(":")[0] in ("values", "refused") for kind in self.kinds)

    @property
    def parts(self) -> bool:
        """Whether the answers differ, in a number or in kind; reasons may."""
        return self.compared and (self.first is not None or _sort(self.kinds[0]) != _sort(self.kinds[1]))


def partings(a: Target, b: Target, cases: list[Case]) -> Iterator[Parting]:
    """Send cases to two targets and yield how they compare.

    Examples
    --------
    >>> from adamax_ref.conformance.targets import open_target
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = open_corpus().cases("torch", "f32")
    >>> found = list(partings(open_target("bug:B16"), open_target("bug:B18"), cases))
    >>> next(each.first for each in found if each.case.id.endswith("u-decay/shrink-two"))
    First(step=1, quantity='u', index=0, got='3f800000', want='00000000', lo=None, hi=None, ulps=1065353216)
    """
    for case in cases:
        answers = [_asked(target, case) for target in (a, b)]
        hellos = [replace(target.hello, declares=target.declares(case.dialect)) for target in (a, b)]
        kinds = [_kind(case, *pair) for pair in zip(answers, (a, b), strict=True)]
        standing = [judge(case, *pair).status for pair in zip(answers, hellos, strict=True)]
        both = all(answer.steps is not None for answer in answers) and not any(status == "error" for status in standing)
        first = next(_differences(case, *answers), None) if both and case.error is None else None
        yield Parting(case, first, (kinds[0], kinds[1]), (standing[0], standing[1]))


def _asked(target: Target, case: Case) -> Answer:
    return Answer(case.id) if missing_needs(case, target.hello) else target.run(case)


def _kind(case: Case, answer: Answer, target: Target) -> str:
    if lacking := missing_needs(case, target.hello):
        return f"untested: {', '.join(lacking)} not declared"
    if answer.error is not None:
        return f"error: {': '.join(answer.error)}"
    if answer.refused is not None:
        return f"refused: {answer.refused}"
    return "values" if answer.skipped is None else f"skipped: {answer.skipped}"


def _sort(kind: str) -> str:
    return kind.partition(":")[0]


def _differences(case: Case, a: Answer, b: Answer) -> Iterator[First]:
    """Yield the numbers in which two answers differ: step by step, u before m before theta before the counter."""
    for mine, yours in zip(a.steps or (), b.steps or (), strict=True):
        for name in ORDER:
            yield from _in_quantity(case, mine, yours, name)


def _in_quantity(case: Case, mine: Reported, yours: Reported, name: str) -> Iterator[First]:
    left, right = getattr(mine, name), getattr(yours, name)
    if left is None or right is None or left == right:
        return
    if name == "t":
        yield First(mine.step, name, None, str(left), str(right))
        return
    for at, (x, y) in enumerate(zip(decode(left, case.form), decode(right, case.form), strict=True)):
        if not same(x, y):
            off = ulp_distance(x, y, case.form)
            ulps = None if off == float("inf") else int(off)
            yield First(mine.step, name, at, left.split(" ")[at], right.split(" ")[at], ulps=ulps)

"""Compare two targets: the same cases to both, and the first number in which their answers part."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.patterns import order_keys

from .answer import Answer, Reported
from .judge import ORDER, First, Judged, Status, ask
from .target import Target


@final
@dataclass(frozen=True)
class Comparison:
    """One case sent to both targets.

    Attributes
    ----------
    case : Case
        The case.
    judged : (Judged, Judged)
        Each target's answer with the status that the judge gives it.
    first : First or None
        The first number that differs: `got` is the first target's, `want` the second's. None where none does, or where
        the answers differ in kind.
    numbers : int
        How many numbers both targets show; only these were compared.
    """

    case: Case
    judged: tuple[Judged, Judged]
    first: First | None = None
    numbers: int = 0

    @property
    def compared(self) -> bool:
        """True if both targets have answered, with values or a refusal."""
        return all(map(answered, self.judged))

    @property
    def parts(self) -> bool:
        """True if the answers differ, in a number or in kind; reasons may."""
        one, other = ((each.answer.steps is None) for each in self.judged)
        return self.compared and (self.first is not None or one is not other)


def compare(a: Target, b: Target, cases: list[Case]) -> Iterator[Comparison]:
    """Send cases to two targets and yield how they compare.

    Examples
    --------
    >>> from adamax_ref.conformance.targets import open_target
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = open_corpus().cases("torch", "f32")
    >>> found = list(compare(open_target("bug:B16"), open_target("bug:B18"), cases))
    >>> next(each.first for each in found if each.case.id.endswith("u-decay/shrink-two"))
    First(step=1, quantity='u', index=0, got='3f800000', want='00000000', lo=None, hi=None, ulps=1065353216)
    """
    for case in cases:
        judged = ask(a, case), ask(b, case)
        values = all(answered(each) and each.answer.steps is not None for each in judged)
        if not values or case.error is not None:
            yield Comparison(case, judged)
            continue
        first = next(_differences(case, judged[0].answer, judged[1].answer), None)
        yield Comparison(case, judged, first, _common(judged[0].answer, judged[1].answer))


def quantities(a: Target, b: Target) -> tuple[str, ...]:
    """Return the quantities that both targets show, which are all that is compared."""
    return tuple(name for name in (*QUANTITIES, "t") if name in a.hello.exposes and name in b.hello.exposes)


def kind(judged: Judged) -> str:
    """Say what a target answered: ``values``, or ``refused``, ``skipped``, ``error`` or ``untested`` with the reason.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = open_corpus().cases("torch", "f32")[0]
    >>> kind(Judged(case, Answer(case.id), Status.UNTESTED, "l2 not declared"))
    'untested: l2 not declared'
    """
    if judged.answer.refused is not None:
        return f"refused: {judged.answer.refused}"
    return "values" if answered(judged) else f"{judged.status}: {judged.remark}"


def answered(judged: Judged) -> bool:
    """Tell whether a target answered, with values or a refusal."""
    return judged.status not in (Status.UNTESTED, Status.SKIPPED, Status.ERROR)


def _common(a: Answer, b: Answer) -> int:
    """Count the numbers that both answers show."""
    pairs = [
        (getattr(mine, name), getattr(yours, name))
        for mine, yours in zip(a.steps or (), b.steps or (), strict=True)
        for name in QUANTITIES
    ]
    return sum(len(left.split()) for left, right in pairs if left is not None and right is not None)


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
    words = zip(left.split(" "), right.split(" "), strict=True)
    keys = zip(order_keys(left, case.form), order_keys(right, case.form), strict=True)
    for at, ((one, other), (x, y)) in enumerate(zip(words, keys, strict=True)):
        if one != other and not (x is None and y is None):
            ulps = None if x is None or y is None else abs(x - y)
            yield First(mine.step, name, at, one, other, ulps=ulps)

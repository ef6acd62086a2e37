"""How like a bug's answer is to a target's: a quick test that a wrong suspicion fails, and a distance for the nearest bug.

The quick test follows from what a probable name asks for. Where the bug leaves the bounds by a wide margin the target must
be nearer to the bug's number than to the right one; where the bug changes nothing the target must be inside the bounds.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from adamax_ref.bugs import Bug
from adamax_ref.bugs.kills import apart, rows
from adamax_ref.exact.compare import ulp_distance
from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.patterns import decode, inside, same

from .judge import Judged
from .replay import Replay


class Number(NamedTuple):
    """One number of a case: the target's, the bug's, the right one with its bounds, and whether the bug's is far from it."""

    got: float
    bug: float
    right: float
    lo: float
    hi: float
    far: bool


def numbers(replay: Replay, bug: Bug, judged: Judged) -> Iterator[Number]:
    """Yield every number of a value case that the target shows, beside the bug's; nothing where the bug cannot run it."""
    case, steps, states = judged.case, judged.answer.steps or (), replay.states(bug, judged.case)
    for expect, row, got, state in zip(case.expect or (), rows(case), steps, states or (), strict=False):
        for name, limits in zip(QUANTITIES, row.columns, strict=True):
            text, want = getattr(got, name), getattr(expect, name)
            if text is None:
                continue
            columns = (decode(each, case.form) for each in (want.bits, want.lo, want.hi))
            table = zip(decode(text, case.form), getattr(state, name), *columns, limits, strict=True)
            yield from (Number(g, b, x, lo, hi, apart(b, *limit)) for g, b, x, lo, hi, limit in table)


def is_suspect(replay: Replay, bug: Bug, judged: Judged) -> bool:
    """Tell whether a bug may explain a failed case."""
    if judged.case.error is not None or judged.answer.steps is None:
        return replay.gives(bug, judged)
    found = list(numbers(replay, bug, judged))
    return bool(found) and all(map(_plausible, found))


def shows(replay: Replay, bug: Bug, judged: Judged) -> bool:
    """Tell whether a bug is far from the right answer in a number that the target shows."""
    return any(number.far for number in numbers(replay, bug, judged))


def _plausible(number: Number) -> bool:
    if same(number.bug, number.right):
        return inside(number.got, number.lo, number.hi)
    if not number.far:
        return True
    if not (math.isfinite(number.bug) and math.isfinite(number.right) and math.isfinite(number.got)):
        return same(number.got, number.bug)
    return abs(number.got - number.bug) < abs(number.got - number.right)


def distances(replay: Replay, bug: Bug, judged: Judged) -> list[float]:
    """Return how far a bug's numbers are from the target's where those are wrong, in units in the last place."""
    form = judged.case.form
    wrong = (number for number in numbers(replay, bug, judged) if not inside(number.got, number.lo, number.hi))
    return [ulp_distance(number.got, number.bug, form) for number in wrong]


def cost(case: Case) -> tuple[int, str]:
    """Order cases by how long they take to replay."""
    return len(case.steps) * max(math.prod(case.shape), 1), case.id

"""The bug bank replayed: what a known bug answers to a case, under a given order of operations, compared with a target.

An order of operations is a :class:`~adamax_ref.bugs.Parts`: a dialect, its variant or a permitted recipe. The
bounds of a case hold for all of them; what they span under a bug is therefore within the bounds of the bug's own answer.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple, final

from adamax_ref.bugs import Bug, Parts
from adamax_ref.bugs.kills import apart, rows
from adamax_ref.dialects import get
from adamax_ref.exact.compare import ulp_distance
from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.oracle import State, with_flushes
from adamax_ref.golden.patterns import decode, encode, inside, same
from adamax_ref.orders.axes import cover
from adamax_ref.recipe.profile import Format

from .answer import Answer, Hello, Reported
from .judge import Judged, judge
from .recipe_match import equal

States = Sequence[State]


@final
class Replay:
    """Bugs under one order of operations; what a bug answers to a case is computed once.

    Parameters
    ----------
    parts : Parts
        The order of operations.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._made: dict[tuple[str, str], States | None] = {}

    def states(self, bug: Bug, case: Case) -> States | None:
        """Return what the bug has after each reported step, or None where it cannot run the case at all."""
        key = bug.id, case.id
        if key not in self._made:
            self._made[key] = None if bug.crashes_on_empty and math.prod(case.shape) == 0 else _reported(bug, case, self.parts)
        return self._made[key]

    def gives(self, bug: Bug, judged: Judged) -> bool:
        """Tell whether the bug answers a case as the target did, bit for bit in all that the target shows."""
        case, steps = judged.case, judged.answer.steps
        if case.error is not None:
            return (case.error.class_ in bug.accepts) is (steps is not None)
        states = self.states(bug, case)
        if states is None or steps is None:
            return False
        return all(equal(state, got, case.form) for state, got in zip(states, steps, strict=True))

    def passes(self, bug: Bug, case: Case, hello: Hello) -> bool:
        """Tell whether the judge would let the bug's answer pass, seeing only what the target shows."""
        if case.error is not None:
            return case.error.class_ not in bug.accepts
        states = self.states(bug, case)
        return states is not None and not judge(case, answer(case, states, hello.exposes), hello).fails


def answer(case: Case, states: States, exposes: Sequence[str] = (*QUANTITIES, "t")) -> Answer:
    """Write states as an answer that shows the quantities in `exposes`."""
    return Answer(case.id, steps=tuple(_shown(*pair, case.form, exposes) for pair in zip(case.report, states, strict=True)))


def _shown(step: int, state: State, form: Format, exposes: Sequence[str]) -> Reported:
    theta, m, u = (encode(getattr(state, name), form) if name in exposes else None for name in QUANTITIES)
    return Reported(step, theta, m, u, state.t if "t" in exposes else None)


def _reported(bug: Bug, case: Case, parts: Parts) -> States | None:
    try:
        found = list(bug.trajectory(case, parts))
    except (ArithmeticError, ValueError):  # another order of operations may divide by what the bug made 0
        return None
    return [_stored(found[number - 1], parts) for number in case.report]


def _stored(state: State, parts: Parts) -> State:
    """Return a state as it can be shown: some bugs keep more than the type of the profile holds."""
    theta, m, u = (tuple(map(parts.stored, column)) for column in (state.theta, state.m, state.u))
    return State(state.t, theta, m, u)


@cache
def orders(dialect: str, profile: str) -> tuple[Replay, ...]:
    """Return replays that together do every operation that a permitted recipe does.

    The first is that of a program that computes in double and stores in a shorter type, as many do.
    """
    law = get(dialect)
    found = {each.name: with_flushes(each) for decaying in (False, True) for each in cover(law, profile, decaying)}
    wide = [Parts(with_flushes(law), "f64", storage=profile)] if profile in ("f32", "f16", "bf16") and "f64" in law.profiles else []
    return tuple(map(Replay, [*wide, *(Parts(each, profile) for each in found.values())]))


def spans(replays: Sequence[Replay], bug: Bug, judged: Judged) -> bool:
    """Tell whether every number of a target's answer lies between the least and the greatest that the replays give."""
    case, steps = judged.case, judged.answer.steps
    if case.error is not None:
        return replays[0].gives(bug, judged)
    if any(replay.gives(bug, judged) for replay in replays):
        return True
    runs = [states for replay in replays if (states := replay.states(bug, case)) is not None]
    if not runs or steps is None:
        return False
    return all(_between([run[at] for run in runs], got, case.form) for at, got in enumerate(steps))


def _between(states: States, got: Reported, form: Format) -> bool:
    if got.t is not None and got.t != states[0].t:
        return False
    for name in QUANTITIES:
        text = getattr(got, name)
        if text is not None and not all(_within(*pair) for pair in _columns(states, name, decode(text, form))):
            return False
    return True


def _columns(states: States, name: str, values: Sequence[float]) -> Iterator[tuple[float, list[float]]]:
    return ((value, [getattr(state, name)[at] for state in states]) for at, value in enumerate(values))


def _within(value: float, column: list[float]) -> bool:
    finite = [x for x in column if x == x]
    if len(finite) < len(column) and value != value:
        return True
    return bool(finite) and (inside(value, min(finite), max(finite)) or any(same(value, x) for x in finite))


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

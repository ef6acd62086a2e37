"""Find the bugs that a case kills.

A case kills a bug if the judge fails the bug's answer to it, and if one number of that answer is at least :data:`MARGIN`
bounds away from the right one, or differs in class, in the counter, or in the kind of answer. The margin makes a kill hold
for every permitted order of operations; the verdict on a whole run is :func:`adamax_ref.conformance.run.conclude`'s.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from adamax_ref.dialects import get
from adamax_ref.golden.case import QUANTITIES, Case, Expectation
from adamax_ref.golden.oracle import State, with_flushes
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.profile import BINARY64

from . import Bug, bank
from .parts import Parts

MARGIN = 4
"""In bounds; section 8 of the specification."""

FEW, MANY = 8, 256
"""So many elements of a larger tensor are looked at first, for most bugs show in every element; and so many at most for a bug
that each element makes by itself. What long tensors are there for is the bugs of their length, which see all of it."""


class Row(NamedTuple):
    """The numbers that a reported step must give, decoded: for each quantity the true values and how far off is far."""

    step: int
    t: int
    columns: tuple[tuple[tuple[float, float], ...], ...]


class Departure(NamedTuple):
    """First number of a bug's answer that is too far off.

    Attributes
    ----------
    step : int
        Reported step, from 1.
    quantity : str
        ``u``, ``m``, ``theta`` or ``t``: the first that is too far off, causes before effects.
    element : int
        Which element; 0 for the counter.
    right, wrong : mapping of str to float
        What each quantity of this element must be, and what the bug has.
    """

    step: int
    quantity: str
    element: int
    right: Mapping[str, float]
    wrong: Mapping[str, float]


def killed_by(case: Case) -> tuple[str, ...]:
    """Return the ids of the bugs that a case kills, sorted."""
    dialect, wanted = get(case.dialect), rows(case)
    return tuple(name for name, bug in bank().items() if bug.applies(dialect, case.profile) and kills(case, bug, wanted))


def kills(case: Case, bug: Bug, wanted: Sequence[Row] | None = None) -> bool:
    """Tell whether a case kills a bug.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = next(c for c in open_corpus().cases("torch", "f32") if c.id.endswith("shrink-two"))
    >>> kills(case, bank()["B16"]), kills(case, bank()["B38"])
    (True, False)
    """
    if case.error is not None:
        return case.error.class_ in bug.accepts
    if bug.crashes_on_empty and math.prod(case.shape) == 0:
        return True
    return departs(case, bug, wanted)


def departs(case: Case, bug: Bug, wanted: Sequence[Row] | None = None) -> bool:
    """Tell whether a bug's answer leaves a case's bounds by the margin; `wanted` are the case's :func:`rows`."""
    wanted = rows(case) if wanted is None else wanted
    count = math.prod(case.shape)
    if bug.is_elementwise and count > MANY:
        case, wanted = _few(case, MANY), [_fewer(row, MANY) for row in wanted]
    if bug.is_elementwise and count > FEW and _departs(_few(case, FEW), bug, [_fewer(row, FEW) for row in wanted]):
        return True
    return _departs(case, bug, wanted)


def _departs(case: Case, bug: Bug, wanted: Sequence[Row]) -> bool:
    return any(far(state, row) for state, row in _answers(case, bug, wanted))


def _answers(case: Case, bug: Bug, wanted: Sequence[Row]) -> Iterator[tuple[State, Row]]:
    """Yield what a bug has after each reported step, with what it should have."""
    by_step = {row.step: row for row in wanted}
    trajectory = bug.trajectory(case, parts(case.dialect, case.profile))
    return ((state, by_step[number]) for number, state in enumerate(trajectory, 1) if number in by_step)


def departure(case: Case, bug: Bug) -> Departure | None:
    """Return where a bug's answer first is too far off, None where it passes.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = next(c for c in open_corpus().cases("torch", "f64") if c.id.endswith("u-decay/alternate"))
    >>> found = departure(case, bank()["B15"])
    >>> found.step, found.quantity, found.element, found.right["u"], found.wrong["u"]
    (2, 'u', 0, 0.888671875, 1.015625)
    """
    for state, row in _answers(case, bug, rows(case)):
        for quantity, element in _places(state, row):
            columns = zip(QUANTITIES, (state.theta, state.m, state.u), row.columns, strict=True)
            pairs = {name: (true[element][0], got[element]) for name, got, true in columns if got}
            pairs["t"] = (float(row.t), float(state.t))
            right, wrong = ({name: pair[side] for name, pair in pairs.items()} for side in (0, 1))
            return Departure(row.step, quantity, element, right, wrong)
    return None


def _places(state: State, row: Row) -> Iterator[tuple[str, int]]:
    """Yield each quantity and element that is too far off: norm, moment, parameter, counter."""
    for name, got_s, wanted in (
        ("u", state.u, row.columns[2]),
        ("m", state.m, row.columns[1]),
        ("theta", state.theta, row.columns[0]),
    ):
        yield from ((name, at) for at, (got, pair) in enumerate(zip(got_s, wanted, strict=True)) if apart(got, *pair))
    if state.t != row.t:
        yield "t", 0


def _few(case: Case, count: int) -> Case:
    """Return a case of the first elements alone."""
    end = count * (case.form.width // 4 + 1) - 1
    steps = tuple(each if each.grad is None else replace(each, grad=each.grad[:end]) for each in case.steps)
    init = replace(case.init, theta=case.init.theta[:end], m=case.init.m[:end], u=case.init.u[:end])
    return replace(case, shape=(count,), init=init, steps=steps)


def _fewer(row: Row, count: int) -> Row:
    return Row(row.step, row.t, tuple(column[:count] for column in row.columns))


def described(cases: Iterable[Case]) -> dict[str, object]:
    """Return the content of BUGS.json: every bug, how many cases kill it where it can show, and why it cannot elsewhere."""
    by_bug: dict[str, dict[str, list[Case]]] = {name: {} for name in bank()}
    where = set()
    for case in cases:
        pair = f"{case.dialect}/{case.profile}"
        where.add((case.dialect, case.profile))
        for name in case.kills:
            by_bug[name].setdefault(pair, []).append(case)
    return {name: _entry(bug, by_bug[name], where) for name, bug in bank().items()}


def _entry(bug: Bug, killers: dict[str, list[Case]], where: set[tuple[str, str]]) -> dict[str, object]:
    applies: list[str] = []
    silent: dict[str, list[str]] = {}
    for dialect, profile in sorted(where):
        reason = bug.applies.why_not(get(dialect), profile)
        (silent.setdefault(reason, []) if reason else applies).append(f"{dialect}/{profile}")
    killed = {pair: len(killers.get(pair, ())) for pair in applies}
    told = {"title": bug.title, "effect": bug.effect, "hint": bug.hint, "source": bug.source}
    return told | {"cannotShow": silent, "killedBy": killed}


def size(case: Case) -> tuple[int, str]:
    """Return what a case costs to look at: numbers, then features, then the id."""
    return (len(case.steps) * max(math.prod(case.shape), 1) + len(case.needs), case.id)


@cache
def parts(dialect: str, profile: str) -> Parts:
    """Return a dialect in parts."""
    return Parts(with_flushes(get(dialect)), profile)


def rows(case: Case) -> tuple[Row, ...]:
    """Decode a case's expectations."""
    return tuple(_row(case, expect) for expect in case.expect or ())


def _row(case: Case, expect: Expectation) -> Row:
    columns = []
    for name in QUANTITIES:
        quantity = getattr(expect, name)
        true, bound = decode(quantity.true, case.form), decode(quantity.bound, BINARY64)
        half = 2.0**-(case.form.precision)
        reach = (MARGIN * b + abs(x) * half + case.form.smallest / 2 for x, b in zip(true, bound, strict=True))
        columns.append(tuple(zip(true, reach, strict=True)))
    return Row(expect.step, expect.t, tuple(columns))


def far(state: State, row: Row) -> bool:
    """Tell whether a state is too far from what a reported step must give."""
    if state.t != row.t:
        return True
    columns = zip((state.theta, state.m, state.u), row.columns, strict=True)
    return any(apart(got, true, reach) for got_s, wanted in columns for got, (true, reach) in zip(got_s, wanted, strict=True))


def apart(got: float, true: float, reach: float) -> bool:
    """Tell whether a number is farther than `reach` from the true one, or of another class."""
    if not (math.isfinite(got) and math.isfinite(true)):
        return not (got == true or (got != got and true != true))
    return abs(got - true) > reach

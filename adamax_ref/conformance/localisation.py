"""Find the first step that is wrong by itself: judge each from the target's own state before it (teacher forcing).

Errors of earlier steps then take no part: a step is wrong or right by itself. Where m and u are not shown, those of the right
Adamax stand in for them, together with what any permitted order of operations may have added; the parameter is forced all
the same, by a learning rate of 0 in the steps before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adamax_ref.dialects import get
from adamax_ref.exact.certify import Certified, Quantity, Step, certify
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State, start, with_flushes
from adamax_ref.golden.patterns import decode, encode, inside
from adamax_ref.recipe.hyper import Hyperparameters

from .answer import Hello, Reported
from .cause import Slip
from .judge import Judged

_LONGEST = 64
"""Steps; a case with more is not taken apart."""

_LETTERS = {"u": "u", "m": "m", "theta": "p"}


def localise(judged: Judged, hello: Hello) -> Slip | None:
    """Return the first step that is wrong by itself, or None where the case cannot be taken apart.

    Parameters
    ----------
    judged : Judged
        A case with values, failed or not.
    hello : Hello
        What the target said of itself.

    Returns
    -------
    Slip or None
        With step 0 where every step by itself is right.
    """
    case, steps = judged.case, judged.answer.steps
    if case.result != "value" or not steps or len(case.expected(hello.declares)) > 1 or len(case.steps) > _LONGEST:
        return None
    whole = {"m", "u"} <= {*hello.exposes}
    if not whole and case.hyper.decay == "l2":
        return None  # the gradient that m and u are made of depends on the parameter
    try:
        limits = _forced(case, steps) if whole else _half_forced(case, steps)
        found = (slip for step, now in zip(steps, limits, strict=True) for slip in _outside(case, step, now))
        return next(found, Slip(case.id, 0))
    except ValueError:
        return None  # numbers that no right program comes to, from which nothing follows


def _forced(case: Case, steps: Sequence[Reported]) -> Iterator[Certified]:
    """Yield what the steps since the last report make of the target's own state there."""
    state, done = start(case), 0
    for each in steps:
        *_, now = _certified(case, state, _steps(case)[done : each.step])
        yield now
        theta, m, u = (decode(getattr(each, name), case.form) for name in ("theta", "m", "u"))
        state, done = State(state.t if each.t is None else each.t, theta, m, u), each.step
        state = replace(state, t=now.t) if each.t is None else state


def _half_forced(case: Case, steps: Sequence[Reported]) -> Iterator[Certified]:
    """Yield the same with the moments of the right Adamax: steps that were seen before move only those."""
    first, theta, done = start(case), start(case).theta, 0
    every = _steps(case)
    for each in steps:
        still = [Step(step.grad, replace(step.hyper, lr=0.0)) for step in every[:done]]
        *_, now = _certified(case, replace(first, theta=theta), [*still, *every[done : each.step]])
        yield now
        theta, done = decode(each.theta or "", case.form), each.step


def _certified(case: Case, state: State, steps: Sequence[Step]) -> list[Certified]:
    law = with_flushes(get(case.dialect))
    return certify(law, case.profile, state.theta, state.m, state.u, state.t, steps, undecided="mark")


def _steps(case: Case) -> list[Step]:
    return [
        Step(None if each.grad is None else decode(each.grad, case.form), _hyper(case, at)) for at, each in enumerate(case.steps)
    ]


def _hyper(case: Case, at: int) -> Hyperparameters:
    return case.hyper.at(case.steps[at])


def _outside(case: Case, got: Reported, now: Certified) -> Iterator[Slip]:
    """Yield what lies outside after one reported step: u before m before theta before the counter."""
    for name, letter in _LETTERS.items():
        text = getattr(got, name)
        if text is None:
            continue
        want: Quantity = getattr(now, letter)
        unsure = {at for undecided, at in now.undecided if undecided == letter}
        rows = zip(decode(text, case.form), want.lo, want.hi, strict=True)
        for at, (value, lo, hi) in enumerate(rows):
            if at not in unsure and not inside(value, lo, hi):
                yield Slip(case.id, got.step, name, at, *(encode([x], case.form) for x in (value, lo, hi)))
    if got.t is not None and got.t != now.t:
        yield Slip(case.id, got.step, "t", None, str(got.t), str(now.t), str(now.t))

"""The lines of ``adamax-ref explain``: a case, the operations of its steps, the bugs it kills, and a target's answer."""

import difflib
import math
from collections.abc import Iterator, Sequence

from adamax_ref.bugs import Bug, bank
from adamax_ref.bugs.kills import departure, parts
from adamax_ref.conformance.answer import Hello
from adamax_ref.conformance.bug_replay import Replay
from adamax_ref.conformance.judge import Judged, Status
from adamax_ref.conformance.localisation import localise
from adamax_ref.dialects import get
from adamax_ref.exact.trace import trace
from adamax_ref.golden.case import QUANTITIES, Case, Number
from adamax_ref.golden.flags import FLAGS
from adamax_ref.golden.load import Corpus
from adamax_ref.golden.oracle import State, canonical, start, trajectory, with_flushes
from adamax_ref.golden.patterns import decode, encode
from adamax_ref.recipe.profile import PROFILES

from .terminal import decimal, difference, place, slipped
from .trace import operation_line

_WIDE = 4  # so many elements of an array are shown


def found(corpus: Corpus, case_id: str) -> Case:
    """Return the case of an id; ValueError when the corpus has none."""
    dialect, _, rest = case_id.partition("/")
    profile = rest.partition("/")[0]
    cases = corpus.cases(dialect, profile, corpus.manifest.level)
    for case in cases:
        if case.id == case_id:
            return case
    near = difflib.get_close_matches(case_id, [case.id for case in cases], cutoff=0.0)
    raise ValueError(f"no case {case_id!r} in this corpus; there are for example {', '.join(near)}")


def story(case: Case, element: int, steps: int) -> Iterator[str]:
    """Yield the story of a case, line by line."""
    yield f"{case.id} rev {case.rev}"
    yield f"  {case.why}"
    yield from (f"  {flag:<20} {FLAGS[flag].why}" for flag in case.flags if flag in FLAGS)
    yield f"  tests clauses {', '.join(case.spec)}; needs {', '.join(case.needs) or 'nothing'}"
    yield f"  {_hyper(case)}"
    if case.error is not None:
        yield f"  to be refused: {case.error.field} is wrong ({case.error.class_})"
        yield from (f"  {name:<5} {getattr(case.init, name)}" for name in QUANTITIES)
    else:
        yield f"  starts with {_state(start(case))}"
        yield from _steps(case, element, steps)
    yield from _kills(case)


def _hyper(case: Case) -> str:
    h = case.hyper
    numbers = {"lr": h.lr, "beta1": h.beta1, "beta2": h.beta2, "eps": h.eps, "weight_decay": h.weight_decay}
    decay = "" if h.decay == "none" else f" ({h.decay})"
    return "  ".join(f"{name} {_number(each)}" for name, each in numbers.items()) + decay + ("  maximize" if h.maximize else "")


def _number(number: Number) -> str:
    return number.dec


def _state(state: State) -> str:
    return f"theta {_few(state.theta)}  m {_few(state.m)}  u {_few(state.u)}  t {state.t}"


def _few(values: Sequence[float]) -> str:
    text = ", ".join(f"{value:.9g}" for value in values[:_WIDE])
    return f"[{text}{', ...' if len(values) > _WIDE else ''}]"


def _steps(case: Case, element: int, most: int) -> Iterator[str]:
    """Yield the first steps operation by operation, and of the others what comes out."""
    states = list(trajectory(canonical(with_flushes(get(case.dialect)), case.profile), case))
    before = start(case)
    for at, (step, after) in enumerate(zip(case.steps, states, strict=True)):
        if step.grad is None:
            yield f"step {at + 1}: skipped; nothing changes"
        elif at < most:
            grad = decode(step.grad, case.form)
            yield f"step {at + 1}: gradient {_few(grad)}{'' if step.lr is None else f', lr {step.lr.dec}'}"
            if before.theta:
                yield from _operations(case, at, before, grad, min(element, len(grad) - 1))
        if at + 1 in case.report and at < most:
            yield from _expected(case, case.report.index(at + 1), min(element, max(len(after.theta) - 1, 0)))
        before = after
    if len(case.steps) > most:
        yield f"... up to step {len(case.steps)}: {_state(states[-1])}"


def _operations(case: Case, at: int, before: State, grad: Sequence[float], element: int) -> Iterator[str]:
    """Yield the operations of one element's step, as the framework does them, from the right state before it."""
    if PROFILES[case.profile].is_complex:
        return  # the hand calculator follows real numbers
    yield f"  element {element}"
    numbers = (before.theta[element], before.m[element], before.u[element])
    h = case.hyper.at(case.steps[at])
    for line in trace(with_flushes(get(case.dialect)), case.profile, h, [grad[element]], *numbers, before.t):
        yield f"  {operation_line(line.name, line.formula, line.rounded, line.exact, line.ulps, line.bound)}"


def _expected(case: Case, at: int, element: int) -> Iterator[str]:
    expect = (case.expect or ())[at]
    yield f"  must be, after step {expect.step}: t {expect.t}"
    for name in ("u", "m", "theta"):
        quantity = getattr(expect, name)
        texts = [text.split()[element : element + 1] for text in (quantity.bits, quantity.lo, quantity.hi)]
        if all(texts):
            bits, lo, hi = (decimal(case.form, text) for (text,) in texts)
            yield f"    {f'{name}[{element}]':<10} {bits}, allowed {lo} to {hi}"


def _kills(case: Case) -> Iterator[str]:
    """Yield how each bug that the case kills looks in it."""
    yield f"kills {len(case.kills)} bugs of the bank:"
    for name in case.kills:
        if name in bank():
            yield f"  {name} {bank()[name].title}: {_looks(case, bank()[name])}"


def _looks(case: Case, bug: Bug) -> str:
    """Say where the wrong value shows first, and what it is."""
    if case.error is not None:
        return "computes it"
    if bug.crashes_on_empty and math.prod(case.shape) == 0:
        return "crashes"
    found = departure(case, bug)
    if found is None:
        return "shows in bits that are not compared here"
    name, step = found.quantity, found.step
    wrong, right = found.wrong[name], found.right[name]
    if name == "t":
        return f"t after step {step} is {wrong:.0f}, right is {right:.0f}"
    texts = [decimal(case.form, encode([number], case.form)) for number in (wrong, right)]
    return f"{name}[{found.element}] after step {step} is {texts[0]}, right is {texts[1]}"


def answered(judged: Judged, hello: Hello) -> Iterator[str]:
    """Yield what a target made of the case."""
    yield f"{hello.name} {hello.version}: {judged.status}{f' ({judged.remark})' if judged.remark else ''}"
    if judged.first is not None:
        yield f"  step {judged.first.step}  {place(judged.first)}: {difference(judged.case, judged.first)}"
    slip = localise(judged, hello) if judged.status is Status.FAILED else None
    if slip is not None:
        yield f"  {slipped(slip)}"
    if judged.status is Status.FAILED:
        replay = Replay(parts(judged.case.dialect, judged.case.profile))
        applying = (bug for bug in bank().values() if bug.applies(get(judged.case.dialect), judged.case.profile))
        alike = [f"{bug.id} {bug.title}" for bug in applying if replay.gives(bug, judged)]
        yield f"  in this case alone, bit for bit like: {'; '.join(alike) or 'no known bug'}"

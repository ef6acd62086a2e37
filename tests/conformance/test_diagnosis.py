"""What a diagnosis may say, and on what grounds; and which step of a case is wrong by itself."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from adamax_ref.bugs import Bug, Parts, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.bug_replay import Replay, answer, orders, spans
from adamax_ref.conformance.cause import UNDIAGNOSED, Diagnosis
from adamax_ref.conformance.diagnosis import base, diagnose
from adamax_ref.conformance.judge import Judged, Status, judge
from adamax_ref.conformance.localisation import localise
from adamax_ref.conformance.targets.bug import BugTarget
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import State, with_flushes
from adamax_ref.orders.axes import permitted
from adamax_ref.reports.terminal import diagnosed

RIGHT = Bug("B00", "none", "", "", "")
HELLO = Hello("target", "1", "c", ("torch",), ("f32",))
THETA = replace(HELLO, exposes=("theta",))


@cache
def cases(*categories: str) -> list[Case]:
    """Return the shipped cases of torch in binary32, of some categories."""
    return [case for case in open_corpus().cases("torch", "f32") if not categories or case.category in categories]


def named(case_id: str) -> Case:
    """Return the case whose id ends so."""
    return next(case for case in cases() if case.id.endswith(case_id))


@cache
def replay() -> Replay:
    """Return the bank under PyTorch's own order of operations."""
    return Replay(parts("torch", "f32"))


def answers(bug: Bug, over: Sequence[Case], hello: Hello = HELLO) -> list[Judged]:
    """Judge a bug on some cases."""
    target = BugTarget(bug, Replay(parts("torch", "f32")), hello.exposes)
    return [judge(case, target.run(case), hello) for case in over]


def diagnosis(bug: Bug, *categories: str, hello: Hello = HELLO) -> Diagnosis:
    """Diagnose a bug on the cases of some categories."""
    return diagnose(answers(bug, cases(*categories), hello), hello, replay())


def test_where_nothing_failed_there_is_nothing_to_explain() -> None:
    assert diagnosis(RIGHT, "u-decay") is UNDIAGNOSED


def test_what_a_target_cannot_run_is_never_named() -> None:
    errors = [judge(case, Answer(case.id, error=("adapter-error", "no")), HELLO) for case in cases("u-decay")]
    skips = [judge(case, Answer(case.id, skipped="no time"), HELLO) for case in cases("u-decay")]
    assert diagnose(errors + skips, HELLO, replay()) is UNDIAGNOSED
    assert diagnosis(bank()["B39"], "shape") is UNDIAGNOSED


def test_one_failed_case_is_no_ground_for_a_name_and_what_would_be_is_said() -> None:
    found = diagnose(answers(bank()["B16"], [named("u-decay/shrink-two")]), HELLO, replay())
    assert found.causes == ()
    assert found.nearest is not None
    assert (found.nearest.bug, found.nearest.explained, found.nearest.failed) == ("B16", 1, 1)
    assert found.deciding == "B16 (u decays with beta1) fits, but a name needs 2 failed cases; run --level full"


@pytest.mark.parametrize(("bug", "category", "output"), [("B47", "shape", "u"), ("B06", "chain", "t")])
def test_bugs_that_theta_cannot_tell_apart_are_all_named_with_the_output_that_would(bug: str, category: str, output: str) -> None:
    found = diagnosis(bank()[bug], category, hello=THETA)
    assert len(found.causes) > 1
    assert bug in [cause.bug for cause in found.causes]
    assert found.deciding == f"expose {output}"
    assert any("not told apart by these cases" in line for line in diagnosed(found))
    telling = replace(HELLO, exposes=("theta", output))
    assert [cause.bug for cause in diagnosis(bank()[bug], category, hello=telling).causes] == [bug]


def test_a_failure_beside_the_bugs_own_takes_the_name_away() -> None:
    found = answers(bank()["B16"], cases("u-decay"))
    other = answers(bank()["B29"], [named("first/any-size")])
    assert [cause.bug for cause in diagnose(found, HELLO, replay()).causes] == ["B16"]
    mixed = diagnose([*found, *other], HELLO, replay())
    assert mixed.causes == ()
    assert mixed.nearest is not None and mixed.nearest.bug == "B16"
    assert any("none of the known bugs; nearest is B16" in line for line in diagnosed(mixed))


def test_a_case_that_passes_against_the_bug_takes_the_name_away() -> None:
    found = answers(bank()["B16"], cases("u-decay"))
    failed = next(at for at, each in enumerate(found) if each.status == "failed")
    found[failed] = answers(RIGHT, [found[failed].case])[0]
    assert diagnose(found, HELLO, replay()).causes == ()


def test_an_illegal_input_that_is_computed_is_named_only_by_a_bug_that_accepts_it() -> None:
    found = diagnosis(bank()["B45"])
    assert [cause.bug for cause in found.causes] == ["B45"]
    reject = [each for each in answers(RIGHT, cases("reject", "u-decay")) if each.case.error is not None or each.status == "exact"]
    wrong = [
        judge(each.case, Answer(each.case.id, steps=()), HELLO)
        if each.case.error is not None
        else answers(bank()["B16"], [each.case])[0]
        for each in reject
    ]
    assert diagnose(wrong, HELLO, replay()).causes == ()


def test_a_waived_failure_takes_no_part() -> None:
    found = [
        replace(each, status=Status.WAIVED) if each.status == "failed" else each
        for each in answers(bank()["B16"], cases("u-decay"))
    ]
    assert diagnose(found, HELLO, replay()) is UNDIAGNOSED


def test_the_order_of_operations_is_told_from_the_passing_cases() -> None:
    text = "m=sum mfma=g c1=host bias=host power=exact final=F2 endfma=no decayfma=no"
    law = next(law for law in permitted(get("torch"), "f32", decaying=True) if text in law.name)
    target = BugTarget(RIGHT, Replay(Parts(law, "f32")))
    found = [judge(case, target.run(case), HELLO) for case in cases("moment", "u-decay", "dtype", "chain", "lr", "decay")]
    certified = [each for each in found if each.status == "certified"]
    assert certified
    picked = base(certified, "torch", "f32").parts.dialect
    assert {axis for axis in picked.name.split()} >= {"m=sum", "mfma=g", "final=F2"}
    exact = [judge(case, answer(case, replay().states(RIGHT, case) or ()), HELLO) for case in cases("moment")]
    assert base(exact, "torch", "f32").parts is parts("torch", "f32")


def test_a_program_that_computes_in_double_has_a_probable_cause() -> None:
    double = Replay(Parts(with_flushes(get("torch")), "f64", storage="f32"))
    target = BugTarget(bank()["B16"], double)
    found = diagnose([judge(case, target.run(case), HELLO) for case in cases("u-decay", "dtype")], HELLO)
    assert [(cause.bug, cause.strength) for cause in found.causes] == [("B16", "probable")]
    assert any("probable: " in line and "within what its orders of operations give" in line for line in diagnosed(found))


def test_a_number_outside_what_the_orders_of_operations_give_is_not_explained() -> None:
    case, bug = named("u-decay/shrink-two"), bank()["B16"]
    [judged] = answers(bug, [case])
    assert spans(orders("torch", "f32"), bug, judged)
    last = (judged.answer.steps or ())[-1]
    moved = replace(last, u=_next(last.u or "", 9))
    wrong = replace(judged, answer=replace(judged.answer, steps=((judged.answer.steps or ())[0], moved)))
    assert not spans(orders("torch", "f32"), bug, wrong)


def _next(patterns: str, ulps: int) -> str:
    first, *rest = patterns.split(" ")
    return " ".join([f"{int(first, 16) + ulps:08x}", *rest])


def _moved(reported: Reported, quantity: str) -> Reported:
    changes: dict[str, Any] = {quantity: _next(getattr(reported, quantity), 4096)}
    return replace(reported, **changes)


def meddled(case: Case, step: int, change: Callable[[Reported], Reported], hello: Hello = HELLO) -> Judged:
    """Judge an Adamax that is right but for one step, from which it goes on as the right one would."""
    states = list(replay().states(RIGHT, case) or ())
    shown = list(answer(case, states).steps or ())
    shown[step - 1] = change(shown[step - 1])
    after = shown[step - 1]
    begin = State(states[step - 1].t, *(_decoded(getattr(after, name), case) for name in ("theta", "m", "u")))
    onward = Bug("X", "", "", "", "", begin=lambda state: begin)
    rest = replace(case, steps=case.steps[step:], report=tuple(number - step for number in case.report[step:]))
    shown[step:] = [
        replace(each, step=each.step + step)
        for each in answer(rest, Replay(parts("torch", "f32")).states(onward, rest) or (), hello.exposes).steps or ()
    ]
    hidden: dict[str, Any] = {name: None for name in ("m", "u", "t") if name not in hello.exposes}
    steps = tuple(replace(each, **hidden) for each in shown)
    return judge(case, Answer(case.id, steps=steps), hello)


def _decoded(text: str, case: Case) -> tuple[float, ...]:
    return tuple(case.form.decode(int(word, 16)) for word in text.split())


@pytest.mark.parametrize("quantity", ["u", "m", "theta"])
def test_the_step_that_is_wrong_is_told_from_those_that_follow_from_it(quantity: str) -> None:
    case = named("moment/impulse")
    assert list(case.report) == list(range(1, len(case.steps) + 1)) and len(case.steps) >= 3
    judged = meddled(case, 2, lambda each: _moved(each, quantity))
    assert judged.status == "failed"
    slip = localise(judged, HELLO)
    assert slip is not None
    assert (slip.step, slip.quantity, slip.index) == (2, quantity, 0)
    assert slip.lo <= slip.hi and not slip.lo <= slip.got <= slip.hi
    right = answer(case, replay().states(RIGHT, case) or ()).steps or ()
    wrong = [got.step for got, want in zip(judged.answer.steps or (), right, strict=True) if got != want]
    assert wrong == [2, 3, 4], "the fault is carried on, and the steps after are not blamed for it"


def test_with_theta_alone_the_step_is_found_as_well() -> None:
    case = named("moment/sign-changes")
    judged = meddled(case, 2, lambda each: replace(each, theta=_next(each.theta or "", 4096)), THETA)
    slip = localise(judged, THETA)
    assert slip is not None
    assert (slip.step, slip.quantity) == (2, "theta")


def test_where_every_step_by_itself_is_right_that_is_said() -> None:
    [judged] = answers(RIGHT, [named("moment/sign-changes")])
    slip = localise(judged, HELLO)
    assert slip is not None
    assert slip.step == 0
    assert any("errors of many steps add up" in line for line in diagnosed(replace(UNDIAGNOSED, slip=slip)))


def test_a_counter_that_is_wrong_by_itself_is_a_slip() -> None:
    judged = meddled(named("moment/sign-changes"), 2, lambda each: replace(each, t=7))
    slip = localise(judged, HELLO)
    assert slip is not None
    assert (slip.step, slip.quantity, slip.got, slip.lo) == (2, "t", "7", "2")


def test_cases_that_cannot_be_taken_apart_are_left_alone() -> None:
    decaying = next(case for case in cases("decay") if case.hyper.decay == "l2")
    [judged] = answers(bank()["B16"], [decaying], THETA)
    assert localise(judged, THETA) is None  # the gradient that m and u are made of depends on theta
    [refused] = [judge(case, Answer(case.id, refused="no"), HELLO) for case in cases("reject")[:1]]
    assert localise(refused, HELLO) is None

"""Every rule of the judge, each with an answer that breaks it and one that does not."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from adamax_ref.bugs import Bug, Parts, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.bug_replay import Replay, answer
from adamax_ref.conformance.judge import Judged, Status, judge
from adamax_ref.conformance.run import run
from adamax_ref.conformance.targets.bug import BugTarget
from adamax_ref.conformance.verdict import ADAPTER, GIVEN, Grade, decide
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import with_flushes
from adamax_ref.orders.axes import permitted

HELLO = Hello("target", "1", "c", ("torch",), ("f32",))
RIGHT = Bug("B00", "none", "", "", "")


@cache
def cases() -> list[Case]:
    """Return the shipped cases of torch in binary32."""
    return open_corpus().cases("torch", "f32")


def named(case_id: str) -> Case:
    """Return the case whose id ends so."""
    return next(case for case in cases() if case.id.endswith(case_id))


def right(case: Case, law: Any = None) -> Answer:
    """Return the right answer, of a dialect if one is given."""
    replay = Replay(parts("torch", "f32") if law is None else Parts(law, "f32"))
    return answer(case, replay.states(RIGHT, case) or ())


def changed(case: Case, change: Callable[[Reported], Reported], law: Any = None) -> Answer:
    """Return the right answer with its last step changed."""
    *before, last = right(case, law).steps or ()
    return Answer(case.id, steps=(*before, change(last)))


def moved(text: str | None, ulps: int) -> str:
    """Move the first number of an array by some units in the last place."""
    first, *rest = (text or "").split(" ")
    return " ".join([f"{int(first, 16) + ulps:08x}", *rest])


SHRINK = "u-decay/shrink-two"


def test_all_bits_are_exact_and_another_number_inside_the_bounds_is_certified() -> None:
    case = named(SHRINK)
    assert judge(case, right(case), HELLO).status == "exact"
    inside = judge(case, changed(case, lambda last: replace(last, u=moved(last.u, 1))), HELLO)
    assert inside.status == "certified"
    assert inside.first is not None and inside.first.ulps == 1


@pytest.mark.parametrize("quantity", ["theta", "m", "u"])
def test_a_number_outside_its_bounds_fails_in_every_quantity_that_is_shown(quantity: str) -> None:
    case = named(SHRINK)
    edit: Any = lambda last: replace(last, **{quantity: moved(getattr(last, quantity), 64)})  # noqa: E731
    judged = judge(case, changed(case, edit), HELLO)
    assert judged.status == "failed"
    assert judged.first is not None and judged.first.quantity == quantity


def test_the_bounds_themselves_are_inside_and_what_follows_is_not() -> None:
    case = named(SHRINK)
    assert case.expect is not None
    want = case.expect[-1].u
    for text, off, status in (
        (want.lo, 0, "certified"),
        (want.hi, 0, "certified"),
        (want.lo, -1, "failed"),
        (want.hi, 1, "failed"),
    ):
        edge = changed(case, lambda last, text=text, off=off: replace(last, u=moved(text, off)))  # type: ignore[misc]
        assert judge(case, edge, HELLO).status == status


def test_the_counter_is_compared_for_equality_whenever_it_is_shown() -> None:
    case = named(SHRINK)
    wrong = changed(case, lambda last: replace(last, t=3))
    judged = judge(case, wrong, HELLO)
    assert judged.status == "failed"
    assert judged.first is not None and (judged.first.quantity, judged.first.got, judged.first.want) == ("t", "3", "2")
    hidden = replace(HELLO, exposes=("theta", "m", "u"))
    assert judge(case, changed(case, lambda last: replace(last, t=None)), hidden).status == "exact"


def test_every_reported_step_counts_whatever_the_others_say() -> None:
    case = named(SHRINK)
    first, last = right(case).steps or ()
    wrong = Answer(case.id, steps=(replace(first, m=moved(first.m, 64)), last))
    judged = judge(case, wrong, HELLO)
    assert judged.status == "failed"
    assert judged.first is not None and judged.first.step == 1


@pytest.mark.parametrize("pattern", ["7fc00000", "7f800001", "ffc12345"])
def test_any_nan_is_as_good_as_any_other(pattern: str) -> None:
    case = named("nonfinite/nan-gradient")
    plain = right(case)
    text = [
        replace(each, **{name: getattr(each, name).replace("7fc00000", pattern) for name in ("theta", "m", "u")})
        for each in plain.steps or ()
    ]
    assert any(pattern in (each.theta or "") for each in text)
    assert judge(case, Answer(case.id, steps=tuple(text)), HELLO).status == "exact"


def test_a_nan_in_place_of_a_number_and_a_number_in_place_of_a_nan_fail() -> None:
    case = named(SHRINK)
    lost = judge(case, changed(case, lambda last: replace(last, u="7fc00000 " + (last.u or "").split(" ")[1])), HELLO)
    assert lost.status == "failed"
    assert lost.first is not None and lost.first.ulps is None
    case = named("nonfinite/nan-gradient")
    found = judge(case, changed(case, lambda last: replace(last, u=(last.u or "").replace("7fc00000", "3f800000"))), HELLO)
    assert found.status == "failed"


def test_infinity_is_no_nan() -> None:
    case = named("nonfinite/nan-gradient")
    wrong = changed(case, lambda last: replace(last, u=(last.u or "").replace("7fc00000", "7f800000")))
    assert judge(case, wrong, HELLO).status == "failed"


def test_a_zero_of_the_other_sign_fails_only_where_the_sign_is_the_point() -> None:
    case = named("signed-zero/parameter")
    wrong = changed(case, lambda last: replace(last, theta=_other_zero(last.theta or "")))
    assert judge(case, wrong, HELLO).status == "failed"
    assert judge(case, wrong, replace(HELLO, declares=("zero-sign-any",))).status == "certified"
    plain = replace(case, flags=tuple(flag for flag in case.flags if flag != "strict-zero"))
    assert judge(plain, wrong, HELLO).status == "certified"


def _other_zero(text: str) -> str:
    words = text.split(" ")
    at = next(i for i, word in enumerate(words) if word in ("00000000", "80000000"))
    words[at] = "80000000" if words[at] == "00000000" else "00000000"
    return " ".join(words)


def test_a_freedom_is_granted_only_when_it_is_declared_and_for_a_whole_case() -> None:
    case = named("range/subnormal-gradient")
    flushed = right(case, with_flushes(get("torch"), flushes=True))
    assert case.either is not None
    want = case.either[0].expect
    free = Answer(case.id, steps=tuple(Reported(e.step, e.theta.bits, e.m.bits, e.u.bits, e.t) for e in want))
    assert flushed.steps is not None and free.steps != right(case).steps
    declared = replace(HELLO, declares=("ftz",))
    assert judge(case, free, HELLO).status == "failed"
    assert judge(case, free, declared).status == "exact"
    assert judge(case, right(case), declared).status == "exact"
    mixed = Answer(case.id, steps=((right(case).steps or ())[0], *(free.steps or ())[1:]))
    assert mixed.steps not in (free.steps, right(case).steps)
    assert judge(case, mixed, declared).status == "failed"


def test_what_is_not_declared_is_untested_and_what_is_declared_counts() -> None:
    case = next(case for case in cases() if case.needs == ("l2",))
    without = replace(HELLO, features=())
    assert judge(case, Answer(case.id), without).status == "untested"
    assert judge(case, right(case), HELLO).status == "exact"


@pytest.mark.parametrize(
    ("made", "status", "reason"),
    [
        (Answer("", refused="no"), "failed", "refused a legal case"),
        (Answer("", skipped="slow"), "skipped", "slow"),
        (Answer("", error=("crashed", "signal 11")), "error", "crashed: signal 11"),
        (Answer("", steps=()), "error", "protocol: answers for steps []"),
    ],
)
def test_other_kinds_of_answer_to_a_legal_case(made: Answer, status: str, reason: str) -> None:
    judged = judge(named(SHRINK), made, HELLO)
    assert (judged.status, judged.remark.startswith(reason)) == (status, True)


def test_an_illegal_case_must_be_refused() -> None:
    case = next(case for case in cases() if case.result == "reject")
    assert judge(case, Answer(case.id, refused="lr"), HELLO).status == "refused-ok"
    assert judge(case, Answer(case.id, steps=()), HELLO).status == "failed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda last: replace(last, u=None), "u is missing at step 2"),
        (lambda last: replace(last, t=None), "t is missing at step 2"),
        (lambda last: replace(last, step=3), "answers for steps"),
        (lambda last: replace(last, m="3f800000"), "m at step 2 has 1 numbers, the tensor 2"),
        (lambda last: replace(last, m=(last.m or "").upper()), "malformed pattern"),
        (lambda last: replace(last, m="0.5 0.25"), "malformed pattern"),
    ],
)
def test_a_field_that_is_missing_or_unreadable_is_an_error(change: Callable[[Reported], Reported], words: str) -> None:
    case = named(SHRINK)
    judged = judge(case, changed(case, change), HELLO)
    assert judged.status == "error"
    assert "protocol: " in judged.remark and words in judged.reason


def law(text: str) -> Any:
    """Return a permitted order of operations by a part of its name."""
    return next(each for each in permitted(get("torch"), "f32", decaying=True) if text in each.name)


def some() -> list[Case]:
    """Return value cases without alternatives, enough to tell recipes apart."""
    return [
        case for case in cases() if case.result == "value" and not case.either and case.category in ("moment", "dtype", "u-decay")
    ]


def judged(pairs: list[tuple[Case, Answer]], hello: Hello = HELLO) -> list[Judged]:
    """Judge answers."""
    return [judge(case, made, hello) for case, made in pairs]


F2 = "m=sum mfma=none c1=host bias=host power=exact final=F2 endfma=no decayfma=no"
F3 = "m=sum mfma=none c1=host bias=host power=exact final=F3 endfma=no decayfma=no"


def test_one_recipe_over_the_whole_run_is_named_and_two_are_only_certified() -> None:
    one = decide(judged([(case, right(case, law(F2))) for case in some()]), HELLO, 1)
    assert one.text.startswith("NAMED ") and "final=F2" in (one.recipe or "")
    assert one.exit == 0 and not one.counts["certified"]
    two = decide(judged([(case, right(case, law(F2 if at % 2 else F3))) for at, case in enumerate(some())]), HELLO, 1)
    assert (two.text, two.exit, two.recipe) == ("CERTIFIED", 0, None)


def test_verdicts_come_from_the_worst_case_the_floor_and_what_is_shown() -> None:
    exact = judged([(case, right(case)) for case in some()])
    assert decide(exact, HELLO, len(exact)).text == "EXACT"
    assert (decide(exact, HELLO, len(exact) + 1).text, decide(exact, HELLO, len(exact) + 1).exit) == ("NOT ENOUGH EVIDENCE", 1)
    theta = replace(HELLO, exposes=("theta", "t"))
    assert decide(exact, theta, 1).text == "EXACT (theta only)"
    bad = [*exact[:-1], replace(exact[-1], status=Status.ERROR, kind="crashed", reason="gone")]
    assert (decide(bad, HELLO, 1).text, decide(bad, HELLO, 1).exit) == ("NOT CONFORMANT", 1)
    gone = [replace(each, status=Status.ERROR, answer=Answer(each.case.id, error=("given-up", "five times"))) for each in exact]
    assert (decide(gone, HELLO, 1).text, decide(gone, HELLO, 1).exit) == ("COULD NOT RUN", 3)


def test_untested_and_skipped_cases_are_no_evidence() -> None:
    every = [replace(each, status=Status.SKIPPED, reason="slow") for each in judged([(case, right(case)) for case in some()])]
    verdict = decide(every, HELLO, 1)
    assert (verdict.grade, verdict.judged, verdict.notes) == (Grade.NOT_ENOUGH_EVIDENCE, 0, ("skipped: slow",))


def test_given_constants_are_noted_and_broken_smoke_cases_blame_the_adapter_unless_a_bug_is_known() -> None:
    exact = judged([(case, right(case)) for case in some()])
    assert decide(exact, replace(HELLO, declares=("given-constants",)), 1).notes == (GIVEN,)
    smoke = [replace(exact[0], case=named("smoke/two-steps"), status=Status.FAILED)]
    assert ADAPTER in decide(smoke, HELLO, 1).notes
    found = run(BugTarget(bank()["B01"]), open_corpus(), "torch", "f32")
    assert any(each.case.category == "smoke" and each.status == "failed" for each in found.verdict.cases)
    assert found.diagnosis.causes and ADAPTER not in found.verdict.notes


def test_the_first_difference_is_the_cause_and_not_its_effect() -> None:
    found = run(BugTarget(bank()["B16"]), open_corpus(), "torch", "f32")
    judged = next(each for each in found.verdict.cases if each.case.id.endswith(SHRINK))
    assert judged.first is not None
    assert (judged.first.step, judged.first.quantity, judged.first.index) == (2, "u", 0)
    both = changed(named(SHRINK), lambda last: replace(last, theta=moved(last.theta, 99), m=moved(last.m, 99)))
    first = judge(named(SHRINK), both, HELLO).first
    assert first is not None and first.quantity == "m"

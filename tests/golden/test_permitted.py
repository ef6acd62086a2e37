"""No false alarm: every permitted recipe passes the cases of every dialect and profile, outside what a case excludes."""

from dataclasses import replace
from zlib import crc32

import pytest

from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import canonical, reported, with_flushes
from adamax_ref.golden.patterns import decode
from adamax_ref.golden.recipes import excluded, failing
from adamax_ref.orders.axes import permitted
from adamax_ref.recipe.profile import PROFILES

PAIRS = sorted(open_corpus().manifest.floors)


def short_cases(pair: str) -> list[Case]:
    """Return every third value case of at most ten steps, in 16 bits every tenth; which ones hangs on the pair."""
    dialect, profile = pair.split("/")
    types = PROFILES[profile]
    stride = 3 if types.storage is types.working else 10
    cases = [case for case in open_corpus().cases(dialect, profile) if case.result == "value" and len(case.steps) <= 10]
    return cases[crc32(pair.encode()) % stride :: stride]


@pytest.mark.parametrize("pair", PAIRS)
def test_no_permitted_recipe_fails_a_case(pair: str) -> None:
    found = {case.id: failing(case, get(case.dialect)) for case in short_cases(pair)}
    assert len(found) >= 4
    assert {name: failed for name, failed in found.items() if failed} == {}


def usual() -> Case:
    """Return a case of two steps."""
    return next(case for case in open_corpus().cases("torch", "f32") if case.slug == "shrink-two")


def test_all_permitted_recipes_take_part() -> None:
    """With limits that nothing can meet each of them fails."""
    case = usual()
    assert case.expect is not None
    never = tuple(replace(each, u=replace(each.u, lo=each.u.hi, hi=each.u.lo)) for each in case.expect)
    nan = tuple(replace(each, u=replace(each.u, lo="7fc00000 7fc00000", hi="7fc00000 7fc00000")) for each in never)
    assert set(failing(replace(case, expect=nan), get("torch"))) == {one.name for one in permitted(get("torch"), "f32")}


def test_limits_of_the_framework_s_own_bits_fail_others_and_an_excluded_choice_does_not_count() -> None:
    """Searched elements are those at which recipes part."""
    case = next(case for case in open_corpus().cases("torch", "f32") if (case.category, case.slug) == ("round", "usual"))
    narrow = replace(
        case,
        expect=tuple(
            replace(each, theta=replace(each.theta, lo=each.theta.bits, hi=each.theta.bits)) for each in case.expect or ()
        ),
    )
    failed = failing(narrow, get("torch"))
    assert 0 < len(failed) < len(permitted(get("torch"), "f32"))
    fragment = next(word for word in failed[0].split() if word.startswith("final="))
    left = failing(replace(narrow, excludes=(fragment,)), get("torch"))
    assert left == tuple(name for name in failed if not excluded(name, (fragment,)))
    assert len(left) < len(failed)


def test_side_by_side_recipes_reach_what_each_reaches_alone() -> None:
    """A recipe fails limits around its own answer exactly where the stepper's answer lies outside them."""
    case = usual()
    for one in permitted(get("torch"), "f32")[::40]:
        answers = reported(canonical(with_flushes(one), "f32"), case)
        expect = tuple(
            replace(each, theta=replace(each.theta, lo=text, hi=text))
            for each, state in zip(case.expect or (), answers, strict=True)
            if (text := " ".join(f"{case.form.encode(x):08x}" for x in state.theta))
        )
        assert decode(expect[0].theta.lo, case.form) == answers[0].theta
        assert one.name not in failing(replace(case, expect=expect), get("torch"))

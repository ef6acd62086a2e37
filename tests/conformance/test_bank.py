"""The bug bank and the corpus: every bug is caught, the right Adamax never is."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from adamax_ref.conformance.bugs import Bug, bank
from adamax_ref.conformance.bugs._parts import Numbers, Parts
from adamax_ref.conformance.kills import departs, kills
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import keeping

PAIRS = sorted(open_corpus().manifest.floors)
ONE_CATEGORY = {f"B{n}" for n in ("08", 10, 27, 28, 30, 31, 32, 33, 34, 35, 36, 37, 39, 42, 48, 49, 51, 52)}
"""Bugs that one kind of case can show: counters, skips, NaN, climbing, decay, schedules, range, digits, empty tensors, refusals."""


@cache
def cases(pair: str) -> list[Case]:
    """Return the shipped cases of a dialect and profile."""
    return open_corpus().cases(*pair.split("/"))


def test_ids_and_titles_are_unique_and_nothing_is_left_unsaid() -> None:
    assert len({bug.title for bug in bank().values()}) == len(bank()) >= 50
    for name, bug in bank().items():
        assert name == bug.id
        assert bug.effect.endswith(".") and bug.hint and bug.category


@pytest.mark.parametrize("pair", PAIRS)
def test_every_bug_is_killed_by_two_cases_and_by_two_categories_where_more_than_one_can_show_it(pair: str) -> None:
    dialect, profile = pair.split("/")
    for bug in bank().values():
        if bug.applies(get(dialect), profile):
            killers = [case for case in cases(pair) if bug.id in case.kills]
            assert len(killers) >= 2, (bug.id, bug.title, pair)
            assert len({case.category for case in killers}) >= 2 or bug.id in ONE_CATEGORY, (bug.id, pair)
        else:
            assert not any(bug.id in case.kills for case in cases(pair)), (bug.id, pair)


@pytest.mark.parametrize("pair", PAIRS)
def test_every_case_kills_something(pair: str) -> None:
    assert [case.id for case in cases(pair) if not case.kills] == []


@pytest.mark.parametrize("pair", PAIRS)
def test_the_right_adamax_is_killed_by_nothing(pair: str) -> None:
    right = Bug("B00", "none", "", "", "")
    assert [case.id for case in cases(pair) if case.result == "value" and departs(case, right)] == []


def in_parts(parts: Parts, p: float, g: float, m: float, u: float, h: Numbers, t: int) -> tuple[float, float, float]:
    """Do the right step, moment, norm and update apart from each other."""
    new_m, new_u = parts.moment(p, g, m, h), parts.norm(p, g, u, h)
    return parts.update(p, new_m, new_u, h, t), new_m, new_u


@pytest.mark.parametrize("pair", PAIRS)
def test_taking_a_dialect_apart_and_putting_it_together_is_killed_by_nothing(pair: str) -> None:
    """What the entries are made of does not by itself lead to a kill."""
    whole = Bug("B00", "none", "", "", "", in_parts)
    found = [case.id for case in cases(pair) if case.result == "value" and departs(case, whole)]
    assert found == []


@pytest.mark.parametrize("pair", PAIRS)
def test_any_two_bugs_are_told_apart_by_a_case(pair: str) -> None:
    dialect, profile = pair.split("/")
    killed = {bug.id: {case.id for case in cases(pair) if bug.id in case.kills} for bug in bank().values()}
    applying = sorted(name for name, bug in bank().items() if bug.applies(get(dialect), profile))
    alike = [(a, b) for a in applying for b in applying if a < b and killed[a] == killed[b]]
    for a, b in alike:
        assert _told_apart(pair, a, b), (a, b, pair)


def _told_apart(pair: str, a: str, b: str) -> bool:
    parts = Parts(keeping(get(pair.split("/")[0])), pair.split("/")[1])
    for case in cases(pair):
        if case.result == "value" and a in case.kills:
            runs: list[Any] = [[str(state) for state in bank()[name].trajectory(case, parts)] for name in (a, b)]
            if runs[0] != runs[1]:
                return True
    return False


def test_a_bug_that_changes_nothing_is_not_killed_and_a_case_without_steps_kills_nothing() -> None:
    case = next(case for case in cases("torch/f32") if case.id.endswith("shrink-two"))
    assert not kills(case, replace(bank()["B16"], element=Bug("B00", "", "", "", "").element))
    assert kills(case, bank()["B16"])


def test_each_catalogue_entry_says_where_it_applies_and_what_kills_it() -> None:
    from adamax_ref.golden.document import parse, read

    catalogue = parse(read(open_corpus().root / "BUGS.json"), "BUGS.json")
    assert sorted(catalogue) == sorted(bank())
    for name, entry in catalogue.items():
        assert sorted(entry["killedBy"]) == entry["applies"], name

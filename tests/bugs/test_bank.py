"""The bug bank and the corpus: every bug is caught, the right Adamax never is."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adamax_ref.bugs import Bug, bank
from adamax_ref.bugs.kills import departs, departure, kills
from adamax_ref.bugs.parts import Numbers, Parts
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.oracle import State, with_flushes
from adamax_ref.quality.kill_matrix import ENOUGH, Matrix, shipped
from adamax_ref.recipe.profile import PROFILES

PAIRS = sorted(open_corpus().manifest.floors)
ONE_CATEGORY = {
    "decay": (92,),
    "lr": (35, 49, 102, 127),
    "nonfinite": (27, 28, 90, 91),
    "range": (37, 124),
    "reject": (51, 52, 120),
    "shape": (39, 112, 113, 114, 116),
    "skip": (10, 109),
    "time": (8, 67, 68, 69, 70, 71),
}
"""Bugs that some dialect can show in one kind of case only: by what they are about."""

FEW_DIGITS = (9, 24, 34, 42, 48, 73, 74, 94, 96, 97, 98, 99, 122, 128)
"""Bugs that in 16 bits show in one kind of case only: elsewhere the rounding of the parameter covers them."""


def alone(name: str, profile: str) -> bool:
    """Tell whether one category may be all there is."""
    number = int(name[1:])
    narrow = PROFILES[profile].storage.width == 16 and number in FEW_DIGITS
    return narrow or any(number in numbers for numbers in ONE_CATEGORY.values())


def matrix(pair: str) -> Matrix:
    """Return the kill matrix of a dialect and profile, computed once in a run."""
    return shipped(*pair.split("/"))


def cases(pair: str) -> tuple[Case, ...]:
    """Return the shipped cases of a dialect and profile."""
    return matrix(pair).cases


def test_ids_and_titles_are_unique_and_nothing_is_left_unsaid() -> None:
    assert len({bug.title for bug in bank().values()}) == len(bank()) >= 128
    assert [int(name[1:]) for name in bank()] == list(range(1, len(bank()) + 1))
    for name, bug in bank().items():
        assert name == bug.id
        assert bug.effect.endswith(".") and bug.hint and bug.category
        assert not bug.source or any(word in bug.source for word in ("issue", "pull request")), bug.source


@pytest.mark.parametrize("pair", PAIRS)
def test_every_bug_is_killed_by_two_cases_and_by_two_categories_where_more_than_one_can_show_it(pair: str) -> None:
    assert matrix(pair).weak == {}
    profile = pair.split("/")[1]
    for name, bug in matrix(pair).required.items():
        found = matrix(pair).categories(name)
        assert len(found) >= ENOUGH or alone(name, profile) or bug.category == "complex", (name, found)


@pytest.mark.parametrize("pair", PAIRS)
def test_every_bug_that_a_case_kills_does_not_conform(pair: str) -> None:
    assert matrix(pair).acquitted == ()
    verdicts = matrix(pair).verdicts
    listed = {name for case in cases(pair) for name in case.kills}
    assert listed and {name for name in listed if verdicts[name].exit != 1} == set()


@pytest.mark.parametrize("pair", PAIRS)
def test_what_the_files_say_is_killed_is_what_is_killed(pair: str) -> None:
    assert {case.id: case.kills for case in cases(pair)} == {
        name: tuple(sorted(found)) for name, found in matrix(pair).by_case.items()
    }


@pytest.mark.parametrize("pair", PAIRS)
def test_where_a_bug_cannot_show_there_is_a_reason_and_where_it_can_there_is_none(pair: str) -> None:
    dialect, profile = get(pair.split("/")[0]), pair.split("/")[1]
    assert all(matrix(pair).silent.values())
    assert not any(bug.applies.why_not(dialect, profile) for bug in matrix(pair).showing.values())


@pytest.mark.parametrize("pair", PAIRS)
def test_comparing_the_parameter_alone_still_kills_nine_bugs_in_ten(pair: str) -> None:
    hidden = [name for name in matrix(pair).hidden if name in matrix(pair).required]
    assert 10 * len(hidden) <= len(matrix(pair).required), hidden


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
    assert [case.id for case in cases(pair) if case.result == "value" and departs(case, whole)] == []


@pytest.mark.parametrize("pair", PAIRS)
def test_any_two_bugs_are_told_apart_by_a_case(pair: str) -> None:
    killers = matrix(pair).killers
    names = sorted(matrix(pair).required)
    alike = [(a, b) for a in names for b in names if a < b and killers[a] == killers[b]]
    assert [(a, b) for a, b in alike if not _told_apart(pair, a, b)] == []


def _told_apart(pair: str, a: str, b: str) -> bool:
    dialect, profile = pair.split("/")
    parts = Parts(with_flushes(get(dialect)), profile)
    killing = (case for case in cases(pair) if case.result == "value" and a in matrix(pair).by_case[case.id])
    return any(_answers(a, case, parts) != _answers(b, case, parts) for case in killing)


def _answers(name: str, case: Case, parts: Parts) -> list[str]:
    return list(map(str, bank()[name].trajectory(case, parts)))


def one_case() -> Case:
    """Return a case in which the decayed norm wins."""
    return next(case for case in cases("torch/f32") if case.id.endswith("shrink-two"))


def test_a_bug_that_changes_nothing_is_not_killed() -> None:
    assert not kills(one_case(), replace(bank()["B16"], element=Bug("B00", "", "", "", "").element))
    assert kills(one_case(), bank()["B16"])


def test_the_matrix_names_a_bug_that_too_few_cases_kill() -> None:
    """With one case alone every bug but a few is weak, and none is where a case kills it twice."""
    alone = Matrix.of([one_case()])
    assert "B16" in alone.weak and alone.weak["B16"] == (one_case().id,)
    twice = Matrix.of([one_case(), replace(one_case(), id="torch/f32/u-decay/again")])
    assert "B16" not in twice.weak


def test_a_departure_has_both_numbers_of_the_first_quantity_that_is_wrong() -> None:
    found = departure(one_case(), bank()["B16"])
    assert found is not None
    assert (found.step, found.quantity) == (2, "u")
    assert found.right["u"] > found.wrong["u"]
    assert departure(one_case(), Bug("B00", "none", "", "", "")) is None


def test_a_wrong_counter_alone_is_a_departure() -> None:
    def ahead(before: State, after: State) -> State:
        return replace(after, t=after.t + 1) if after.t == len(one_case().steps) else after

    found = departure(one_case(), Bug("B00", "none", "", "", "", tensor=ahead))
    assert found is not None
    assert (found.quantity, found.right["t"], found.wrong["t"]) == ("t", 2.0, 3.0)


def test_each_catalogue_entry_says_where_it_applies_and_what_kills_it() -> None:
    from adamax_ref.golden.codec import parse, read

    catalogue = parse(read(open_corpus().root / "BUGS.json"), "BUGS.json")
    assert sorted(catalogue) == sorted(bank())
    for name, entry in catalogue.items():
        assert set(entry["killedBy"]) == set(_pairs_of(name)), name
        assert {*entry["killedBy"], *(pair for pairs in entry["cannotShow"].values() for pair in pairs)} == {*PAIRS}, name


def _pairs_of(name: str) -> Iterator[str]:
    return (pair for pair in PAIRS if name in matrix(pair).showing)

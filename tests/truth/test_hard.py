"""The search for hard cases finds them, and finds the same ones again."""

from dataclasses import replace
from fractions import Fraction

import pytest

from adamax_ref.dialects import get
from adamax_ref.dialects._axes import permitted
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.profile import FORMATS, Format
from adamax_ref.truth.hard import draws, from_middle, parted, search, separating
from adamax_ref.truth.power import exact_hyper
from adamax_ref.truth.stepper import run

H = Hyperparameters(lr=0.0625, beta1=0.75, beta2=0.875, eps=2.0**-6)


@pytest.mark.parametrize("profile", ["f64", "f32", "f16", "bf16"])
def test_finds_are_ordered_reproducible_and_nearer_to_a_middle_than_chance(profile: str) -> None:
    torch = get("torch")
    rows = draws(profile, 400, seed=3)
    few = 1 if profile.endswith("f16") else 4  # there are six times as many recipes
    finds = search(torch, profile, H, 3, rows, few)
    assert finds == search(torch, profile, H, 3, rows, few)
    assert [find.distance for find in finds] == sorted(find.distance for find in finds)
    assert finds[0].distance < 0.5 / 40  # of 400 uniform distances below 1/2 the least is near 1/800


def test_answers_name_the_recipes_that_give_them() -> None:
    torch = get("torch")
    [find] = search(torch, "f32", H, 2, draws("f32", 300, seed=5), 1)
    for answer, recipes in find.answers:
        for one in recipes[:2]:
            dialect = torch if one == "torch" else next(d for d in permitted(torch, "f32") if d.name == one)
            recipe = dialect.recipe(H, "f32")
            got = run(recipe, find.p, find.g, find.m, find.u, dialect.scalars(exact_hyper(H), 2, recipe))
            assert got[0] == answer
    assert find.answers[0][1][0] == "torch"


def test_hard_inputs_part_recipes_more_often_than_ordinary_ones() -> None:
    torch = get("torch")
    rows = draws("f32", 600, seed=7)
    finds = search(torch, "f32", H, 2, rows, 12)
    ordinary = [parted(torch, "f32", H, 2, row) for row in rows[:12]]
    assert sum(len(find.answers) > 1 for find in finds) > sum(len(answers) > 1 for answers in ordinary)


def test_a_selection_keeps_every_separation() -> None:
    finds = search(get("torch"), "f32", H, 2, draws("f32", 600, seed=7), 12)
    kept = separating(finds)
    assert 0 < len(kept) <= len(finds)
    assert separating(kept) == kept
    assert separating([replace(find, answers=find.answers[:1]) for find in finds]) == []


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
def test_the_distance_from_a_middle_is_zero_at_it_and_one_half_at_a_number(fmt: Format) -> None:
    one = Fraction(1)
    unit = Fraction(2) ** (1 - fmt.precision)
    assert from_middle(one + unit / 2, fmt) == 0
    assert from_middle(one, fmt) == from_middle(one + unit, fmt) == 0.5
    assert from_middle(one + unit / 4, fmt) == 0.25

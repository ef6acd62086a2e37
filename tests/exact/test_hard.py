"""The search for hard cases finds them, finds the same ones again, and what it says of them is so."""

import numpy as np
import pytest

from adamax_ref.backend import get_backend
from adamax_ref.conformance.target import dtype_of
from adamax_ref.dialects import get
from adamax_ref.exact.constants import exact_hyper
from adamax_ref.exact.hard import Hard, answers, draws, from_middle, nearest, search, separated
from adamax_ref.exact.interval import Interval
from adamax_ref.exact.recipe_set import combine
from adamax_ref.exact.stepper import run
from adamax_ref.orders.axes import permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import FORMATS, Format

H = Hyperparameters(lr=0.1, beta1=0.3, beta2=0.87, eps=2.0**-6)
PROFILE = pytest.mark.parametrize("profile", ["f64", "f32", "f16", "bf16"])


@PROFILE
def test_finds_are_ordered_reproducible_and_nearer_to_a_middle_than_chance(profile: str) -> None:
    torch = get("torch")
    rows = draws(profile, 400, seed=3)
    finds = nearest(torch, profile, H, 3, rows, 4)
    assert finds == nearest(torch, profile, H, 3, rows, 4)
    assert [find.distance for find in finds] == sorted(find.distance for find in finds)
    assert finds[0].distance < 0.5 / 40  # of 400 uniform distances below 1/2 the least is near 1/800


@PROFILE
def test_a_find_tells_the_choices_apart_by_the_bit_oracle_too(profile: str) -> None:
    torch = get("torch")
    finds = search(torch, profile, H, 3, count=3000)
    assert len(finds) > 60
    by_name = {one.name: one for one in permitted(torch, profile)}
    for (one, other), find in list(finds.items())[::9]:
        twins = [(name, name.replace(one, other)) for name in by_name if one in name and name.replace(one, other) in by_name]
        assert any(outcome(by_name[a], profile, find) != outcome(by_name[b], profile, find) for a, b in twins), (one, other)


def outcome(one: Dialect, profile: str, find: Hard) -> tuple[str, ...]:
    recipe = one.recipe(H, profile)
    scalars = one.scalars(exact_hyper(H), 3, recipe)
    return tuple(map(repr, run(recipe, find.p, find.g, find.m, find.u, scalars)))


def test_the_nearest_find_of_a_pair_is_the_first_that_separates_it() -> None:
    torch = get("torch")
    near = nearest(torch, "f32", H, 3, draws("f32", 2000, seed=5), 100)
    pair = ("final=F1 endfma=no", "final=F5 endfma=no")
    found = separated(torch, "f32", H, 3, near)[pair]
    assert pair not in separated(torch, "f32", H, 3, near[: near.index(found)] or near[:0])


def test_what_makes_no_difference_is_not_separated() -> None:
    h = Hyperparameters(lr=0.5, beta1=0.5, beta2=0.5, eps=0.25)  # constants are exact in every type, the weight is not below 1/2
    found = separated(get("torch"), "f32", h, 1, [Hard(1.0, 0.5, 0.0, 0.0, 0.5)])
    assert found == {}


def test_answers_name_the_recipes_that_give_them() -> None:
    torch = get("torch")
    [find] = nearest(torch, "f32", H, 2, draws("f32", 300, seed=5), 1)
    found = answers(torch, "f32", H, 2, (find.p, find.g, find.m, find.u))
    assert next(iter(found.values()))[0] == "torch"
    assert sum(map(len, found.values())) == 155


def test_hard_inputs_part_recipes_more_often_than_ordinary_ones() -> None:
    torch = get("torch")
    rows = draws("f32", 600, seed=7)
    hard = [(find.p, find.g, find.m, find.u) for find in nearest(torch, "f32", H, 2, rows, 12)]
    parted = [sum(len(answers(torch, "f32", H, 2, row)) > 1 for row in some) for some in (hard, rows[:12])]
    assert parted[0] > parted[1]


@PROFILE
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_merged_recipes_give_the_bits_of_an_engine_one_by_one(profile: str, decay: float) -> None:
    torch = get("torch")
    h = Hyperparameters(lr=0.1, beta1=0.9, beta2=0.87, eps=2.0**-6, weight_decay=decay)
    dialects = (torch, *permitted(torch, profile, decay != 0))[::7]
    columns = [np.array(column) for column in zip(*draws(profile, 70, seed=2), strict=True)]
    merged = combine(dialects, profile, h, 3)
    made = {value: numbers for _, value, numbers in merged.run(columns)}
    engine = get_backend("numpy")
    for one, ends in zip(dialects, merged.outputs, strict=True):
        recipe = one.recipe(h, profile)
        p, g, m, u = ([column.astype(dtype_of(profile))] for column in columns)
        engine.step(recipe, p, g, m, u, [one.scalars(exact_hyper(h), 3, recipe)])
        for end, (wanted,) in zip(ends, (p, m, u), strict=True):
            assert made[end].tobytes() == wanted.astype(made[end].dtype).tobytes(), one.name
    assert len(merged.operations) < sum(len(one.recipe(h, profile).operations) for one in dialects) / 2


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
def test_the_distance_from_a_middle_is_zero_at_it_and_one_half_at_a_number(fmt: Format) -> None:
    one, unit = Interval.of(1), Interval(1, 1, 1 - fmt.precision)
    assert from_middle(one + unit * 0.5, fmt) == from_middle(-one - unit * 0.5, fmt) == 0
    assert from_middle(one, fmt) == from_middle(one + unit, fmt) == 0.5
    assert from_middle(one + unit * 0.25, fmt) == 0.25
    assert from_middle(Interval.of(fmt.smallest) * 0.5, fmt) == 0
    assert from_middle(Interval.of(fmt.largest) * 3, fmt) == 0.5

"""The evidence for the bounds: it holds on a small scale, and would show a bound that does not."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.dialects import get
from adamax_ref.exact.certify import Step, certify
from adamax_ref.exact.permitted import permitted_graph
from adamax_ref.exact.recipe_set import RecipeSet, combine
from adamax_ref.exact.step_bounds import bounds_of, inside
from adamax_ref.quality import bound_costs as _speed
from adamax_ref.quality.bound_evidence import Subject, allowed, elements, random_steps, searched_steps, trajectories
from adamax_ref.quality.bound_tally import InBounds, InSteps, Tally
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES

ALL = slice(None)


@pytest.mark.parametrize(("profile", "recipes"), [("f32", 155), ("f64", 155), ("f16", 925), ("bf16", 925)])
def test_no_permitted_recipe_leaves_its_bound_and_the_bound_is_tight(profile: str, recipes: int) -> None:
    torch = Subject(get("torch"), profile)
    found = [random_steps(torch, 1000, 3), searched_steps(torch, 100, 3), trajectories(torch, 3, 6, 3)]
    assert {one.outside for one in found} == {0}
    assert {one.recipes for one in found} == {recipes}
    assert found[0].median["p"] > 0.2


@pytest.mark.parametrize("profile", ["f64", "f32"])
def test_decay_and_flushing_have_recipes_of_their_own_and_keep_their_bounds(profile: str) -> None:
    plain = Subject(get("torch"), profile)
    decaying, flushing = replace(plain, decaying=True), replace(plain, flush=True)
    assert len(flushing.recipes) == 2 * len(plain.recipes) < len(decaying.recipes) * 1.01
    for subject in (decaying, flushing):
        found = [random_steps(subject, 500, 5), trajectories(subject, 2, 3, 5)]
        assert [one.outside for one in found] == [0, 0], found


def test_without_leave_to_flush_a_flushing_recipe_is_outside() -> None:
    draw = np.random.default_rng(1)
    subject = Subject(get("torch"), "f32", flush=True)
    strict, h = replace(subject, flush=False), Hyperparameters(0.0625, 0.75, 0.875, 2.0**-130)
    inputs = {name: np.where(np.arange(500) % 2, x, x * 2.0**-126) for name, x in elements(draw, "f32", 500).items()}
    inputs = {name: x.astype(np.float32).astype(np.float64) for name, x in inputs.items()}
    for one, wanted in ((subject, False), (strict, True)):
        limits, tally = allowed(one, h, 2, inputs), Tally(len(subject.recipes))
        merged = combine(subject.recipes, "f32", h, 2)
        results = merged.run(list(inputs.values()))
        tally.add(merged, ((value, limits[merged.results[value]](piece, got.astype(np.float64))) for piece, value, got in results))
        assert (tally.outside > 0) is wanted


@pytest.mark.parametrize("name", ["paper", "keras", "optax", "mlx", "paddle"])
def test_other_families_keep_their_bounds_as_well(name: str) -> None:
    found = random_steps(Subject(get(name), "f32"), 2000, 4)
    assert found.outside == 0
    assert found.median["p"] > 0.2


def test_elements_are_numbers_of_the_format_from_its_whole_range() -> None:
    for profile in ("f64", "f32", "f16", "bf16"):
        fmt = PROFILES[profile].storage
        made = elements(np.random.default_rng(2), profile, 4000)
        assert all(fmt.round(x) == x for numbers in made.values() for x in numbers.tolist())
        sizes = np.abs(made["p"])
        assert sizes[sizes > 0].min() < fmt.smallest_normal and sizes.max() > fmt.largest / 16


@pytest.fixture
def one_recipe() -> RecipeSet:
    return combine([get("torch")], "f32", get("torch").defaults, 1)


def test_an_answer_outside_is_counted(one_recipe: RecipeSet) -> None:
    tally = Tally(1)
    measure = InBounds(np.array([1.0, 1.0]), np.array([1.0, 1.0]), np.array([0.25, 0.25]))
    tally.add(one_recipe, [(one_recipe.outputs[0][0], measure(ALL, np.array([1.125, 1.5])))])
    assert tally.outside == 1
    assert tally.evidence("x", "f32", "planted", 2).worst["p"] == 2.0


def test_an_infinite_answer_is_outside_for_the_dialect_and_an_overflow_for_others() -> None:
    torch = get("torch")
    merged = combine([torch, torch.variants["unfused"]], "f32", torch.defaults, 2)
    measure = InBounds(np.array([1.0]), np.array([1.0]), np.array([0.25]))
    for at, wanted in enumerate([(1, 0), (0, 1)]):
        for answer in (np.inf, np.nan):
            tally = Tally(2)
            tally.add(merged, [(merged.outputs[at][0], measure(ALL, np.array([answer])))])
            assert (tally.outside, tally.overflowed) == wanted


def test_nothing_is_said_where_a_right_answer_may_be_infinite() -> None:
    measure = InBounds.below(100.0, np.array([99.0, 50.0]), np.array([99.0, 50.0]), np.array([2.0, 2.0]))
    assert measure(ALL, np.array([np.inf, 53.0])).tolist() == [0.0, 1.5]


def test_steps_between_doubles_are_counted_across_zero() -> None:
    measure = InSteps(np.array([-5e-324, 1.0]), np.array([5e-324, 1.0]))
    assert measure(ALL, np.array([0.0, 1.0])).tolist() == [0.0, 0.0]
    assert measure(ALL, np.array([1e-323, 1.0 + 2**-52])).tolist() == [2.0, np.inf]
    assert np.isnan(measure(ALL, np.array([np.nan, np.inf]))).all()


def test_bounds_by_ranges_contain_the_certified_ones() -> None:
    torch, draw = get("torch"), np.random.default_rng(8)
    h = torch.defaults
    rows = {name: draw.standard_normal(40).astype(np.float32).astype(np.float64) for name in "pgmu"}
    rows["u"] = np.abs(rows["u"])
    wide = bounds_of(permitted_graph(torch, "f32", h), h, 4, rows)
    p, g, m, u = (rows[name].tolist() for name in "pgmu")
    [tight] = certify(torch, "f32", p, m, u, 3, [Step(g, h)])
    for name in "pmu":
        quantity = getattr(tight, name)
        assert (np.array(quantity.bound) <= wide[name].bound * (1 + 1e-12)).all()
        assert inside(quantity.true, wide[name]).all()


def test_the_command_prints_the_evidence_and_writes_it(tmp_path: Path) -> None:
    out = tmp_path / "figures.jsonl"
    options = [
        "--profile",
        "f32",
        "--random",
        "200",
        "--searched",
        "0",
        "--trajectories",
        "0",
        "--oracles",
        "50",
        "--json",
        str(out),
    ]
    result = CliRunner().invoke(main, ["bounds", *options])
    assert result.exit_code == 0, result.output
    [row] = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (row["kind"], row["outside"], row["recipes"], row["steps"]) == ("random", 0, 155, 200)
    assert "derived bound" in result.output and "0 differences" in result.output


def test_the_command_measures_how_long_certified_values_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_speed, "SUBJECTS", ((3, 2), (2, 1)))
    result = CliRunner().invoke(main, ["bounds", "--bench"])
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == [
        "truth of 3 elements through 2 steps",
        "truth of 2 elements through 1 steps",
    ]

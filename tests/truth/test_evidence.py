"""The evidence for the bounds: it holds on a small scale, and would show a bound that does not."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.commands._evidence import Tally, in_bounds, in_steps, random_steps, searched_steps, trajectories
from adamax_ref.dialects import get
from adamax_ref.truth.batch import Bounded, bounds_of, inside
from adamax_ref.truth.certify import Step, certify
from adamax_ref.truth.permitted import permitted_graph


@pytest.mark.parametrize("profile", ["f32", "f64"])
def test_no_permitted_recipe_leaves_its_bound_and_the_bound_is_tight(profile: str) -> None:
    torch = get("torch")
    found = [random_steps(torch, profile, 1000, 3), trajectories(torch, profile, 3, 6, 3)]
    found += [searched_steps(torch, profile, 100, 3)] if profile == "f32" else []
    assert {one.outside for one in found} == {0}
    assert {one.recipes for one in found} == {155}
    assert all(ratio > 0.2 for ratio in found[0].median.values())


@pytest.mark.parametrize("name", ["paper", "keras", "optax", "mlx", "paddle"])
def test_other_families_keep_their_bounds_as_well(name: str) -> None:
    found = random_steps(get(name), "f32", 500, 4)
    assert found.outside == 0
    assert found.median["p"] > 0.2


def test_an_answer_outside_is_counted() -> None:
    tally = Tally()
    limits = Bounded(np.array([1.0, 1.0]), np.array([1.0, 1.0]), np.array([0.25, 0.25]))
    tally.add("one", "p", np.array([1.125, 1.5]), lambda got: in_bounds(limits, got))
    assert tally.outside == 1
    assert tally.evidence("x", "f32", "planted", 2).worst["p"] == 2.0


def test_steps_between_doubles_are_counted_across_zero() -> None:
    lo, hi = np.array([-5e-324, 1.0]), np.array([5e-324, 1.0])
    assert in_steps(lo, hi, np.array([0.0, 1.0])).tolist() == [0.0, 0.0]
    assert in_steps(lo, hi, np.array([1e-323, 1.0 + 2**-52])).tolist() == [2.0, np.inf]


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
    [row] = [json.loads(line) for line in out.read_text().splitlines()]
    assert (row["kind"], row["outside"], row["recipes"], row["steps"]) == ("random", 0, 155, 200)
    assert "derived bound" in result.output and "0 differences" in result.output

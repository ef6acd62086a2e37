"""The hand calculator: what it shows adds up, in numbers and on the command line."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.dialects import get, names
from adamax_ref.exact.constants import exact_hyper
from adamax_ref.exact.stepper import run
from adamax_ref.exact.trace import trace
from adamax_ref.recipe.hyper import Hyperparameters

H = Hyperparameters(lr=0.25, beta1=0.75, beta2=0.5, eps=0.125)


def test_the_last_values_are_those_of_the_bit_oracle_and_of_exact_arithmetic() -> None:
    torch = get("torch")
    lines = trace(torch, "f32", Hyperparameters(), [1.0, -0.3, 0.7], p=1.0)
    state = (1.0, 0.0, 0.0)
    for t, g in enumerate((1.0, -0.3, 0.7), 1):
        recipe = torch.recipe(Hyperparameters(), "f32")
        g = recipe.storage_format.round(g)
        state = run(recipe, state[0], g, state[1], state[2], torch.scalars(exact_hyper(Hyperparameters()), t, recipe))
        last = {line.name: line for line in lines if line.step == t}
        assert tuple(last[name].rounded for name in ("p_new", "m_new", "u_new")) == state


def test_a_step_in_few_bits_can_be_checked_by_hand() -> None:
    lines = {line.name: line for line in trace(get("torch"), "f32", H, [1.0], p=2.0)}
    assert lines["m_new"].exact == Fraction(1, 4)
    assert lines["u_new"].exact == Fraction(9, 8)
    assert lines["p_new"].exact == 2 - Fraction(1, 4) * Fraction(8, 9)
    assert lines["u_new"].ulps == lines["u_new"].bound == 0
    assert lines["m_new"].formula == "fma(weight, v1, m)"


@pytest.mark.parametrize("name", names())
def test_no_error_exceeds_the_bound_beside_it(name: str) -> None:
    dialect = get(name)
    h = replace(H, eps=H.eps if "eps" in dialect.options else 0.0)
    h = replace(h, weight_decay=2.0**-5 if dialect.options & {"l2", "decoupled"} else 0.0)
    for profile in {"f32", "f16"} & set(dialect.profiles):
        for line in trace(dialect, profile, h, [0.3, -0.1], p=0.7):
            assert line.ulps <= line.bound < math.inf, line


def test_a_bound_stands_beside_every_operation_and_one_that_is_exact_has_none() -> None:
    lines = {line.name: line for line in trace(get("torch"), "f32", H, [1.0], p=2.0)}
    assert lines["v1"].bound == lines["v5"].bound == 0  # g - m and |g| + eps of numbers with few bits
    assert lines["v7"].bound == 0 < lines["v8"].bound < 1  # -1/4, then divided by 9/8


def test_fractions_give_way_to_intervals_without_a_visible_difference() -> None:
    grads = [0.3, -0.1, 2.0, 0.5] * 11
    long = trace(get("torch"), "f64", H, grads, p=0.7)
    short = trace(get("torch"), "f64", H, grads[:40], p=0.7)
    assert [line.ulps for line in long[: len(short)]] == pytest.approx(
        [line.ulps for line in short], abs=2.0**-52
    )  # two doubles near 1, each rounded


def test_nan_and_infinity_are_shown_as_themselves() -> None:
    lines = {line.name: line for line in trace(get("torch"), "f32", H, [math.nan], p=2.0)}
    assert math.isnan(lines["p_new"].rounded) and math.isnan(float(lines["p_new"].exact)) and lines["p_new"].ulps == 0


def test_the_command_prints_every_operation_of_every_step() -> None:
    result = CliRunner().invoke(
        main, ["trace", "--p", "1", "--lr", "0.25", "--profile", "f16", "--eps", "0.25", "--", "1.0", "-0.5"]
    )
    assert result.exit_code == 0, result.output
    recipe = get("torch").recipe(H, "f16")
    assert result.output.count("step ") == 2
    assert result.output.count("ulp") == 2 * (1 + len(recipe.constants) + len(recipe.operations))
    assert "p_new" in result.output and "at most" in result.output


def test_a_complex_profile_is_refused_with_a_remedy() -> None:
    result = CliRunner().invoke(main, ["trace", "1.0", "--profile", "c64"])
    assert result.exit_code == 2
    assert "follow a complex number by its parts" in result.output

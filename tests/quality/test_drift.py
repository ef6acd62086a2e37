"""Drift between dialects: sizes that are known beforehand, and how they are printed."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.quality.drift import Drift, drift, marks, plot
from adamax_ref.recipe.hyper import Hyperparameters

H = Hyperparameters(lr=0.01, eps=1e-8)


def test_a_dialect_does_not_drift_from_itself_or_its_equals() -> None:
    for other in ("torch", "pytorch-optimizer"):
        found = drift("torch", other, H, steps=20)
        assert (max(found.largest), max(found.parted), found.growth) == (0.0, 0.0, None)


def test_dialects_of_one_function_drift_by_roundings_only() -> None:
    found = drift("torch", "optax", H, "f64", 64)
    assert max(found.parted) > 0 and max(found.largest) < 64 * 20 * 2.0**-53 * 10 / H.lr  # 20 roundings a step on |p| < 10


def test_a_missing_bias_correction_is_nine_tenths_of_the_first_step() -> None:
    found = drift("paper", "mlx", Hyperparameters(lr=2.0**-7, eps=0.0), "f64", 8)  # a rate that binary32 holds
    assert found.typical[0] == pytest.approx(0.9, abs=3 * 10 * 2.0**7 * 2.0**-53)  # three roundings of |p| < 10, in steps


def test_growth_is_the_exponent_of_the_step() -> None:
    line = tuple(float(step) for step in range(1, 101))
    assert Drift(1.0, line, line, line).growth == pytest.approx(1.0)


def test_single_precision_drifts_further_than_double() -> None:
    single, double = (drift("torch", "optax", H, profile, 32).typical[-1] for profile in ("f32", "f64"))
    assert single > 1e6 * double > 0


@pytest.mark.parametrize(("steps", "lr"), [(1, 0.1), (5, 0.0)])
def test_a_run_that_shows_nothing_is_refused(steps: int, lr: float) -> None:
    with pytest.raises(ValueError, match="at least 2 steps and a learning rate above 0"):
        drift("torch", "optax", Hyperparameters(lr=lr), steps=steps)


def test_a_plot_keeps_its_size() -> None:
    lines = plot(tuple(1.5**step for step in range(100)), 40, 8)
    assert len(lines) == 8 and sum(line.count("*") for line in lines) == 40


def test_marks_end_with_the_last_step() -> None:
    assert marks(3) == (1, 2, 3) and marks(100)[-3:] == (20, 50, 100)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["torch", "--against", "keras", "--eps", "1e-3", "--steps", "40"], 0, "typical difference grows like step**"),
        (["torch", "--against", "torch/unfused", "--profile", "f64"], 0, "bits differ"),
        (["torch", "--against", "none"], 2, "unknown dialect 'none'"),
        (["torch", "--against", "paper"], 2, "has no epsilon"),
        (["--against", "torch"], 2, "NAME --against OTHER"),
        (["torch", "--against", "tfjs", "--profile", "f64"], 2, "has no profile 'f64'"),
    ],
)
def test_the_command_prints_a_drift_or_says_what_is_wrong(arguments: list[str], code: int, words: str) -> None:
    result = CliRunner().invoke(main, ["dialects", *arguments])
    assert (result.exit_code, words in result.output) == (code, True), result.output


def test_a_picture_shows_both_curves_with_labelled_axes(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    page = tmp_path / "drift.svg"
    result = CliRunner().invoke(main, ["dialects", "torch", "--against", "optax", "--steps", "20", "--plot", str(page)])
    assert result.exit_code == 0, result.output
    drawn = page.read_text(encoding="utf-8")
    for words in ("difference of the parameters / lr", "step", "largest", "typical (root mean square)", "torch against optax, f32"):
        assert f"<!-- {words} -->" in drawn


def test_a_picture_of_no_difference_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["dialects", "torch", "--against", "torch", "--plot", str(tmp_path / "a.svg")])
    assert result.exit_code == 2 and "there is nothing to draw" in result.output and not list(tmp_path.iterdir())


def test_a_picture_without_matplotlib_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = CliRunner().invoke(main, ["dialects", "torch", "--against", "optax", "--plot", str(tmp_path / "a.svg")])
    assert result.exit_code == 2 and "adamax-ref[bench]" in result.output and not (tmp_path / "a.svg").exists()


def test_a_picture_of_one_dialect_is_refused() -> None:
    result = CliRunner().invoke(main, ["dialects", "torch", "--plot", "a.svg"])
    assert result.exit_code == 2 and "--against OTHER" in result.output

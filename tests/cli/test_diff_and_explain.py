"""``adamax-ref diff`` and ``adamax-ref explain``."""

import re

import pytest
from click.testing import CliRunner, Result

from adamax_ref.cli import main

ONE = ("--dialect", "paper", "--profile", "f32")


def run(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def test_two_engines_agree_in_every_bit() -> None:
    result = run("diff", "backend:numpy", "backend:numpy-emulated", *ONE)
    assert result.exit_code == 0, result.output
    assert result.output.endswith("every bit agrees\n")


def test_the_first_number_in_which_two_targets_part_is_shown() -> None:
    result = run("diff", "bug:B16", "backend:numpy", *ONE)
    assert result.exit_code == 1, result.output
    summary, first, mine, yours, apart, why = result.output.splitlines()
    assert summary.startswith("paper f32   ") and summary.endswith(" part")
    assert first.startswith("first   paper/f32/") and "  step " in first
    assert mine.endswith("u decays with beta1: failed") and yours.endswith("numpy: exact")
    assert apart.strip().startswith("apart by ") and why.strip().startswith("why ")


def test_answers_of_different_kinds_part_too() -> None:
    result = run("diff", "bug:B45", "backend:numpy", *ONE)
    assert result.exit_code == 1, result.output
    assert "values" in result.output and "refused: " in result.output


def test_what_only_one_target_has_answered_is_not_compared() -> None:
    result = run("diff", "bug:B39", "backend:numpy", *ONE)
    assert result.exit_code == 1, "one of them fails to answer"
    assert "every compared bit agrees" in result.output and "not compared, for example: paper/f32/shape/" in result.output


def test_nothing_in_common_is_wrong_input_and_nothing_compared_is_no_agreement() -> None:
    apart = run("diff", "backend:numpy", "backend:numpy", "--dialect", "adam")
    assert apart.exit_code == 2
    alone = run("diff", "bug:B41", "backend:numpy", *ONE)  # cannot be made in binary32
    assert alone.exit_code == 1
    assert "0 cases compared" in alone.output


STORY = "torch/f32/u-decay/shrink-two"


def test_a_story_has_the_reason_the_operations_and_the_bugs() -> None:
    result = run("explain", STORY)
    assert result.exit_code == 0, result.output
    assert result.output.isascii()
    for words in (
        "so u must be beta2 times the old u",
        "shrinking-gradient   ",
        "lr 0.002  beta1 0.9  beta2 0.999",
        "step 2: gradient [0.125, 0]",
        "u_new        max(v3, v5)",
        "u[0]       3f7fbe77 (0.99900001), allowed 3f7fbe75",
        "B16 u decays with beta1: u[0] after step 2 is 3f666666 (0.9), right is 3f7fbe77 (0.999)",
    ):
        assert _plain(words) in _plain(result.output), words


def _plain(text: str) -> str:
    """Leave out decimals, whose number of digits is not the point."""
    return re.sub(r" \([-+.e0-9]+\)", "", text)


def test_with_a_target_the_story_goes_on_with_its_answer() -> None:
    result = run("explain", STORY, "--target", "bug:B16", "--steps", "1")
    assert result.exit_code == 1, result.output
    assert "u decays with beta1 1: failed" in result.output
    assert "step 2 is the first that is wrong given the target's own state before it, in u[0]" in result.output
    assert "in this case alone, bit for bit like: B16 u decays with beta1" in result.output
    assert "... up to step 2:" in result.output
    good = run("explain", STORY, "--target", "backend:numpy")
    assert good.exit_code == 0
    assert good.output.splitlines()[-1].endswith(": exact")


@pytest.mark.parametrize(
    ("case_id", "words"),
    [
        ("torch/f32/reject/beta2-one", "to be refused: beta2 is wrong (range)"),
        ("torch/f32/shape/nothing", "tensors without elements crash: crashes"),
        ("torch/f32/nonfinite/nan-gradient", "nan"),
        ("torch/f32/skip/middle", "skipped; nothing changes"),
        ("torch/f32/chain/steps-20", "... up to step 20:"),
    ],
)
def test_every_kind_of_case_has_a_story(case_id: str, words: str) -> None:
    result = run("explain", case_id)
    assert result.exit_code == 0, result.output
    assert "bugs of the bank" in result.output
    assert words in result.output


def test_an_unknown_case_is_wrong_input_and_near_ones_are_named() -> None:
    result = run("explain", "torch/f32/u-decay/shrnk-two")
    assert result.exit_code == 2
    assert STORY in result.output
    assert run("explain", "nonsense").exit_code == 2
    both = run("explain", STORY, "--target", "bug:B16", "--", "true")
    assert both.exit_code == 2

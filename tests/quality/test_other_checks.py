"""The usual checks: the right law passes all of them, and they catch what they are known to catch and nothing else."""

import pytest

from adamax_ref.bugs import bank
from adamax_ref.quality.other_checks import CHECKS, RIGHT, Check, trainer

BY_NAME = {check.name: check for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_right_law_passes(check: Check) -> None:
    assert check.passes(RIGHT)


@pytest.mark.parametrize(
    ("name", "caught", "missed"),
    [
        ("direction of the loss", "B29", "B16"),
        ("zero gradient", "B22", "B29"),
        ("convergence", "B29", "B01"),
        ("one step", "B01", "B16"),
        ("five golden rows", "B13", "B15"),
    ],
)
def test_each_catches_one_bug_and_misses_another(name: str, caught: str, missed: str) -> None:
    assert not BY_NAME[name].passes(trainer(bank()[caught]))
    assert BY_NAME[name].passes(trainer(bank()[missed]))


def test_the_five_golden_rows_are_the_same_for_any_beta2() -> None:
    """A norm that decays with beta1, at once or never: each passes, since the new magnitude always wins."""
    for name in ("B15", "B16"):
        assert BY_NAME["five golden rows"].passes(trainer(bank()[name])), name

"""What a case kills does not hang on how many of its elements are looked at first."""

import math

import pytest

from adamax_ref.bugs import bank, kills
from adamax_ref.golden.load import open_corpus


@pytest.mark.parametrize("pair", ["torch/f32", "torch/bf16", "keras/f64"])
def test_looking_at_a_few_elements_first_changes_no_answer(pair: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = max(open_corpus().cases(*pair.split("/")), key=lambda case: math.prod(case.shape))
    monkeypatch.setattr(kills, "FEW", 10**6)
    whole = kills.killed_by(case)
    for few in (1, 8):
        monkeypatch.setattr(kills, "FEW", few)
        assert kills.killed_by(case) == whole


def test_a_bug_of_the_whole_tensor_is_no_bug_of_each_element() -> None:
    apart = {name for name, bug in bank().items() if not bug.is_elementwise}
    assert {"B20", "B38"} <= apart < set(bank())


def test_of_a_long_tensor_the_rest_is_looked_at_for_bugs_of_its_length_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    case = max(open_corpus().cases("torch", "f32"), key=lambda case: math.prod(case.shape))
    whole = set(kills.killed_by(case))
    monkeypatch.setattr(kills, "MANY", 1)
    monkeypatch.setattr(kills, "FEW", 1)
    some = set(kills.killed_by(case))
    of_the_whole = {name for name, bug in bank().items() if not bug.is_elementwise}
    assert some <= whole and some & of_the_whole == whole & of_the_whole
    assert kills._few(case, 2).init.theta == " ".join(case.init.theta.split()[:2])

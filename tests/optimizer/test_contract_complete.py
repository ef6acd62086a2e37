"""Every row of the contract has its test: the files are read, and the names of their tests counted."""

import re
from pathlib import Path

FEATURES = {*range(1, 15), *range(20, 30), *range(40, 55)}
RULES = set(range(1, 108))


def numbers(source: str, letter: str) -> set[int]:
    """Return the numbers of the rows that the tests of a file are named after."""
    tests = re.findall(r"def test_((?:[fr]\d+_)+)", source)
    return {int(number) for name in tests for number in re.findall(rf"{letter}(\d+)_", name)}


def test_every_feature_and_every_rule_has_a_test() -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("test_contract_*.py")))
    assert numbers(source, "f") == FEATURES
    assert numbers(source, "r") == RULES


def test_the_count_can_fail() -> None:
    assert numbers("def test_r01_a() -> None:\ndef test_f53_f54_b() -> None:", "f") == {53, 54}
    assert numbers("def helper_r02() -> None:", "r") == set()

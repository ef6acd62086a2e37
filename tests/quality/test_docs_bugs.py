"""What docs/bugs.md shows is what the commands print."""

import doctest
from pathlib import Path

import pytest

from adamax_ref.bugs import bank
from adamax_ref.golden.load import open_corpus
from adamax_ref.quality.kill_matrix import shipped
from adamax_ref.quality.kill_rates import HEAD, RULE, rates
from adamax_ref.quality.other_checks import compared
from adamax_ref.quality.page_tables import between

PAGE = Path(__file__).parents[2] / "docs" / "bugs.md"
TEXT = PAGE.read_text(encoding="utf-8")
PAIRS = sorted(open_corpus().manifest.floors)


def test_the_examples_give_what_the_page_says() -> None:
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False)
    assert (failed, attempted >= 6) == (0, True)
    assert f"\n{len(bank())} wrong Adamaxes" in TEXT


def test_the_table_of_rates_has_a_line_for_each_dialect_and_profile() -> None:
    assert between(TEXT, "rates")[:2] == [HEAD, RULE]
    assert [line.split()[1] for line in between(TEXT, "rates")[2:]] == PAIRS


@pytest.mark.parametrize("pair", PAIRS)
def test_each_line_of_the_rates_is_counted_again_and_nothing_is_left_alive(pair: str) -> None:
    found = rates(shipped(*pair.split("/")))
    assert found.line in between(TEXT, "rates")
    assert [str(mutant) for mutant in found.alive] == [] and found.mutants > 100
    assert found.complete


def test_the_table_of_the_checks_is_printed_by_the_command() -> None:
    assert list(compared(open_corpus())) == between(TEXT, "checks")

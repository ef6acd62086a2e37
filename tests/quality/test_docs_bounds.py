"""What docs/bounds.md shows is what happens, and its table of tolerances is the one that the command prints."""

import doctest
from pathlib import Path

from adamax_ref.quality.bound_costs import USUAL, plain_run, table

PAGE = Path(__file__).parents[2] / "docs" / "bounds.md"


def test_the_examples_print_what_the_page_says() -> None:
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False)
    assert attempted >= 6
    assert failed == 0


def test_the_table_of_tolerances_stands_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for line in table()[2:]:
        assert line in text


def test_the_bound_is_tighter_than_every_tolerance_but_one_that_right_programs_exceed() -> None:
    now = plain_run()
    for true, bound in zip(now.p.true, now.p.bound, strict=True):
        wider = [name for name, relative, absolute in USUAL if absolute + relative * abs(true) > bound]
        assert wider == [name for name, _, _ in USUAL if "numpy" not in name]

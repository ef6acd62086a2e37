"""What docs/converting.md shows is what happens, and it speaks of every kind of loss and every framework with a state."""

import doctest
import re
from pathlib import Path

from adamax_ref.interop.convert import STATES, Kind, last_distinct_step

PAGE = Path(__file__).parents[2] / "docs" / "converting.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_examples_print_what_the_page_says() -> None:
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert (failed, attempted) == (0, attempted) and attempted >= 12


def test_the_table_of_losses_has_every_kind() -> None:
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.M) == [kind.value for kind in Kind]


def test_the_last_steps_that_a_product_determines_are_those_of_the_table() -> None:
    table = TEXT.partition("<!-- distinct: begin -->\n")[2].partition("<!-- distinct: end -->")[0]
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()[2:]]
    assert len(rows) == 6
    for beta1, single, double in rows:
        last = [last_distinct_step("paddle", float(beta1), profile) for profile in ("f32", "f64")]
        assert last == [int(single), int(double)]


def test_every_framework_with_a_whole_state_has_a_recipe() -> None:
    recipes = " ".join(re.findall(r"<!-- recipe: (.*?) -->", TEXT)).split()
    families = {name.partition("/")[0] for name, layout in STATES.items() if layout.moment_path}
    assert families <= {name.partition("/")[0] for name in recipes}

"""The published table says what the frameworks do today."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.cli.frameworks import BEGIN, END, renewed
from adamax_ref.frameworks import names
from adamax_ref.quality.survey import Row, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "frameworks.md"
Surveyed = Callable[[str], Row]


@pytest.mark.frameworks
def test_the_published_table_is_what_the_frameworks_do_today(surveyed: Surveyed) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert renewed(document, table([surveyed(name) for name in names()])) == document


def test_the_document_has_a_row_for_every_framework() -> None:
    printed = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert [line.split("|")[3].strip(" `") for line in printed.splitlines()[2:]] == list(names())


def test_a_document_without_marks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no place for the table"):
        renewed("nothing\n", "table\n")


def test_a_departure_shows_in_the_row() -> None:
    row = Row("torch", "torch 0", "CPU", {"f32": (0, 3, 0)}, "NaN", "recovers", 1.0)
    assert not row.expected and "f32: p 0, m 3, u 0 of 204950 each" in table([row])


def test_the_document_to_write_must_exist(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["frameworks", "--write", str(tmp_path / "none.md")])
    assert result.exit_code == 2

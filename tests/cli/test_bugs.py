"""`adamax-ref bugs`: the list, one entry, the counts, and an unknown one."""

from pathlib import Path

from click.testing import CliRunner

from adamax_ref.bugs import bank
from adamax_ref.cli import main
from adamax_ref.golden.load import open_corpus


def output(*words: str) -> str:
    """Run the command; it must end with 0."""
    result = CliRunner().invoke(main, ["bugs", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_has_a_line_for_every_entry() -> None:
    assert output().splitlines() == [f"{bug.id}  {bug.title}" for bug in bank().values()]


def test_an_entry_names_the_effect_the_line_the_source_and_every_dialect_and_profile() -> None:
    text, bug = output("B32"), bank()["B32"]
    for words in (bug.effect, bug.hint, bug.source, "the dialect has no decoupled decay"):
        assert words in text
    for pair in open_corpus().manifest.floors:
        killed = "decoupled" in _options(pair)
        assert any(line.startswith(f"  {pair} ") and ("killed by" in line) is killed for line in text.splitlines()), pair


def _options(pair: str) -> frozenset[str]:
    from adamax_ref.dialects import get

    return get(pair.split("/")[0]).options


def test_an_entry_shows_right_and_wrong_numbers_of_its_smallest_case() -> None:
    lines = output("B16").splitlines()
    first = next(line.split() for line in lines if line.endswith("<- here first"))
    assert first[0] == "u"
    assert float(first[1]) > float(first[2])  # with beta1 the norm forgets faster


def test_a_complex_profile_leaves_to_its_parts_what_is_not_about_pairs() -> None:
    lines = {line.split()[0]: line for line in output("B08").splitlines()}
    assert lines["torch/c64"].endswith("left to the cases of the profile of its parts")
    assert "killed by" in lines["torch/f32"]


def test_entries_that_are_refusals_and_crashes_say_so() -> None:
    assert "must be refused for its" in output("B45")
    assert "crashes where there is nothing to do" in output("B39")


def test_rates_of_one_dialect_have_a_line_for_each_profile_and_the_equivalents() -> None:
    text = output("--rates", "--dialect", "mlx")
    rows = [line for line in text.splitlines() if line.startswith("| mlx/")]
    assert len(rows) == sum(pair.startswith("mlx/") for pair in open_corpus().manifest.floors)
    assert all(row.count("(100 %)") >= 2 for row in rows)
    assert "not seen in the parameter alone: " in text


def test_a_table_is_written_between_its_marks_and_nothing_else_is_touched(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- rates -->\nold\n<!-- /rates -->\nafter\n", encoding="utf-8")
    printed = output("--rates", "--dialect", "paddle").splitlines()
    output("--rates", "--dialect", "paddle", "--page", str(page))
    table = [line for line in printed if line.startswith("|")]
    assert page.read_text(encoding="utf-8") == "\n".join(["before", "<!-- rates -->", *table, "<!-- /rates -->", "after", ""])


def test_a_page_without_marks_is_refused_and_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no table here\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["bugs", "--rates", "--dialect", "paddle", "--page", str(page)])
    assert result.exit_code == 2
    assert "has no marks <!-- rates -->" in result.output
    assert page.read_text(encoding="utf-8") == "no table here\n"


def test_rates_of_an_unknown_dialect_end_with_two() -> None:
    result = CliRunner().invoke(main, ["bugs", "--rates", "--dialect", "sgd"])
    assert result.exit_code == 2
    assert "no cases for dialect 'sgd'" in result.output


def test_an_unknown_entry_ends_with_two() -> None:
    result = CliRunner().invoke(main, ["bugs", "B999"])
    assert result.exit_code == 2
    assert "unknown bug 'B999'" in result.output

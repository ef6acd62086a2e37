"""`adamax-ref bugs`: the list, one entry, and an unknown one."""

from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.conformance.bugs import bank
from adamax_ref.golden.load import open_corpus


def test_the_list_has_a_line_for_every_entry() -> None:
    result = CliRunner().invoke(main, ["bugs"])
    assert result.exit_code == 0
    assert result.output.splitlines() == [f"{bug.id}  {bug.title}" for bug in bank().values()]


def test_an_entry_names_the_effect_the_line_and_a_case_in_every_dialect_and_profile() -> None:
    result, bug = CliRunner().invoke(main, ["bugs", "B32"]), bank()["B32"]
    assert result.exit_code == 0
    assert bug.effect in result.output
    assert bug.hint in result.output
    for pair in open_corpus().manifest.floors:
        killed = pair.split("/")[0] in ("keras", "optax")
        assert any(line.startswith(f"  {pair} ") and ("killed by" in line) is killed for line in result.output.splitlines()), pair


def test_an_unknown_entry_ends_with_two() -> None:
    result = CliRunner().invoke(main, ["bugs", "B999"])
    assert result.exit_code == 2
    assert "unknown bug 'B999'" in result.output

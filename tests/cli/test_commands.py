"""The commands beside verify, and how fast the command line starts."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adamax_ref import dialects
from adamax_ref.cli import main
from adamax_ref.golden.corpus import MANIFEST

HEAVY = ("numba", "cupy", "torch", "jax", "dask", "rich", "jsonschema")


def run(*arguments: object) -> Result:
    """Run the command in this process, on a wide terminal."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(argument) for argument in arguments])


def loaded(*arguments: str) -> set[str]:
    """Return which of the heavy packages a command has imported, in a process of its own."""
    code = f"import sys; from adamax_ref.cli import main; main({list(arguments)}, standalone_mode=False)"
    code += f"\nprint('loaded', *(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {*done.stdout.splitlines()[-1].split()[1:]}


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in ("backends", "dialects", "golden", "verify"):
        assert f"\n  {name} " in result.output
    assert loaded("--help") == set()


def test_the_check_for_heavy_packages_can_fail() -> None:
    assert "rich" in loaded("dialects")


def test_the_table_of_dialects_has_a_row_for_each() -> None:
    result = run("dialects")
    assert result.exit_code == 0
    assert all(name in result.output for name in dialects.names())


@pytest.mark.parametrize("name", dialects.names())
def test_one_dialect_is_shown_with_formula_recipe_defaults_quirks_and_source(name: str) -> None:
    result, dialect = run("dialects", name), dialects.get(name)
    assert result.exit_code == 0
    for words in (
        dialect.title,
        dialect.provenance.source,
        f"lr={dialect.defaults.lr}",
        r"\begin{aligned}",
        "p_new",
        *dialect.quirks,
    ):
        assert words in result.output


def test_backends_say_whether_they_run_and_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "adamax_ref.backend.why_unavailable",
        lambda name: None if name == "numpy" else "needs a device; pip install 'adamax-ref[cupy]'",
    )
    result = run("backends")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.output.splitlines() if line.strip()}
    assert "cpu" in rows["numpy"] and "f32" in rows["numpy"]
    assert rows["cupy"] == "cupy cannot run here: needs a device; pip install 'adamax-ref[cupy]'"


def test_generate_then_check_one_dialect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adamax_ref.golden.design.SCOPE", {"paper": ("f32",)})
    monkeypatch.setattr("adamax_ref.golden.design.categories", lambda: ("first", "smoke"))
    monkeypatch.setattr("adamax_ref.quality.kill_matrix.unkilled", lambda cases: iter(()))  # two categories kill few bugs
    folder = tmp_path / "golden"
    made = run("golden", "generate", folder)
    assert made.exit_code == 0, made.output
    assert "2 files" in made.output
    checked = run("golden", "check", folder)
    assert (checked.exit_code, checked.output) == (0, f"{folder}: in order\n")
    (folder / MANIFEST).write_text(
        (folder / MANIFEST).read_text(encoding="utf-8").replace('"cases":', '"cases":1', 1), encoding="utf-8"
    )
    broken = run("golden", "check", folder)
    assert broken.exit_code == 1
    assert "MANIFEST.json" in broken.output


def test_generate_into_a_folder_with_something_else_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    result = run("golden", "generate", tmp_path)
    assert result.exit_code == 2
    assert "no part of a corpus" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_generate_where_nothing_can_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    result = run("golden", "generate", tmp_path / "file" / "golden")
    assert result.exit_code == 2
    assert "cannot be written" in result.output
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"

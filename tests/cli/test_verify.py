"""The command line: verdicts and exit codes, and one clear sentence for everything that can be wrong with the input."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from adamax_ref.backend import Arrays, Constants, Prepared
from adamax_ref.cli import main
from adamax_ref.golden.corpus import schema, shipped

NUMPY = ("verify", "backend:numpy", "--dialect", "paper", "--profile", "f32")


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, str]:
    """Judge the NumPy engine once; return the result and the NDJSON report."""
    path = tmp_path_factory.mktemp("report") / "report.ndjson"
    return run(*NUMPY, "--json", path), path.read_text(encoding="utf-8")


def test_an_exact_engine_ends_with_zero_and_says_so(report: tuple[Result, str]) -> None:
    result, _ = report
    assert result.exit_code == 0, result.output
    assert result.output.startswith("adamax-ref verify   corpus ")
    assert "verdict EXACT " in result.output
    assert result.output.isascii()


def test_every_line_of_the_report_follows_the_schema_and_it_has_a_footer(report: tuple[Result, str]) -> None:
    validator = Draft202012Validator(json.loads(schema("report")))
    records = [json.loads(line) for line in report[1].splitlines()]
    for record in records:
        validator.validate(record)
    assert [records[0]["kind"], records[-1]["kind"]] == ["header", "footer"]
    assert records[0]["total"] == len(records) - 2
    assert records[-1]["complete"] is True
    assert not validator.is_valid({**records[-1], "counts": {}})


def test_equal_runs_give_equal_reports(report: tuple[Result, str], tmp_path: Path) -> None:
    again = run(*NUMPY, "--json", tmp_path / "again.ndjson")
    assert (again.output, (tmp_path / "again.ndjson").read_text(encoding="utf-8")) == (report[0].output, report[1])


Damage = Callable[[Path], object]
VECTORS = "core/paper/f32/first.json"
DAMAGES: dict[str, Damage] = {
    "truncated": lambda root: (root / VECTORS).write_bytes((root / VECTORS).read_bytes()[:-100]),
    "one digit": lambda root: (root / VECTORS).write_bytes((root / VECTORS).read_bytes().replace(b"3f800000", b"3f800001", 1)),
    "gone": lambda root: (root / VECTORS).unlink(),
    "no manifest": lambda root: (root / "MANIFEST.json").unlink(),
    "half a manifest": lambda root: (root / "MANIFEST.json").write_text('{"format": "adamax-manifest/1"', encoding="utf-8"),
    "a field less": lambda root: (root / "MANIFEST.json").write_text('{"format": "adamax-manifest/1"}', encoding="utf-8"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_corpus_ends_with_two_and_one_sentence(tmp_path: Path, damage: str) -> None:
    shutil.copytree(shipped(), tmp_path / "golden")
    DAMAGES[damage](tmp_path / "golden")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    result = run(*NUMPY, "--golden", tmp_path / "golden", "--json", tmp_path / "report")
    assert result.exit_code == 2, result.output
    assert result.output.startswith("Error: ")
    assert "golden" in result.output
    assert len(result.output.splitlines()) == 1
    assert before == sorted(str(path) for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("verify", "numpy"), "unknown target 'numpy'"),
        (("verify", "backend:abacus"), "unknown backend 'abacus'"),
        (("verify", "framework:abacus"), "unknown framework 'abacus'"),
        (("verify", "backend:numpy", "--dialect", "adam"), "the corpus has no dialect 'adam'"),
        (("verify", "backend:numpy", "--profile", "f8"), "the corpus has no profile 'f8'"),
        (("verify", "backend:numpy", "--level", "full"), "no full cases"),
        (("verify", "backend:numpy", "--level", "half"), "Invalid value for '--level'"),
        (("dialects", "adam"), "unknown dialect 'adam'"),
        (("golden", "generate", "nowhere", "--dialect", "adam"), "does not cover dialect 'adam'"),
        (("golden", "check", "nowhere"), "holds no MANIFEST.json"),
        (("nonsense",), "No such command 'nonsense'"),
    ],
)
def test_wrong_usage_ends_with_two_and_says_what_there_is(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_ends_with_two(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    result = run(*NUMPY, "--json", tmp_path / "file" / "report")
    assert result.exit_code == 2
    assert "cannot be written" in result.output


def test_a_backend_that_cannot_run_here_ends_with_three(monkeypatch: pytest.MonkeyPatch) -> None:
    from adamax_ref.backend import BackendUnavailable

    def missing(name: str) -> None:
        raise BackendUnavailable("backend 'numpy' cannot run here; install it")

    monkeypatch.setattr("adamax_ref.conformance.targets.backend.get_backend", missing)
    result = run(*NUMPY)
    assert result.exit_code == 3
    assert result.output == "Error: backend 'numpy' cannot run here; install it\n"


class Idle(Prepared):
    """A step that writes nothing."""

    def run(self, gs: Arrays, constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Return the arrays as they are."""
        return self.ps, self.ms, self.us


def test_an_engine_that_raises_is_judged_and_not_conformant(monkeypatch: pytest.MonkeyPatch) -> None:
    from adamax_ref.backend import get_backend

    monkeypatch.setattr(type(get_backend("numpy")), "compile", lambda self, recipe: None)
    result = run(*NUMPY)
    assert result.exit_code == 1
    assert "verdict NOT CONFORMANT" in result.output and "Traceback" not in result.output


def test_a_wrong_engine_ends_with_one_and_names_the_first_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's updates are all lost: the parameter keeps its value."""
    from adamax_ref.backend import RecipeKernel, get_backend

    monkeypatch.setattr(type(get_backend("numpy")), "compile", lambda self, recipe: RecipeKernel(partial(Idle, recipe)))
    result = run(*NUMPY)
    assert result.exit_code == 1
    assert "verdict NOT CONFORMANT" in result.output
    first = next(line for line in result.output.splitlines() if line.startswith("first "))
    assert "step 1  u[0]" in first
    assert "got " in result.output and " ulp" in result.output and "allowed " in result.output

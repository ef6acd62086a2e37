"""``verify --all``, waivers and reports on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from click.testing import CliRunner, Result

from adamax_ref.backend import backend_names
from adamax_ref.cli import main
from adamax_ref.conformance import run_all as everything
from adamax_ref.conformance.run_all import Outcome, Question, every_target, outcome
from adamax_ref.conformance.targets import frameworks, open_target

ONE = ("--dialect", "paper", "--profile", "f32")


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """Let the tests say which targets there are; files go to a folder of their own."""
    chosen: list[str] = []
    monkeypatch.setattr(everything, "every_target", lambda: tuple(chosen))
    monkeypatch.chdir(tmp_path)
    yield chosen


def test_all_means_every_engine_and_every_framework_here_or_not() -> None:
    assert set(every_target()) == {f"backend:{name}" for name in backend_names()} | {f"framework:{name}" for name in frameworks()}


def test_all_prints_a_line_for_each_run_and_one_page_and_one_report(targets: list[str], tmp_path: Path) -> None:
    targets += ["backend:numpy", "bug:B16", "framework:optax"]
    result = run("verify", "--all", *ONE, "--html", "page.html", "--json", "all.ndjson", "--junit", "all.xml", "--badge", "badge")
    assert result.exit_code == 1, result.output
    first, second = result.output.splitlines()[:2]
    assert first.split() == ["backend:numpy", "paper", "f32", "EXACT"]
    assert second.startswith("bug:B16") and "NOT CONFORMANT" in second and second.endswith("B16 u decays with beta1")
    assert "not judged" in result.output and "framework:optax" in result.output
    records = [json.loads(line) for line in (tmp_path / "all.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [record["verdict"] for record in records if record["kind"] == "footer"] == ["EXACT", "NOT CONFORMANT"]
    assert (
        len(xml.fromstring((tmp_path / "all.xml").read_text(encoding="utf-8")).findall("testsuite/testcase[@name='verdict']")) == 2
    )
    assert json.loads((tmp_path / "badge").read_text(encoding="utf-8"))["color"] == "red"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "adamax_ref on numpy" in page and "B16" in page


def test_a_target_that_breaks_does_not_stop_the_others_and_is_in_every_report(
    targets: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    targets += ["backend:broken", "backend:numpy"]

    def opened(text: str, *words: tuple[str, ...]) -> object:
        if text == "backend:broken":
            raise RuntimeError("a library is damaged")
        return open_target(text, *words)

    monkeypatch.setattr("adamax_ref.conformance.run_all.open_target", opened)
    files = {form: tmp_path / form for form in ("json", "junit", "badge", "html")}
    result = run("verify", "--all", *ONE, *(word for form, path in files.items() for word in (f"--{form}", str(path))))
    assert result.exit_code == 3
    assert "could not be run  backend:broken: RuntimeError: a library is damaged" in result.output
    assert "backend:numpy" in result.output and "EXACT" in result.output
    texts = {form: path.read_text(encoding="utf-8") for form, path in files.items()}
    footers = [record for record in map(json.loads, texts["json"].splitlines()) if record["kind"] == "footer"]
    assert [footer["grade"] for footer in footers] == ["COULD NOT RUN", "EXACT"]
    assert xml.fromstring(texts["junit"]).attrib["failures"] == "1"
    assert json.loads(texts["badge"])["color"] == "red"
    assert "COULD NOT RUN" in texts["html"] and "a library is damaged" in texts["html"]


def test_what_is_not_here_does_no_harm(targets: list[str]) -> None:
    found = outcome(Question(), "framework:keras")
    if not found.runs:
        assert "not installed" in found.reason and not found.broken and found.exit == 0
    assert Outcome("backend:x", reason="gone").exit == 0
    targets += ["framework:optax"]
    result = run("verify", "--all", *ONE)
    assert result.exit_code == 2
    assert "leave out --dialect and --profile" in result.output


@pytest.mark.parametrize("arguments", [(), ("backend:numpy", "--all")])
def test_one_target_or_all_of_them(arguments: tuple[str, ...]) -> None:
    result = run("verify", *arguments)
    assert result.exit_code == 2
    assert "name one target, or all of them with --all" in result.output


def waivers(folder: Path, *ids: str) -> None:
    """Write a file of waivers."""
    entries = [{"id": name, "rev": 1, "reason": "known", "link": "#7", "until": "99.0.0"} for name in ids]
    (folder / "adamax-waivers.json").write_text(json.dumps({"format": "adamax-waivers/1", "waivers": entries}), encoding="utf-8")


def test_waivers_in_the_working_directory_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    waivers(tmp_path, "paper/f32/u-decay/alternate")
    result = run("verify", "bug:B16", *ONE, "--json", "report")
    assert result.exit_code == 1
    assert "NOT CONFORMANT with 1 waiver" in result.output
    assert '"status": "waived"' in (tmp_path / "report").read_text(encoding="utf-8")
    passing = run("verify", "backend:numpy", *ONE)
    assert passing.exit_code == 1
    assert "no longer needed" in passing.output
    waivers(tmp_path, "paper/f32/u-decay/never-was")
    unknown = run("verify", "backend:numpy", *ONE)
    assert unknown.exit_code == 2
    assert "is no case of this corpus" in unknown.output


def test_files_are_written_for_a_bad_verdict_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("verify", "bug:B45", *ONE, "--json", "a", "--junit", "b", "--badge", "c", "--html", "d")
    assert result.exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "d"]

"""Reports in files: every form is whole, follows its rules, holds no times, and can carry any text a target sends."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import pytest
from jsonschema import Draft202012Validator

from adamax_ref.conformance.answer import Answer
from adamax_ref.conformance.judge import Judged, Status
from adamax_ref.conformance.run import Run, run
from adamax_ref.conformance.targets import open_target
from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.corpus import schema
from adamax_ref.golden.load import open_corpus
from adamax_ref.reports.badge import badge
from adamax_ref.reports.junit import junit
from adamax_ref.reports.ndjson import ndjson
from adamax_ref.reports.terminal import lines, printable
from adamax_ref.reports.writers import WRITERS, write

HOSTILE = "a\x1b[2Jb\x00c<d>&\ud800\u2028e\nf"


def judged(target: str) -> Run:
    """Judge a target on the paper's dialect in binary32."""
    with open_target(target) as opened:
        return run(opened, open_corpus(), "paper", "f32")


@pytest.fixture(scope="module")
def wrong() -> Run:
    """Return a run with failures, errors, skipped and waived cases."""
    found = judged("bug:B16")
    cases = list(found.verdict.cases)
    failed = [at for at, each in enumerate(cases) if each.status == "failed"]
    cases[failed[-1]] = replace(cases[failed[-1]], status=Status.WAIVED, waiver=f"known {HOSTILE}")
    error = Answer(cases[0].case.id, error=("crashed", HOSTILE))
    cases[0] = Judged(cases[0].case, error, Status.ERROR, HOSTILE, kind="crashed")
    cases[1] = replace(cases[1], status=Status.SKIPPED, reason=f"no {HOSTILE}")
    cases[2] = replace(cases[2], status=Status.UNTESTED, reason="l2 not declared")
    hello = replace(found.hello, name=f"mylib {HOSTILE}")
    return replace(found, hello=hello, verdict=replace(found.verdict, cases=tuple(cases), notes=(HOSTILE,)))


@pytest.fixture(scope="module")
def right() -> Run:
    """Return a run in which everything is exact."""
    return judged("backend:numpy")


def test_every_line_of_ndjson_follows_the_schema_whatever_the_verdict(wrong: Run, right: Run) -> None:
    validator = Draft202012Validator(json.loads(schema("report")))
    text = ndjson([right, wrong])
    assert text.isascii() and text.endswith("\n")
    records = [json.loads(line) for line in text.splitlines()]
    for record in records:
        validator.validate(record)
    footers = [record for record in records if record["kind"] == "footer"]
    assert [footer["verdict"] for footer in footers] == ["EXACT", "NOT CONFORMANT with 1 waiver with 1 skipped"]
    assert footers[1]["causes"] == [{"bug": "B16", "strength": "certain", "cases": len(wrong.diagnosis.causes[0].cases)}]
    assert footers[1]["slip"]["quantity"] == "u"
    waived = next(record for record in records if record.get("status") == "waived")
    assert waived["waiver"].startswith("known") and waived["first"]["quantity"]


@pytest.mark.parametrize("field", ["nearest", "slip", "deciding"])
def test_the_schema_refuses_what_a_footer_must_not_say(wrong: Run, field: str) -> None:
    validator = Draft202012Validator(json.loads(schema("report")))
    footer = json.loads(ndjson([wrong]).splitlines()[-1])
    assert validator.is_valid(footer)
    assert not validator.is_valid({**footer, field: {"bug": "B16"}})
    assert not validator.is_valid({name: value for name, value in footer.items() if name != "causes"})


def test_junit_counts_and_names_what_happened(wrong: Run) -> None:
    root = xml.fromstring(junit([wrong]))
    counts = wrong.verdict.counts
    assert int(root.attrib["tests"]) == len(wrong.verdict.cases) + 1
    assert int(root.attrib["failures"]) == counts["failed"] + 1, "the verdict is one more"
    assert int(root.attrib["errors"]) == counts["error"] == 1
    assert int(root.attrib["skipped"]) == counts["skipped"] + counts["untested"] + counts["waived"] == 3
    suites = [suite.attrib["name"] for suite in root]
    assert suites[0] == "paper/f32/verdict"
    assert suites[1:] == [f"paper/f32/{name}" for name in dict.fromkeys(each.case.category for each in wrong.verdict.cases)]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None and "B16 u decays with beta1" in (failure.text or "")


def test_junit_of_a_good_run_has_no_failure_and_of_too_little_evidence_one(right: Run) -> None:
    assert "<failure" not in junit([right])
    short = replace(right, verdict=replace(right.verdict, grade=Grade.NOT_ENOUGH_EVIDENCE))
    root = xml.fromstring(junit([short]))
    assert root.attrib["failures"] == "1"


@pytest.mark.parametrize(
    ("grade", "changes", "message", "color"),
    [
        (Grade.EXACT, {}, "exact", "brightgreen"),
        (Grade.NAMED, {"recipe": "torch/unfused"}, "named torch/unfused", "green"),
        (Grade.CERTIFIED, {"exposes": ("theta",)}, "certified (theta only)", "green"),
        (Grade.NOT_ENOUGH_EVIDENCE, {}, "not enough evidence", "yellow"),
        (Grade.NOT_CONFORMANT, {}, "not conformant", "red"),
        (Grade.COULD_NOT_RUN, {}, "could not run", "red"),
    ],
)
def test_there_is_a_badge_for_every_verdict(right: Run, grade: Grade, changes: Any, message: str, color: str) -> None:
    made = json.loads(badge([replace(right, verdict=replace(right.verdict, grade=grade, **changes))]))
    assert made == {
        "schemaVersion": 1,
        "label": "adamax paper f32",
        "message": f"{message}, corpus {right.corpus}",
        "color": color,
    }


def test_the_badge_of_several_runs_is_that_of_the_worst(right: Run, wrong: Run) -> None:
    made = json.loads(badge([right, wrong, replace(right, profile="f64"), replace(right, profile="f16")]))
    assert (made["label"], made["color"]) == ("adamax 4 profiles", "red")


def test_what_a_target_says_cannot_write_to_the_terminal(wrong: Run) -> None:
    text = "\n".join(lines(wrong))
    assert text.replace("\n", "").isprintable() and text.isascii()
    assert "\\x1b[2J" in text and printable("\u03b2") == "\\u03b2"


@pytest.mark.parametrize("form", ["json", "junit", "badge"])
def test_equal_runs_give_equal_files(tmp_path: Path, form: str) -> None:
    for name in ("one", "two"):
        write(form, tmp_path / name, [judged("bug:B16")])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("form", WRITERS)
def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, form: str, wrong: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("old", encoding="utf-8")

    def full(self: Path, *arguments: Any, **options: Any) -> int:
        with self.open("w", encoding="utf-8") as file:
            file.write("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ValueError, match="cannot be written"):
        write(form, path, [wrong])
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_can_hold_what_a_target_may_send(tmp_path: Path, form: str, wrong: Run) -> None:
    write(form, tmp_path / form, [wrong])
    text = (tmp_path / form).read_text(encoding="utf-8")
    assert text
    assert "\x00" not in text and "\x1b" not in text

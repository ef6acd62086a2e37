"""Waivers: accepted failures, each by name and for a time; a list of them cannot rot."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adamax_ref.bugs import bank
from adamax_ref.conformance.judge import Judged, Status, judge
from adamax_ref.conformance.targets.bug import BugTarget
from adamax_ref.conformance.verdict import decide
from adamax_ref.conformance.waivers import NONE, Waiver, read_waivers, waive
from adamax_ref.golden.load import Corpus, open_corpus

FAILING = "paper/f32/u-decay/alternate"


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    """Judge a bug on the cases of one category, and of another that it passes."""
    target = BugTarget(bank()["B16"])
    cases = [case for case in open_corpus().cases("paper", "f32") if case.category in ("u-decay", "smoke")]
    return [judge(case, target.run(case), target.hello) for case in cases]


def waiver(**changes: Any) -> dict[str, Any]:
    """Return a waiver as it stands in the file."""
    return {"id": FAILING, "rev": 1, "reason": "fixed in 2.0", "link": "#7", "until": "99.0.0", **changes}


def written(folder: Path, *waivers: dict[str, Any], **changes: Any) -> Path:
    """Write a file of waivers."""
    path = folder / "adamax-waivers.json"
    path.write_text(json.dumps({"format": "adamax-waivers/1", "waivers": list(waivers), **changes}), encoding="utf-8")
    return path


def in_force(*ids: str) -> dict[str, Waiver]:
    """Return waivers by id."""
    return {name: Waiver(name, 1, "known", "#7", "99.0.0") for name in ids}


def test_without_a_file_nothing_is_waived(tmp_path: Path, judged: list[Judged]) -> None:
    assert read_waivers(tmp_path / "none.json", open_corpus()) == {}
    assert waive(judged, NONE) == judged


def test_a_waived_failure_does_not_count_and_the_verdict_says_so(judged: list[Judged]) -> None:
    failed = [each.case.id for each in judged if each.status == "failed"]
    assert FAILING in failed
    hello = BugTarget(bank()["B16"]).hello
    some = decide(waive(judged, in_force(FAILING)), hello, 0)
    assert (some.text, some.exit, some.counts["waived"]) == ("NOT CONFORMANT with 1 waiver", 1, 1)
    every = decide(waive(judged, in_force(*failed)), hello, 0)
    assert (every.text, every.exit) == (f"EXACT with {len(failed)} waivers", 0)
    assert every.judged == len(judged) - len(failed)
    first = next(each for each in every.cases if each.status == "waived")
    assert first.waiver == "known (#7)"
    assert decide(waive(judged, in_force(*failed)), hello, len(judged)).text.startswith("NOT ENOUGH EVIDENCE with")


def test_a_waiver_that_is_no_longer_needed_is_an_error(judged: list[Judged]) -> None:
    passing = next(each.case.id for each in judged if each.status == "exact")
    verdict = decide(waive(judged, in_force(passing)), BugTarget(bank()["B16"]).hello, 0)
    [error] = [each for each in verdict.cases if each.status == "error"]
    assert error.case.id == passing
    assert "waiver: no longer needed" in error.remark
    assert verdict.exit == 1


def test_an_error_may_be_waived_and_what_was_not_run_stays_as_it_is(judged: list[Judged]) -> None:
    for status, wanted in (("error", "waived"), ("untested", "untested"), ("skipped", "skipped")):
        [made] = waive([replace(judged[0], status=Status(status))], in_force(judged[0].case.id))
        assert made.status == wanted


def test_a_waiver_holds_up_to_a_version_of_the_corpus(tmp_path: Path) -> None:
    corpus = open_corpus()
    for version, until, holds in (("1.2.0", "1.2.0", True), ("1.10.0", "1.9.0", False), ("0.9.0", "1.0.0", True)):
        dated = Corpus(corpus.root, replace(corpus.manifest, corpus=version))
        found = read_waivers(written(tmp_path, waiver(until=until)), _as(dated, corpus))
        assert (FAILING in found) is holds, (version, until)


def _as(dated: Corpus, corpus: Corpus) -> Any:
    """Return a corpus of another version whose files are those of the shipped one."""

    class Dated:
        manifest = dated.manifest
        cases = staticmethod(corpus.cases)

    return Dated()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([waiver(id="paper/f32/u-decay/nothing")], "is no case of this corpus"),
        ([waiver(id="paper/f32/u-decay/*")], "is no case of this corpus"),
        ([waiver(id="nonsense")], "is no case of this corpus"),
        ([waiver(rev=2)], "is revision 1, not 2"),
        ([waiver(reason=" ")], "needs a reason and a link"),
        ([waiver(link="")], "needs a reason and a link"),
        ([waiver(until="soon")], "write a version of the corpus"),
        ([waiver(more=1)], "unknown field 'more'"),
        ([{"id": FAILING}], "field 'rev' is missing"),
        ([waiver(), waiver()], "is waived twice"),
    ],
)
def test_a_malformed_list_is_refused(tmp_path: Path, wrong: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_waivers(written(tmp_path, *wrong), open_corpus())


def test_another_format_and_a_file_that_is_no_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="write 'adamax-waivers/1'"):
        read_waivers(written(tmp_path, format="adamax-waivers/2"), open_corpus())
    path = tmp_path / "adamax-waivers.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON"):
        read_waivers(path, open_corpus())

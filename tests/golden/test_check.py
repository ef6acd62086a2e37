"""`check` finds everything that can be wrong with a corpus that still loads."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adamax_ref.bugs import kills
from adamax_ref.cli import main
from adamax_ref.golden.case import Case
from adamax_ref.golden.check import check
from adamax_ref.golden.codec import CorpusError
from adamax_ref.golden.corpus import KILLS, MANIFEST, digest
from adamax_ref.golden.design import parts
from adamax_ref.golden.generate import corpus_bytes
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.patterns import order_keys
from adamax_ref.golden.store import Store
from adamax_ref.quality.kill_matrix import unkilled
from adamax_ref.recipe.profile import BINARY32

PATH = "core/paper/f32/smoke.json"
KILLED = "paper/f32/smoke/echo"
VECTORS = (PATH, "core/paper/f32/eps.json", "core/torch/f32/smoke.json", "core/torch/f32/eps.json")


@cache
def small() -> dict[str, bytes]:
    """Return a corpus of four files that this program makes, by path."""
    few = [part for part in parts("core", ("paper", "torch")) if part.path in VECTORS]
    return dict(corpus_bytes("core", few, kills))


def complete(cases: Sequence[Case]) -> Iterator[str]:
    """Find nothing missing in a kill matrix: four files cannot have a whole one."""
    yield from ()


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the small corpus, and let it be what regeneration gives; that has a test of its own."""
    monkeypatch.setattr("adamax_ref.golden.check.corpus_bytes", lambda *_: iter(small().items()))
    Store(tmp_path / "golden").write(small().items())
    return tmp_path / "golden"


def edit(root: Path, path: str, change: Callable[[Any], None], indent: int | None = 1) -> None:
    """Change a file; of a vector file the manifest learns the new size and hash."""
    document = json.loads((root / path).read_text(encoding="utf-8"))
    change(document)
    (root / path).write_text(json.dumps(document, indent=indent, sort_keys=True) + "\n", encoding="utf-8")
    data = (root / path).read_bytes()
    if path != MANIFEST:
        edit(root, MANIFEST, lambda manifest: _renew(manifest, path, data))


def _renew(manifest: Any, path: str, data: bytes) -> None:
    for entry in manifest["files"] + manifest["support"]:
        if entry["path"] == path:
            entry.update(sha256=digest(data), bytes=len(data))


def test_a_corpus_in_order_has_no_findings(copied: Path) -> None:
    assert check(copied, kills, complete) == []


def bend(document: Any, field: str) -> None:
    """Let a field of the first parameter that is expected be a number next to the right one."""
    theta = next(case for case in document["cases"] if case.get("expect") and case["expect"][0]["theta"]["bits"])["expect"][0][
        "theta"
    ]
    right = theta.get(field, theta["bits"])
    for each in ("true", "lo", "hi"):
        theta.setdefault(each, theta["bits"])
    theta[field] = right[:-1] + ("0" if right[-1] == "1" else "1")
    if field == "bits":  # a range that does not hold them is refused before
        theta["lo"], theta["hi"] = sorted((right, theta["bits"]), key=last)
    if field == "hi":
        theta["hi"] = f"{right[:-8]}7f800000"


def last(text: str) -> int:
    """Return the place of the last number of an array among all numbers."""
    return order_keys(text, BINARY32)[-1] or 0


FINDINGS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "unknown flag 'no-such-flag'": (PATH, lambda document: document["cases"][0].update(flags=["no-such-flag"])),
    "unknown bug 'B999'": (KILLS, lambda document: document.update({KILLED: "B01 B999"})),
    f"{KILLS}: .*{KILLED}: kills B": (KILLS, lambda document: document.update({KILLED: ""})),
    "unknown clause 'S11'": (PATH, lambda document: document["cases"][0].update(spec=["S11"])),
    "kills nothing, and each clause": (KILLS, lambda document: document.update({KILLED: ""})),
    r"theta after step \d: bits is [0-9a-f ]+, the stepper's is": (PATH, lambda document: bend(document, "bits")),
    r"theta after step \d: hi is [0-9a-f ]+, the bound is": (PATH, lambda document: bend(document, "hi")),
    r"theta after step \d: true is [0-9a-f ]+, the exact value is": (PATH, lambda document: bend(document, "true")),
    "it has another why": (PATH, lambda document: document["cases"][0].update(why="Another reason.")),
    "no such case is made": (PATH, lambda document: document["cases"][0].update(id="paper/f32/smoke/new")),
    r"paper/f32/smoke/[a-z-]+: missing": (PATH, lambda document: document["cases"][0].update(id="paper/f32/smoke/new")),
    "KILLS.json.*: expected str, found int": (KILLS, lambda document: document.update({KILLED: 1})),
    "flags, needs and kills are not sorted": (
        PATH,
        lambda document: document["cases"][0].update(flags=["zero-gradient", "absorbed-update"]),
    ),
    "is not one of": (PATH, lambda document: document["cases"][0]["hyper"].update(decay="both")),
    "totals are": (MANIFEST, lambda manifest: manifest["totals"].update(cases=1)),
    "the floor of torch/f32 core is": (MANIFEST, lambda manifest: manifest["floors"]["torch/f32"].update(core=1)),
    "is too short|should be non-empty": (MANIFEST, lambda manifest: manifest.update(oracles=[])),
    "regeneration gives other bytes": (PATH, lambda document: document["cases"][0].update(why="Another reason.")),
}


@pytest.mark.parametrize("words", FINDINGS)
def test_each_fault_is_found(copied: Path, words: str) -> None:
    path, change = FINDINGS[words]
    edit(copied, path, change)
    found = check(copied, kills, complete)
    assert any(re.search(words, finding) for finding in found), found


def test_another_layout_of_the_same_content_is_found(copied: Path) -> None:
    edit(copied, PATH, lambda document: None, indent=2)
    assert any("not in canonical form" in finding for finding in check(copied, kills, complete))


def test_a_changed_schema_and_a_damaged_file_are_found(copied: Path) -> None:
    (copied / "schema" / "vectors.schema.json").write_text("{}", encoding="utf-8")
    (copied / PATH).write_bytes(b"")
    found = "\n".join(check(copied, kills, complete))
    assert "vectors.schema.json: not the file" in found
    assert "smoke.json: not the file" in found


def test_a_foreign_file_is_refused(copied: Path) -> None:
    (copied / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"notes\.txt"):
        check(copied, kills, complete)


def test_a_missing_category_is_found(copied: Path) -> None:
    (copied / PATH).unlink()
    edit(copied, MANIFEST, lambda manifest: manifest.update(files=[e for e in manifest["files"] if e["path"] != PATH]))
    assert any(finding.endswith("smoke.json: missing") for finding in check(copied, kills, complete))


def test_check_regenerates_what_the_manifest_says(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def made(*arguments: object) -> Iterator[tuple[str, bytes]]:
        asked.append(arguments[:2])
        return iter(small().items())

    monkeypatch.setattr("adamax_ref.golden.check.corpus_bytes", made)
    check(copied, kills, complete)
    assert asked == [("core", parts("core", ("paper", "torch")))]


def test_a_bug_that_too_few_cases_kill_is_found(copied: Path) -> None:
    """Four files do not kill everything, and the real matrix says so."""
    found = check(copied, kills, unkilled)
    assert any(re.search(r"torch/f32: B\d+ \(.*\) is killed by [01] cases, not by 2", finding) for finding in found)


def test_level_full_is_held_against_the_published_hashes(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = open_corpus(copied).hashes
    monkeypatch.setattr("adamax_ref.golden.load.published_hashes", lambda: right | {PATH: "0" * 64})
    edit(copied, MANIFEST, lambda manifest: manifest.update(level="full"))
    found = check(copied, kills, complete)
    assert any(finding.endswith("smoke.json: not the file that was published") for finding in found)
    assert not any("eps.json: not the file that was published" in finding for finding in found)


def test_regeneration_is_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anything in its place: two files are computed, written, checked, bent and found."""
    few = [part for part in parts("core", ("paper",)) if part.path in (PATH, "core/paper/f32/skip.json")]
    monkeypatch.setattr("adamax_ref.golden.check.parts", lambda *_: few)
    Store(tmp_path / "golden").write(corpus_bytes("core", few, kills))
    assert check(tmp_path / "golden", kills, complete) == []
    edit(tmp_path / "golden", PATH, lambda document: bend(document, "bits"))
    assert any("the stepper's is" in finding for finding in check(tmp_path / "golden", kills, complete))


def ruin(path: Path, data: bytes | None) -> None:
    """Write other bytes to a file, or put a folder in its place."""
    path.unlink()
    if data is None:
        path.mkdir()
    else:
        path.write_bytes(data)


def replace_by(root: Path, make: Callable[[Path], None]) -> None:
    """Put something that is no file in the place of a file."""
    (root / PATH).unlink()
    make(root / PATH)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda root: (root / MANIFEST).unlink(),
    "an empty manifest": lambda root: ruin(root / MANIFEST, b""),
    "a manifest that is no JSON": lambda root: ruin(root / MANIFEST, b"\xff\xfe"),
    "a manifest of another kind": lambda root: ruin(root / MANIFEST, b"[]"),
    "a deep manifest": lambda root: ruin(root / MANIFEST, b"[" * 100_000),
    "a folder for a manifest": lambda root: ruin(root / MANIFEST, None),
    "an empty file": lambda root: ruin(root / PATH, b""),
    "a folder for a file": lambda root: ruin(root / PATH, None),
    "a missing file": lambda root: (root / PATH).unlink(),
    "a missing schema": lambda root: (root / "schema" / "vectors.schema.json").unlink(),
    "a missing flat file": lambda root: (root / "FLAGS.json").unlink(),
    "a link": lambda root: replace_by(root, lambda path: path.symlink_to("/etc/passwd")),
    "a pipe": lambda root: replace_by(root, os.mkfifo),
    "a foreign file": lambda root: (root / "notes.txt").write_text("mine", encoding="utf-8"),
    "a path outside": lambda root: edit(root, MANIFEST, lambda manifest: manifest["files"][0].update(path="../x.json")),
    "a huge whole number": lambda root: edit(root, PATH, lambda document: document.update(count=10**30)),
    "a list of nothing": lambda root: edit(root, PATH, lambda document: document.update(cases=[None])),
    "no cases": lambda root: edit(root, PATH, lambda document: document.update(cases=[], count=0)),
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_a_damaged_folder_is_told_about_and_never_a_traceback(copied: Path, damage: str) -> None:
    HOSTILE[damage](copied)
    done = CliRunner().invoke(main, ["golden", "check", str(copied)])
    assert done.exit_code in (1, 2) and isinstance(done.exception, SystemExit), (done.output, done.exception)
    assert copied.name in done.output and "Traceback" not in done.output

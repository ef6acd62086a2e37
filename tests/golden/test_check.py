"""`check` finds everything that can be wrong with a corpus that still loads."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adamax_ref.conformance import kills
from adamax_ref.golden.case import VectorFile
from adamax_ref.golden.check import check
from adamax_ref.golden.corpus import MANIFEST, digest
from adamax_ref.golden.document import CorpusError, canonical
from adamax_ref.golden.folder import write
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.manifest import manifest_of, support_files
from adamax_ref.golden.plan import Part

PATH = "core/paper/f32/smoke.json"


@cache
def small() -> dict[str, bytes]:
    """Return a corpus of four files taken from the shipped one, by path."""
    corpus, data = open_corpus(), support_files() | {"BUGS.json": b"{}\n"}
    files: dict[Part, VectorFile] = {}
    for entry in corpus.manifest.files:
        if entry.path in (PATH, "core/paper/f32/eps.json", "core/torch/f32/smoke.json", "core/torch/f32/eps.json"):
            part = Part(entry.level, entry.dialect, entry.profile, entry.category)
            files[part] = corpus.file(entry)
            data[entry.path] = corpus.verified(entry)
    return data | {MANIFEST: canonical(manifest_of("core", files, data))}


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the small corpus, and let it be what regeneration gives; that has a test of its own."""
    monkeypatch.setattr("adamax_ref.golden.check.corpus_bytes", lambda *_: iter(small().items()))
    write(tmp_path / "golden", small().items())
    return tmp_path / "golden"


def edit(root: Path, path: str, change: Callable[[Any], None], indent: int | None = 1) -> None:
    """Change a file; of a vector file the manifest learns the new size and hash."""
    document = json.loads((root / path).read_text())
    change(document)
    (root / path).write_text(json.dumps(document, indent=indent, sort_keys=True) + "\n")
    data = (root / path).read_bytes()
    if path != MANIFEST:
        edit(root, MANIFEST, lambda manifest: _renew(manifest, path, data))


def _renew(manifest: Any, path: str, data: bytes) -> None:
    for entry in manifest["files"]:
        if entry["path"] == path:
            entry.update(sha256=digest(data), bytes=len(data))


def test_a_corpus_in_order_has_no_findings(copied: Path) -> None:
    assert check(copied, kills) == []


FINDINGS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "unknown flag 'no-such-flag'": (PATH, lambda document: document["cases"][0].update(flags="no-such-flag")),
    "flags and needs are not sorted": (
        PATH,
        lambda document: document["cases"][0].update(flags="zero-gradient absorbed-update"),
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
    found = check(copied, kills)
    assert any(re.search(words, finding) for finding in found), found


def test_another_layout_of_the_same_content_is_found(copied: Path) -> None:
    edit(copied, PATH, lambda document: None, indent=2)
    assert any("not in canonical form" in finding for finding in check(copied, kills))


def test_a_changed_schema_and_a_damaged_file_are_found(copied: Path) -> None:
    (copied / "schema" / "vectors.schema.json").write_text("{}")
    (copied / PATH).write_bytes(b"")
    found = "\n".join(check(copied, kills))
    assert "vectors.schema.json: not the file" in found
    assert "smoke.json: not the file" in found


def test_a_foreign_file_is_refused(copied: Path) -> None:
    (copied / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"notes\.txt"):
        check(copied, kills)


def test_a_missing_category_is_found(copied: Path) -> None:
    (copied / PATH).unlink()
    edit(copied, MANIFEST, lambda manifest: manifest.update(files=[e for e in manifest["files"] if e["path"] != PATH]))
    assert any(finding.endswith("smoke.json: missing") for finding in check(copied, kills))


def test_check_regenerates_what_the_manifest_says(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def made(*arguments: object) -> Iterator[tuple[str, bytes]]:
        asked.append(arguments[:2])
        return iter(small().items())

    monkeypatch.setattr("adamax_ref.golden.check.corpus_bytes", made)
    check(copied, kills)
    assert asked == [("core", ("paper", "torch"))]

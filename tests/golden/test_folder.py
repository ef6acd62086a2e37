"""A corpus is written whole or not at all, and nothing of anybody else's is touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adamax_ref.golden.corpus import MANIFEST, Manifest, Oracle, Support, Totals, digest
from adamax_ref.golden.document import CorpusError, canonical
from adamax_ref.golden.folder import write

FLAGS = b"{}\n"


def corpus(extra: tuple[str, ...] = ()) -> list[tuple[str, bytes]]:
    """Return a corpus of one support file, as paths and bytes."""
    support = (Support("FLAGS.json", digest(FLAGS), len(FLAGS)),)
    manifest = Manifest(
        "adamax-manifest/1", "0.1.0", "1", "core", extra, (), (), support, Totals(0, 0), {}, (), Oracle("test", "1")
    )
    return [("FLAGS.json", FLAGS), (MANIFEST, canonical(manifest))]


def broken() -> Iterator[tuple[str, bytes]]:
    """Yield one file and then fail."""
    yield "FLAGS.json", b"new"
    raise KeyboardInterrupt


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_new_folder_an_empty_one_and_an_old_corpus_are_accepted(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    write(target, corpus())
    assert content(target) == dict(corpus())
    write(target, corpus(("x",)))
    assert content(target) == dict(corpus(("x",)))
    assert [path.name for path in target.parent.iterdir()] == ["b"]


def test_an_interruption_leaves_the_old_corpus_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "golden"
    write(target, corpus())
    with pytest.raises(KeyboardInterrupt):
        write(target, broken())
    assert content(target) == dict(corpus())
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "other", broken())
    assert [path.name for path in tmp_path.iterdir()] == ["golden"]


def test_a_failing_move_puts_the_old_corpus_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "golden"
    write(target, corpus())
    move = Path.rename

    def fail(self: Path, to: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return move(self, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CorpusError, match=r"cannot be written .No space left on device."):
        write(target, corpus(("x",)))
    assert content(target) == dict(corpus())


def test_a_foreign_file_stays_and_stops_the_writing(tmp_path: Path) -> None:
    target = tmp_path / "golden"
    write(target, corpus())
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"holds 'notes.txt', which is no part of a corpus"):
        write(target, corpus(("x",)))
    assert (target / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "golden").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"is a file; name a folder"):
        write(tmp_path / "golden", corpus())


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"cannot be written .*choose another folder"):
        write(tmp_path / "file" / "golden", corpus())
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"

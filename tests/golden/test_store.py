"""A corpus is written whole or not at all, an interrupted generation continues, and foreign files stay untouched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from adamax_ref.golden import generate
from adamax_ref.golden.codec import CorpusError, json_bytes
from adamax_ref.golden.corpus import MANIFEST, Manifest, Oracle, Part, Support, Totals, digest
from adamax_ref.golden.design import parts
from adamax_ref.golden.store import Store, program

SCRIPT = """
import sys
from adamax_ref.cli import main
from adamax_ref.golden import design
from adamax_ref.golden.design import parts

few = ("eps", "lr", "moment", "skip", "smoke", "time", "zero")
design.parts = lambda *words: [part for part in parts(*words) if part.profile == "f32" and part.category in few]
main(["golden", "generate", sys.argv[1], "--dialect", "paper", "--jobs", "1"])
"""


def begun(folder: Path) -> "subprocess.Popen[str]":
    """Start a real generation in a process of its own."""
    words = [sys.executable, "-c", SCRIPT, str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"})


def finished_files(folder: Path) -> dict[str, int]:
    """Return the finished files with the time of their last change."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "parts").rglob("*.json")}


def stopped(folder: Path, how: signal.Signals) -> "subprocess.Popen[str]":
    """Start a generation and stop it once two files are finished."""
    work, running = Store(folder).work, begun(folder)
    while len(finished_files(work)) < 2:
        assert running.poll() is None, running.communicate()
        time.sleep(0.005)
    running.send_signal(how)
    return running


def test_a_killed_generation_goes_on_and_ends_with_the_bytes_of_one_that_was_not(tmp_path: Path) -> None:
    target = tmp_path / "golden"
    killed = stopped(target, signal.SIGKILL)
    killed.communicate()
    work = Store(target)
    assert killed.returncode == -signal.SIGKILL and not target.exists()
    finished = finished_files(work.work)
    assert 2 <= len(finished) < 7
    assert all(work.load(f"core/paper/f32/{name}") for name in finished)

    interrupted = begun(target)
    while len(finished_files(work.work)) == len(finished):
        assert interrupted.poll() is None, interrupted.communicate()
        time.sleep(0.005)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate()
    assert interrupted.returncode == 1 and "Traceback" not in said
    assert f"going on with {len(finished)} files that an earlier run finished" in said
    assert "finished files are kept, run the same command again to go on" in said
    assert finished_files(work.work).items() > finished.items()  # not one of them was computed again

    last, whole = begun(target), begun(tmp_path / "whole")
    assert (last.communicate()[0] != "", last.returncode, whole.communicate()[0] != "", whole.returncode) == (True, 0, True, 0)
    assert content(target) == content(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["golden", "whole"]


def two_parts() -> list[Part]:
    """Return two small parts."""
    return [part for part in parts("core", ("paper",)) if part.category in ("skip", "smoke") and part.profile == "f32"]


def run(store: Store, asked: list[str]) -> dict[str, bytes]:
    """Compute two parts, or what takes their place, and write down which."""

    def making(part: Part) -> bytes:
        asked.append(part.path)
        return f"bytes of {part.path}".encode()

    return generate.compute_files(two_parts(), making, lambda part: None, map, store)


def test_only_what_is_missing_damaged_or_half_written_is_made_again(tmp_path: Path) -> None:
    store, asked = Store(tmp_path / "golden"), list[str]()
    store.open()
    first = run(store, asked)
    assert asked == sorted(first) and store.count() == 2
    assert run(store, asked) == first and len(asked) == 2
    one, other = (store.work / "parts" / path for path in sorted(first))
    one.write_bytes(one.read_bytes()[:-1])
    other.unlink()
    (other.parent / "zero.json.partial").write_bytes(b"half")
    assert run(store, asked) == first and len(asked) == 4


def test_what_another_program_left_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, asked = Store(tmp_path / "golden"), list[str]()
    store.open()
    run(store, asked)
    monkeypatch.setattr("adamax_ref.golden.store.program", lambda: "another")
    store.open()
    assert store.count() == 0
    run(store, asked)
    assert len(asked) == 4


def test_the_program_is_known_by_all_of_its_sources(tmp_path: Path) -> None:
    hashes = set()
    for number, text in enumerate(("a = 1", "a = 2")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "module.py").write_text(text, encoding="utf-8")
        hashes.add(program(tmp_path / str(number)))
    assert len(hashes) == 2


def test_a_swap_that_was_killed_half_way_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two moves the old corpus lies in the work folder; the next run puts it back before anything else."""
    target, work = tmp_path / "golden", Store(tmp_path / "golden")
    (work.work / "old").mkdir(parents=True)
    (work.work / "old" / "notes.txt").write_text("mine", encoding="utf-8")

    def files() -> Iterable[tuple[str, bytes]]:
        yield "FLAGS.json", b"{}\n"

    with pytest.raises(ValueError, match=r"holds 'notes.txt'"):
        Store(target).write(files())
    assert content(target) == {"notes.txt": b"mine"}


def test_a_work_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    store = Store(tmp_path / "file" / "golden")
    with pytest.raises(ValueError, match=r"cannot be written .*choose another folder"):
        store.open()
    with pytest.raises(ValueError, match=r"cannot be written .*choose another folder"):
        store.save("a.json", b"")
    assert store.load("a.json") is None and store.count() == 0


FLAGS = b"{}\n"


def small_corpus(extra: tuple[str, ...] = ()) -> list[tuple[str, bytes]]:
    """Return a corpus of one support file, as paths and bytes."""
    support = (Support("FLAGS.json", digest(FLAGS), len(FLAGS)),)
    manifest = Manifest(
        "adamax-manifest/1", "0.1.0", "1", "core", extra, (), (), support, Totals(0, 0), {}, (), Oracle("test", "1")
    )
    return [("FLAGS.json", FLAGS), (MANIFEST, json_bytes(manifest))]


def broken() -> Iterator[tuple[str, bytes]]:
    """Yield one file and then fail."""
    yield "FLAGS.json", b"new"
    raise KeyboardInterrupt


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_new_folder_an_empty_one_and_an_old_corpus_are_accepted(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    Store(target).write(small_corpus())
    assert content(target) == dict(small_corpus())
    Store(target).write(small_corpus(("x",)))
    assert content(target) == dict(small_corpus(("x",)))
    assert [path.name for path in target.parent.iterdir()] == ["b"]


def test_an_interruption_leaves_the_old_corpus_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "golden"
    Store(target).write(small_corpus())
    with pytest.raises(KeyboardInterrupt):
        Store(target).write(broken())
    assert content(target) == dict(small_corpus())
    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path / "other").write(broken())
    assert [path.name for path in tmp_path.iterdir()] == ["golden"]


def test_a_failing_move_puts_the_old_corpus_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "golden"
    Store(target).write(small_corpus())
    move = Path.rename

    def fail(self: Path, to: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return move(self, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CorpusError, match=r"cannot be written .No space left on device."):
        Store(target).write(small_corpus(("x",)))
    assert content(target) == dict(small_corpus())


def test_a_foreign_file_stays_and_stops_the_writing(tmp_path: Path) -> None:
    target = tmp_path / "golden"
    Store(target).write(small_corpus())
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"holds 'notes.txt', which is no part of a corpus"):
        Store(target).write(small_corpus(("x",)))
    assert (target / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "golden").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"is a file; name a folder"):
        Store(tmp_path / "golden").write(small_corpus())


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"cannot be written .*choose another folder"):
        Store(tmp_path / "file" / "golden").write(small_corpus())
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"

"""A generation that is interrupted, or killed, is taken up where it was: nothing is lost, nothing half-written is believed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from adamax_ref.golden import generate, unfinished
from adamax_ref.golden.folder import write
from adamax_ref.golden.plan import Part, parts
from adamax_ref.golden.unfinished import Unfinished

SCRIPT = """
import sys
from adamax_ref.cli import main
from adamax_ref.golden import generate
from adamax_ref.golden.plan import parts

few = ("eps", "lr", "moment", "skip", "smoke", "time", "zero")
generate.parts = lambda *words: [part for part in parts(*words) if part.profile == "f32" and part.category in few]
main(["golden", "generate", sys.argv[1], "--dialect", "paper", "--jobs", "1"])
"""


def begun(folder: Path) -> "subprocess.Popen[str]":
    """Start a real generation in a process of its own."""
    words = [sys.executable, "-c", SCRIPT, str(folder)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"})


def kept(folder: Path) -> dict[str, int]:
    """Return the finished files with the time of their last change."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "parts").rglob("*.json")}


def stopped(folder: Path, how: signal.Signals) -> "subprocess.Popen[str]":
    """Start a generation and stop it once two files are finished."""
    work, running = Unfinished.beside(folder).folder, begun(folder)
    while len(kept(work)) < 2:
        assert running.poll() is None, running.communicate()
        time.sleep(0.005)
    running.send_signal(how)
    return running


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_killed_generation_goes_on_and_ends_with_the_bytes_of_one_that_was_not(tmp_path: Path) -> None:
    target = tmp_path / "golden"
    killed = stopped(target, signal.SIGKILL)
    killed.communicate()
    work = Unfinished.beside(target)
    assert killed.returncode == -signal.SIGKILL and not target.exists()
    finished = kept(work.folder)
    assert 2 <= len(finished) < 7
    assert all(work.kept(f"core/paper/f32/{name}") for name in finished)

    interrupted = begun(target)
    while len(kept(work.folder)) == len(finished):
        assert interrupted.poll() is None, interrupted.communicate()
        time.sleep(0.005)
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate()
    assert interrupted.returncode == 1 and "Traceback" not in said
    assert f"going on with {len(finished)} files that an earlier run finished" in said
    assert "finished files are kept, run the same command again to go on" in said
    assert kept(work.folder).items() > finished.items()  # not one of them was computed again

    last, whole = begun(target), begun(tmp_path / "whole")
    assert (last.communicate()[0] != "", last.returncode, whole.communicate()[0] != "", whole.returncode) == (True, 0, True, 0)
    assert content(target) == content(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["golden", "whole"]


def smoke() -> list[Part]:
    """Return two small parts."""
    return [part for part in parts("core", ("paper",)) if part.category in ("skip", "smoke") and part.profile == "f32"]


def run(store: Unfinished, asked: list[str]) -> dict[str, bytes]:
    """Compute two parts, or what takes their place, and write down which."""

    def making(part: Part) -> bytes:
        asked.append(part.path)
        return f"bytes of {part.path}".encode()

    return generate.computed(smoke(), making, lambda part: None, map, store)


def test_only_what_is_missing_damaged_or_half_written_is_made_again(tmp_path: Path) -> None:
    store, asked = Unfinished.beside(tmp_path / "golden"), list[str]()
    store.begin()
    first = run(store, asked)
    assert asked == sorted(first) and store.count() == 2
    assert run(store, asked) == first and len(asked) == 2
    one, other = (store.folder / "parts" / path for path in sorted(first))
    one.write_bytes(one.read_bytes()[:-1])
    other.unlink()
    (other.parent / "zero.json.partial").write_bytes(b"half")
    assert run(store, asked) == first and len(asked) == 4


def test_what_another_program_left_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, asked = Unfinished.beside(tmp_path / "golden"), list[str]()
    store.begin()
    run(store, asked)
    monkeypatch.setattr(unfinished, "program", lambda: "another")
    store.begin()
    assert store.count() == 0
    run(store, asked)
    assert len(asked) == 4


def test_the_program_is_known_by_all_of_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "law.py").write_text("a = 1", encoding="utf-8")
    monkeypatch.setattr(unfinished, "files", lambda _: tmp_path)
    unfinished.program.cache_clear()
    before = unfinished.program()
    (tmp_path / "law.py").write_text("a = 2", encoding="utf-8")
    unfinished.program.cache_clear()
    assert unfinished.program() != before
    unfinished.program.cache_clear()


def test_a_swap_that_was_killed_half_way_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two moves the old corpus lies in the work folder; the next run puts it back before anything else."""
    target, work = tmp_path / "golden", Unfinished.beside(tmp_path / "golden")
    (work.folder / "old").mkdir(parents=True)
    (work.folder / "old" / "notes.txt").write_text("mine", encoding="utf-8")

    def files() -> Iterable[tuple[str, bytes]]:
        yield "FLAGS.json", b"{}\n"

    with pytest.raises(ValueError, match=r"holds 'notes.txt'"):
        write(target, files())
    assert content(target) == {"notes.txt": b"mine"}


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    store = Unfinished.beside(tmp_path / "file" / "golden")
    with pytest.raises(ValueError, match=r"cannot be written .*choose another folder"):
        store.begin()
    with pytest.raises(ValueError, match=r"cannot be written .*choose another folder"):
        store.keep("a.json", b"")
    assert store.kept("a.json") is None and store.count() == 0

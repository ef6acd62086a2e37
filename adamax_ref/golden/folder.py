"""Putting a corpus into a folder: either all of it or nothing, and nothing of anybody else's is touched.

Everything is written to a folder beside the wanted one and moved into place at the end. Whatever kills the program in
between, the next run finds the old corpus, or brings it back, and what was finished of the new one.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from .corpus import MANIFEST, Manifest
from .document import CorpusError, build, parse, read
from .unfinished import Unfinished


def write(target: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a corpus to a folder, which is new, empty, or holds a corpus and nothing else.

    Parameters
    ----------
    target : Path
        The folder; an older corpus in it is replaced once the new one is complete.
    files : iterable of (str, bytes)
        From :func:`corpus_bytes`.

    Raises
    ------
    CorpusError
        When the folder holds something else or cannot be written; nothing has changed then.
    """
    work = Unfinished.beside(target)
    fresh, old = work.folder / "new", work.folder / "old"
    try:
        _bring_back(target, old)
        refuse_foreign(target)
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            fresh.mkdir(parents=True)
            for path, data in files:
                place = fresh / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            _swap(fresh, target, old)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            _remove_empty(work.folder)
    except OSError as error:
        raise CorpusError(f"{target}: cannot be written ({error.strerror or error}); choose another folder") from error
    work.remove()


def _bring_back(target: Path, old: Path) -> None:
    """Undo a swap that was killed half-way."""
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _swap(fresh: Path, target: Path, old: Path) -> None:
    """Move the new folder to its place; should that fail, the old one goes back."""
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def refuse_foreign(target: Path) -> None:
    """Refuse a folder that holds anything but a corpus; CorpusError names the first foreign file."""
    if not target.exists():
        return
    if not target.is_dir():
        raise CorpusError(f"{target}: is a file; name a folder")
    found = sorted(str(path.relative_to(target).as_posix()) for path in target.rglob("*") if path.is_symlink() or not path.is_dir())
    known: set[str] = set()
    if MANIFEST in found:
        manifest = build(Manifest, parse(read(target / MANIFEST), MANIFEST), MANIFEST)
        known = {MANIFEST, *(entry.path for entry in manifest.files), *(entry.path for entry in manifest.support)}
    foreign = [path for path in found if path not in known or (target / path).is_symlink()]
    if foreign:
        raise CorpusError(f"{target}: holds {foreign[0]!r}, which is no part of a corpus; choose an empty folder")

"""Putting a corpus into a folder: either all of it or nothing, and nothing of anybody else's is touched.

Everything is written to a temporary folder beside the wanted one and moved into place at the end.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .corpus import MANIFEST, Manifest
from .document import CorpusError, build, contained, parse, read


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
    refuse_foreign(target)
    try:
        with _beside(target) as folder:
            fresh = folder / "new"
            for path, data in files:
                place = fresh / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            _swap(fresh, target, folder / "old")
    except OSError as error:
        raise CorpusError(f"{target}: cannot be written ({error.strerror or error}); choose another folder") from error


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


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Offer a temporary folder on the same file system, and remove it whatever happens."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_foreign(target: Path) -> None:
    """Refuse a folder that holds anything but a corpus; CorpusError names the first foreign file."""
    if not target.exists():
        return
    if not target.is_dir():
        raise CorpusError(f"{target}: is a file; name a folder")
    found = sorted(str(path.relative_to(target).as_posix()) for path in target.rglob("*") if not path.is_dir())
    known: set[str] = set()
    if MANIFEST in found:
        manifest = build(Manifest, parse(read(contained(target, MANIFEST)), MANIFEST), MANIFEST)
        known = {MANIFEST, *(entry.path for entry in manifest.files), *(entry.path for entry in manifest.support)}
    foreign = [path for path in found if path not in known]
    if foreign:
        raise CorpusError(f"{target}: holds {foreign[0]!r}, which is no part of a corpus; choose an empty folder")

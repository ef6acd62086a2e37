"""The folder of a corpus, written whole or not at all, and the finished files of an interrupted run.

A corpus is computed and assembled in a hidden folder beside its target and moved into place at the end. After a crash at
any point the next run restores the old corpus if it had been moved aside, and continues with the finished vector files.
Files of another program, which may compute other bytes, are discarded.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import final

from .codec import CorpusError, from_json, parse, read
from .corpus import CORPUS_VERSION, MANIFEST, Manifest, digest

PACKAGE = Path(str(files("adamax_ref")))


@final
@dataclass(frozen=True)
class Store:
    """A target folder and the hidden work folder beside it.

    Examples
    --------
    >>> Store(Path("golden")).work.name
    '.golden.unfinished'
    """

    target: Path

    @property
    def work(self) -> Path:
        """The work folder."""
        target = Path(os.path.abspath(self.target))
        return target.parent / f".{target.name}.unfinished"

    def open(self) -> int:
        """Prepare the work folder and return how many finished files of this program it has.

        Raises
        ------
        CorpusError
            When the target holds anything but a corpus, or the work folder cannot be written.
        """
        refuse_foreign(self.target)
        mark = self.work / "program"
        with _writing(self.work):
            if not mark.is_file() or mark.read_text(encoding="ascii", errors="replace") != program():
                shutil.rmtree(self.work / "parts", ignore_errors=True)
                self.work.mkdir(parents=True, exist_ok=True)
                _replace(mark, program().encode())
        return self.count()

    def load(self, path: str) -> bytes | None:
        """Return a finished file, None where there is none or it is damaged."""
        try:
            head, _, data = (self.work / "parts" / path).read_bytes().partition(b"\n")
        except OSError:
            return None
        return data if head == digest(data).encode() else None

    def save(self, path: str, data: bytes) -> None:
        """Save a finished file behind a line with its hash; CorpusError when it cannot be written."""
        place = self.work / "parts" / path
        with _writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            _replace(place, digest(data).encode() + b"\n" + data)

    def count(self) -> int:
        """Return the number of finished files."""
        return sum(path.is_file() and path.suffix == ".json" for path in (self.work / "parts").rglob("*"))

    def write(self, corpus: Iterable[tuple[str, bytes]]) -> None:
        """Write a corpus to the target, which is new, empty, or holds a corpus; then remove the work folder.

        Parameters
        ----------
        corpus : iterable of (str, bytes)
            Path and content of each file, from :func:`~adamax_ref.golden.generate.corpus_bytes`.

        Raises
        ------
        CorpusError
            When the target holds something else or cannot be written; it is unchanged then.
        """
        fresh, old = self.work / "new", self.work / "old"
        with _writing(self.target):
            self._restore(old)
            refuse_foreign(self.target)
            shutil.rmtree(fresh, ignore_errors=True)
            try:
                fresh.mkdir(parents=True)
                for path, data in corpus:
                    place = fresh / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
                self._swap(fresh, old)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
                if self.work.is_dir() and not any(self.work.iterdir()):
                    self.work.rmdir()
        shutil.rmtree(self.work, ignore_errors=True)

    def _restore(self, old: Path) -> None:
        """Undo a swap that a crash left half done."""
        if old.exists() and not self.target.exists():
            old.rename(self.target)
        shutil.rmtree(old, ignore_errors=True)

    def _swap(self, fresh: Path, old: Path) -> None:
        """Move the new folder into place; if that fails, move the old one back."""
        if self.target.exists():
            self.target.rename(old)
        try:
            fresh.rename(self.target)
        except BaseException:
            if old.exists():
                old.rename(self.target)
            raise


def refuse_foreign(target: Path) -> None:
    """Refuse a folder that holds anything but a corpus; CorpusError names the first foreign file."""
    if not target.exists():
        return
    if not target.is_dir():
        raise CorpusError(f"{target}: is a file; name a folder")
    every = (path for path in target.rglob("*") if path.is_symlink() or not path.is_dir())
    names = sorted(path.relative_to(target).as_posix() for path in every)
    known: set[str] = set()
    if MANIFEST in names:
        manifest = from_json(Manifest, parse(read(target / MANIFEST), MANIFEST), MANIFEST)
        known = {MANIFEST, *(entry.path for entry in manifest.files), *(other.path for other in manifest.support)}
    foreign = [name for name in names if name not in known or (target / name).is_symlink()]
    if foreign:
        raise CorpusError(f"{target}: holds {foreign[0]!r}, which is no part of a corpus; choose an empty folder")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written ({error.strerror or error}); choose another folder") from error


def _replace(path: Path, data: bytes) -> None:
    """Write a file aside and move it into place, so that it is whole or absent."""
    aside = path.with_name(f"{path.name}.partial")
    aside.write_bytes(data)
    aside.replace(path)


@cache
def program(root: Path = PACKAGE) -> str:
    """Return a hash of the package's sources, on which vector files can depend, and of the corpus version.

    Examples
    --------
    >>> len(program())
    64
    """
    every = (path for path in root.rglob("*") if path.suffix in (".py", ".json") and path.name != "full.json")
    sources = sorted(path for path in every if "vectors" not in path.parts)
    hashes = [f"{path.relative_to(root).as_posix()} {digest(path.read_bytes())}" for path in sources]
    return digest("\n".join([CORPUS_VERSION, *hashes]).encode())

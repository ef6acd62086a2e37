"""What is finished of a corpus that is still being computed: kept beside its folder, for the case that something interrupts.

Each file is written aside and moved into place, behind a line with its own hash, so that a file is there whole or does not
count. All of it holds only for the very program that made it: another one begins again.
"""

import os
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import final

from .corpus import CORPUS_VERSION, digest
from .document import CorpusError


@final
@dataclass(frozen=True)
class Unfinished:
    """The folder beside the one that a corpus is for.

    Examples
    --------
    >>> Unfinished.beside(Path("golden")).folder.name
    '.golden.unfinished'
    """

    folder: Path

    @classmethod
    def beside(cls, target: Path) -> "Unfinished":
        """Name the folder; nothing is made yet."""
        target = Path(os.path.abspath(target))
        return cls(target.parent / f".{target.name}.unfinished")

    def begin(self) -> None:
        """Make the folder, and throw away what another program left in it.

        Raises
        ------
        CorpusError
            When it cannot be made.
        """
        mark = self.folder / "program"
        try:
            if not mark.is_file() or mark.read_text(encoding="ascii", errors="replace") != program():
                shutil.rmtree(self.folder / "parts", ignore_errors=True)
                self.folder.mkdir(parents=True, exist_ok=True)
                _replace(mark, program().encode())
        except OSError as error:
            raise CorpusError(f"{self.folder}: cannot be written ({error.strerror or error}); choose another folder") from error

    def kept(self, path: str) -> bytes | None:
        """Return a finished file, None where there is none or it is damaged."""
        try:
            head, _, data = (self.folder / "parts" / path).read_bytes().partition(b"\n")
        except OSError:
            return None
        return data if head == digest(data).encode() else None

    def keep(self, path: str, data: bytes) -> None:
        """Keep a finished file; CorpusError when it cannot be written."""
        place = self.folder / "parts" / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _replace(place, digest(data).encode() + b"\n" + data)
        except OSError as error:
            raise CorpusError(f"{place}: cannot be written ({error.strerror or error}); choose another folder") from error

    def count(self) -> int:
        """Return how many files are kept."""
        return sum(path.is_file() and path.suffix == ".json" for path in (self.folder / "parts").rglob("*"))

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _replace(path: Path, data: bytes) -> None:
    aside = path.with_name(f"{path.name}.partial")
    aside.write_bytes(data)
    aside.replace(path)


@cache
def program() -> str:
    """Return a hash of everything in this package that a vector file can depend on, and the version of the corpus.

    Examples
    --------
    >>> len(program())
    64
    """
    root = Path(str(files("adamax_ref")))
    found = (path for path in root.rglob("*") if path.suffix in (".py", ".json") and path.name != "full.json")
    sources = sorted(path for path in found if "vectors" not in path.parts)
    told = [f"{path.relative_to(root).as_posix()} {digest(path.read_bytes())}" for path in sources]
    return digest("\n".join([CORPUS_VERSION, *told]).encode())

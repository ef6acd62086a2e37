"""Waivers: failures that a project knows of and accepts for a time, each with its reason, in a file of its own.

A waiver names one case in one revision; there are no patterns. It runs out with a version of the corpus, and one that is no
longer needed is an error, so that the list cannot rot.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import final

from adamax_ref.golden.case import Case
from adamax_ref.golden.codec import from_json, parse, read
from adamax_ref.golden.corpus import LEVELS
from adamax_ref.golden.load import Corpus

from .judge import Judged, Status

FILE = "adamax-waivers.json"
FORMAT = "adamax-waivers/1"

_VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}")


@final
@dataclass(frozen=True)
class Waiver:
    """One accepted failure; all fields are required.

    Attributes
    ----------
    id, rev : str, int
        Of the case.
    reason, link : str
        Why it is accepted, and where that is discussed.
    until : str
        The last version of the corpus for which it holds.
    """

    id: str
    rev: int
    reason: str
    link: str
    until: str


@final
@dataclass(frozen=True)
class WaiverFile:
    """Content of the file."""

    format: str
    waivers: tuple[Waiver, ...]


Waivers = Mapping[str, Waiver]
"""Waivers in force, by the id of their case."""

NONE: Waivers = MappingProxyType({})


def read_waivers(path: Path, corpus: Corpus) -> dict[str, Waiver]:
    """Read a file of waivers; nothing where there is no file.

    Parameters
    ----------
    path : Path
        Usually :data:`FILE` in the working directory.
    corpus : Corpus
        Which cases there are, and of which version it is.

    Raises
    ------
    ValueError
        When the file is malformed, or a waiver names an unknown case, another revision, or no reason.
    """
    if not path.is_file():
        return {}
    file = from_json(WaiverFile, parse(read(path), str(path)), str(path))
    if file.format != FORMAT:
        raise ValueError(f"{path}: format is {file.format[:40]!r}; write {FORMAT!r}")
    known = _cases(corpus, file.waivers)
    for waiver in file.waivers:
        _check(waiver, known, str(path))
    if len({waiver.id for waiver in file.waivers}) != len(file.waivers):
        raise ValueError(f"{path}: a case is waived twice; keep one waiver of it")
    return {waiver.id: waiver for waiver in file.waivers if _number(corpus.manifest.corpus) <= _number(waiver.until)}


def waive(judged: Sequence[Judged], waivers: Waivers) -> list[Judged]:
    """Return the cases with waived failures as ``waived``, and with an error where a waiver is no longer needed."""
    return [_waived(each, waivers[each.case.id]) if each.case.id in waivers else each for each in judged]


def _waived(judged: Judged, waiver: Waiver) -> Judged:
    if judged.fails:
        return replace(judged, status=Status.WAIVED, waiver=f"{waiver.reason} ({waiver.link})")
    if judged.passes:
        return replace(
            judged, status=Status.ERROR, kind="waiver", reason=f"no longer needed, the case passes; take it out of {FILE}"
        )
    return judged


def _cases(corpus: Corpus, waivers: Iterable[Waiver]) -> dict[str, Case]:
    """Return the cases of every dialect and profile that a waiver names, at all levels that the corpus has."""
    have = {(entry.dialect, entry.profile) for entry in corpus.manifest.files}
    asked = {tuple(waiver.id.split("/")[:2]) for waiver in waivers}
    levels = LEVELS[: LEVELS.index(corpus.manifest.level) + 1]
    return {case.id: case for pair in sorted(asked & have) for case in corpus.cases(pair[0], pair[1], levels[-1])}


def _check(waiver: Waiver, known: Mapping[str, Case], where: str) -> None:
    name = waiver.id[:120]
    if waiver.id not in known:
        raise ValueError(f"{where}: {name!r} is no case of this corpus; a waiver names one case by its id")
    if waiver.rev != known[waiver.id].rev:
        raise ValueError(f"{where}: {name!r} is revision {known[waiver.id].rev}, not {waiver.rev}; look at it anew")
    if not waiver.reason.strip() or not waiver.link.strip():
        raise ValueError(f"{where}: the waiver of {name!r} needs a reason and a link")
    if not _VERSION.fullmatch(waiver.until):
        raise ValueError(f"{where}: until of {name!r} is {waiver.until[:40]!r}; write a version of the corpus, such as '1.0.0'")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))

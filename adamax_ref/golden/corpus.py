"""The contents of a corpus: vector files, manifest, schemas, versions and published hashes."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, final

from .case import Case, VectorFile
from .codec import json_bytes, parse
from .flags import FLAGS

CORPUS_VERSION = "0.3.0"
SPEC_VERSION = "1"
MANIFEST = "MANIFEST.json"
KILLS = "KILLS.json"
MANIFEST_FORMAT = "adamax-manifest/1"
HASHES_FORMAT = "adamax-digests/1"
SCHEMAS = ("vectors", "manifest", "protocol", "report")
LEVELS = ("core", "full")
LARGEST_FILE = {"core": 1 << 20, "full": 8 << 20}
"""Most bytes of one vector file, by level; a reader may refuse more."""


@final
@dataclass(frozen=True)
class Part:
    """One vector file to be made."""

    level: str
    dialect: str
    profile: str
    category: str

    @property
    def path(self) -> str:
        """Path of the file in the corpus."""
        return f"{self.level}/{self.dialect}/{self.profile}/{self.category}.json"


@final
@dataclass(frozen=True)
class FileEntry:
    """A vector file in the manifest."""

    path: str
    sha256: str
    bytes: int
    cases: int
    level: str
    dialect: str
    profile: str
    category: str


@final
@dataclass(frozen=True)
class Support:
    """Another file of the corpus in the manifest: flags, bugs, recipes, schemas."""

    path: str
    sha256: str
    bytes: int


@final
@dataclass(frozen=True)
class Totals:
    """Numbers of cases, and of numbers to compare."""

    cases: int
    expectations: int


@final
@dataclass(frozen=True)
class Oracle:
    """A program that computes expected values."""

    name: str
    version: str


@final
@dataclass(frozen=True)
class Manifest:
    """MANIFEST.json."""

    format: str
    corpus: str
    spec: str
    level: str
    dialects: tuple[str, ...]
    profiles: tuple[str, ...]
    files: tuple[FileEntry, ...]
    support: tuple[Support, ...]
    totals: Totals
    floors: dict[str, dict[str, int]]
    oracles: tuple[Oracle, ...]
    generator: Oracle


def shipped() -> Path:
    """Return the folder of the core corpus that the package carries."""
    return Path(str(files("adamax_ref").joinpath("vectors")))


def schema(name: str) -> bytes:
    """Return one of the JSON Schemas that describe the corpus, the protocol and the reports; see :data:`SCHEMAS`."""
    return files("adamax_ref.golden").joinpath("schema", f"{name}.schema.json").read_bytes()


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return sha256(data).hexdigest()


def floor(cases: Iterable[Case]) -> int:
    """Return how many cases a target must be judged on: nine tenths, rounded up, of those that need no feature."""
    return -(-9 * sum(not case.needs for case in cases) // 10)


def numbers_in(file: VectorFile) -> int:
    """Return how many numbers a target's answers to a file are compared in."""
    every = (expect for case in file.cases for expect in case.expect or ())
    return sum(1 + sum(len(q.bits.split()) for q in (expect.theta, expect.m, expect.u)) for expect in every)


@cache
def published_hashes() -> dict[str, str]:
    """Return the published SHA-256 of the files of level full by path; none for another version of the corpus.

    ``full.json`` beside this file is the output of ``adamax-ref golden digests DIR``.

    Examples
    --------
    >>> all(len(number) == 64 for number in published_hashes().values())
    True
    """
    path = files("adamax_ref.golden").joinpath("full.json")
    document: Any = parse(path.read_bytes(), "full.json") if path.is_file() else {}
    return dict(document["files"]) if document.get("corpus") == CORPUS_VERSION else {}


def generator() -> Oracle:
    """Return the generator entry; its version is the one of the corpus, so that a release changes no byte."""
    return Oracle("adamax-ref", CORPUS_VERSION)


ORACLES = (Oracle("exact-rationals-with-balls", "1"), Oracle("rounded-once-stepper", "1"))


def support_files() -> dict[str, bytes]:
    """Return the other files of a corpus by path: flags and schemas."""
    result = {"FLAGS.json": json_bytes(FLAGS)}
    return result | {f"schema/{name}.schema.json": schema(name) for name in SCHEMAS}


def manifest_of(level: str, files: dict[Part, VectorFile], data: dict[str, bytes]) -> Manifest:
    """Describe a corpus: `files` by part and the bytes of every file by path."""
    entries = tuple(
        FileEntry(part.path, digest(data[part.path]), len(data[part.path]), file.count, *_keys(part))
        for part, file in sorted(files.items(), key=lambda item: item[0].path)
    )
    known = {part.path for part in files}
    support = tuple(Support(path, digest(data[path]), len(data[path])) for path in sorted(data) if path not in known)
    return Manifest(
        format=MANIFEST_FORMAT,
        corpus=CORPUS_VERSION,
        spec=SPEC_VERSION,
        level=level,
        dialects=tuple(sorted({part.dialect for part in files})),
        profiles=tuple(sorted({part.profile for part in files})),
        files=entries,
        support=support,
        totals=Totals(sum(file.count for file in files.values()), sum(map(numbers_in, files.values()))),
        floors=_floors(level, files),
        oracles=ORACLES,
        generator=generator(),
    )


def _keys(part: Part) -> tuple[str, str, str, str]:
    return part.level, part.dialect, part.profile, part.category


def _floors(level: str, files: dict[Part, VectorFile]) -> dict[str, dict[str, int]]:
    floors: dict[str, dict[str, int]] = {}
    for item in LEVELS[: LEVELS.index(level) + 1]:
        for pair in sorted({(part.dialect, part.profile) for part in files}):
            below = LEVELS[: LEVELS.index(item) + 1]
            cases = [
                c for part, f in files.items() if (part.dialect, part.profile) == pair and part.level in below for c in f.cases
            ]
            floors.setdefault("/".join(pair), {})[item] = floor(cases)
    return floors

"""What a corpus consists of: its manifest, its files, and where the shipped one lies."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import final

from .case import Case, VectorFile

CORPUS_VERSION = "0.2.0"
SPEC_VERSION = "1"
MANIFEST = "MANIFEST.json"
MANIFEST_FORMAT = "adamax-manifest/1"
SCHEMAS = ("vectors", "manifest", "protocol", "report")
LEVELS = ("core", "full")
LARGEST_FILE = {"core": 1 << 20, "full": 8 << 20}
"""Most bytes of one vector file, by level; a reader may refuse more."""


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
    """How much there is: cases, and numbers to compare."""

    cases: int
    expectations: int


@final
@dataclass(frozen=True)
class Oracle:
    """What computed the expectations."""

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


def generator() -> Oracle:
    """Name the program that writes a corpus; its version is the corpus's, so that a release changes no byte."""
    return Oracle("adamax-ref", CORPUS_VERSION)

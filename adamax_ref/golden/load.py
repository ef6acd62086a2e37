"""Load and validate an untrusted corpus.

Paths come from the manifest's fields and must match them, sizes and hashes are compared before parsing, and every pattern
of a case is decoded before the case is returned.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import final

from adamax_ref.recipe.profile import BINARY64, PROFILES, Format

from .case import FORMAT, QUANTITIES, Case, Expectation, Number, ProfileTypes, VectorFile
from .codec import CorpusError, contained, from_json, parse, read
from .corpus import (
    KILLS,
    LARGEST_FILE,
    LEVELS,
    MANIFEST,
    MANIFEST_FORMAT,
    SPEC_VERSION,
    FileEntry,
    Manifest,
    digest,
    published_hashes,
    shipped,
)
from .patterns import decode, order_keys

_WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SUPPORT = re.compile(r"[A-Z]+\.json|schema/[a-z]+\.schema\.json|(core|full)/[a-z0-9-]+/[a-z0-9]+\.txt")
_ID = re.compile(r"[a-z0-9-]+/[a-z0-9]+/[a-z0-9-]+/[a-z0-9][a-z0-9-]*")

DAMAGED = "not the file that the manifest describes (size or SHA-256); generate the corpus again"
MOST_DIMENSIONS = 64
LARGEST_COUNT = 1 << 53
"""A step counter is a double somewhere in most implementations."""


@final
@dataclass(frozen=True)
class Corpus:
    """A corpus on disk: its folder and its manifest."""

    root: Path
    manifest: Manifest

    @property
    def is_shipped(self) -> bool:
        """True if this is the corpus of the package."""
        return self.root == shipped()

    @property
    def label(self) -> str:
        """The version, and a word where a vector file is missing or is not the one that was published.

        Examples
        --------
        >>> open_corpus().label == open_corpus().manifest.corpus
        True
        """
        if self.is_shipped:
            return self.manifest.corpus
        own = {entry.path: entry.sha256 for entry in self.manifest.files}
        folders = {path.rpartition("/")[0] for path in own}
        vectors = ((path, known) for path, known in published_hashes().items() if path.endswith(".json"))
        expected = {path: known for path, known in vectors if path.rpartition("/")[0] in folders}
        return self.manifest.corpus if own == expected else f"{self.manifest.corpus} (changed)"

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of every file by path, but for schemas and manifest, which describe these files.

        Examples
        --------
        >>> len(open_corpus().hashes["FLAGS.json"])
        64
        """
        vectors = {entry.path: entry.sha256 for entry in self.manifest.files}
        return vectors | {other.path: other.sha256 for other in self.manifest.support if not other.path.startswith("schema/")}

    def unpublished(self, known: Mapping[str, str] | None = None) -> list[str]:
        """Return the paths of files that are not the published ones: vector files, and all files of a whole corpus.

        Parameters
        ----------
        known : mapping of str to str, optional
            The published hashes by path; those of this package unless given.
        """
        known, own = published_hashes() if known is None else known, self.hashes
        vectors = {entry.path for entry in self.manifest.files}
        compared = own.keys() if own.keys() == known.keys() else vectors
        return sorted(path for path in compared if known.get(path) != own[path])

    def entries(self, dialect: str, profile: str, level: str = "core") -> list[FileEntry]:
        """Return the manifest's entries for a dialect, a profile and a level; level full contains core."""
        levels = LEVELS[: LEVELS.index(level) + 1]
        return [e for e in self.manifest.files if (e.dialect, e.profile) == (dialect, profile) and e.level in levels]

    def cases(self, dialect: str, profile: str, level: str = "core") -> list[Case]:
        """Read the cases for a dialect and a profile.

        Raises
        ------
        CorpusError
            When there is none, a file is damaged, or a case makes no sense.
        """
        if LEVELS.index(level) > LEVELS.index(self.manifest.level):
            remedy = f"make another with `adamax-ref golden generate DIR --level {level}` and name it with --golden"
            raise CorpusError(f"{self.root}: holds no {level} cases, its level is {self.manifest.level}; {remedy}")
        entries = self.entries(dialect, profile, level)
        if not entries:
            have = ", ".join(sorted({f"{e.dialect} {e.profile}" for e in self.manifest.files}))
            raise CorpusError(f"{self.root}: no {level} cases for dialect {dialect!r} in profile {profile!r}; it has {have}")
        return [case for entry in entries for case in self.file(entry).cases]

    def file(self, entry: FileEntry) -> VectorFile:
        """Read one vector file; CorpusError when it is not what the manifest says."""
        where = str(self.root / entry.path)
        file = vector_file(self.verified(entry), where)
        _check_file(file, entry, self.manifest, where)
        cases = (case.with_kills(self.kills.get(case.id, "").split()) for case in file.cases)
        return replace(file, cases=tuple(cases))

    @cached_property
    def kills(self) -> dict[str, str]:
        """The bugs that each case kills, by id, separated by blanks; empty where the corpus has no KILLS.json."""
        entry = next((other for other in self.manifest.support if other.path == KILLS), None)
        if entry is None:
            return {}
        path = contained(self.root, KILLS)
        data = read(path)
        if (len(data), digest(data)) != (entry.bytes, entry.sha256):
            raise CorpusError(f"{path}: {DAMAGED}")
        return from_json(dict[str, str], parse(data, str(path)), str(path))

    def kills_in(self, entry: FileEntry) -> dict[str, str]:
        """Return the part of :attr:`kills` that is about the cases of a file."""
        return {case.id: self.kills.get(case.id, "") for case in self.file(entry).cases}

    def verified(self, entry: FileEntry) -> bytes:
        """Return the bytes of a file after comparing size and hash."""
        path = contained(self.root, entry.path)
        data = read(path, LARGEST_FILE[entry.level])
        if len(data) != entry.bytes or digest(data) != entry.sha256:
            raise CorpusError(f"{path}: {DAMAGED}")
        return data


def vector_file(data: bytes, where: str) -> VectorFile:
    """Read the bytes of a vector file; CorpusError says `where` they are malformed. Nothing else of them is believed yet."""
    return from_json(VectorFile, parse(data, where), where)


def open_corpus(root: Path | None = None) -> Corpus:
    """Open a corpus, the shipped one by default.

    Raises
    ------
    CorpusError
        When there is no manifest, or it is malformed.

    Examples
    --------
    >>> open_corpus().manifest.level
    'core'
    """
    root = shipped() if root is None else root
    path = root / MANIFEST
    if not path.is_file():
        raise CorpusError(f"{root}: holds no {MANIFEST}; make a corpus with `adamax-ref golden generate {root.name}`")
    manifest = from_json(Manifest, parse(read(contained(root, MANIFEST)), str(path)), str(path))
    _check_manifest(manifest, str(path))
    return Corpus(root, manifest)


def _check_manifest(manifest: Manifest, where: str) -> None:
    stated = manifest.format, manifest.spec
    if stated != (MANIFEST_FORMAT, SPEC_VERSION):
        raise CorpusError(
            f"{where}: format and specification {str(stated)[:80]}; this program reads {(MANIFEST_FORMAT, SPEC_VERSION)}"
        )
    if manifest.level not in LEVELS or not manifest.files:
        raise CorpusError(f"{where}: level {manifest.level[:40]!r} with {len(manifest.files)} files; generate the corpus again")
    for entry in manifest.files:
        words = (entry.dialect, entry.profile, entry.category)
        regular = entry.level in LEVELS and entry.profile in PROFILES and all(map(_WORD.fullmatch, words))
        if not regular or entry.path != "/".join((entry.level, *words)) + ".json":
            raise CorpusError(f"{where}: {entry.path[:80]!r} is no path of a vector file")
    paths = [entry.path for entry in manifest.files] + [other.path for other in manifest.support]
    if len({*paths}) < len(paths):
        raise CorpusError(f"{where}: a path occurs twice")
    for other in manifest.support:
        if not _SUPPORT.fullmatch(other.path):
            raise CorpusError(f"{where}: {other.path[:80]!r} is no path of a support file")


def _check_file(file: VectorFile, entry: FileEntry, manifest: Manifest, where: str) -> None:
    stated = (file.format, file.corpus, file.dialect, file.profile, file.category, file.level)
    types = ProfileTypes.of(entry.profile)
    expected = (FORMAT, manifest.corpus, entry.dialect, types, entry.category, entry.level)
    for name, got, want in zip(("format", "corpus", "dialect", "profile", "category", "level"), stated, expected, strict=True):
        if got != want:
            raise CorpusError(f"{where}: {name} is {str(got)[:80]!r}, the manifest says {str(want)[:80]!r}")
    if not file.count == entry.cases == len(file.cases):
        raise CorpusError(f"{where}: {len(file.cases)} cases, but count {file.count} and {entry.cases} in the manifest")
    prefix = f"{entry.dialect}/{entry.profile}/{entry.category}/"
    for case in file.cases:
        if not case.id.startswith(prefix):
            raise CorpusError(f"{where}: id {case.id[:80]!r} does not belong here")
        check_case(case, where)
    if len({case.id for case in file.cases}) != file.count:
        raise CorpusError(f"{where}: an id occurs twice")


def check_case(case: Case, where: str) -> None:
    """Refuse a case that contradicts itself; CorpusError says where.

    A case that must be refused may hold anything in its numbers: that is what it is for.
    """
    if not _ID.fullmatch(case.id) or case.profile not in PROFILES:
        raise CorpusError(f"{where}: {case.id[:80]!r} is no id of a case; write dialect/profile/category/slug")
    try:
        _check_report(case)
        if case.result == "value":
            _check_numbers(case)
    except ValueError as error:
        raise CorpusError(f"{where}: {case.id}: {error}") from error


def _check_report(case: Case) -> None:
    if case.result not in ("value", "reject"):
        raise ValueError(f"result {case.result[:40]!r} is neither 'value' nor 'reject'")
    if (case.expect is None) == (case.result == "value") or (case.error is None) == (case.result == "reject"):
        raise ValueError("a value case has 'expect', a reject case has 'error', and neither has both")
    if case.result == "value" and not case.report:
        raise ValueError("a value case reports no step: nothing would be compared")
    if list(case.report) != sorted({*case.report}) or not all(1 <= number <= len(case.steps) for number in case.report):
        raise ValueError(f"report {str(list(case.report))[:80]} does not increase within 1 to {len(case.steps)}")
    if case.rev < 1 or min(case.shape, default=0) < 0 or not case.spec:
        raise ValueError("rev is below 1, a dimension is negative, or no clause is cited")
    if len(case.shape) > MOST_DIMENSIONS or max((case.rev, abs(case.init.t), *case.shape)) > LARGEST_COUNT:
        raise ValueError(f"more than {MOST_DIMENSIONS} dimensions, or a count beyond {LARGEST_COUNT}")
    for item in (case.expect, *(other.expect for other in case.either or ())):
        if item is not None and tuple(expectation.step for expectation in item) != case.report:
            raise ValueError("the expectations are not those of the reported steps")


def _check_numbers(case: Case) -> None:
    count = math.prod(case.shape) * (2 if PROFILES[case.profile].is_complex else 1)
    for item in case.steps:
        case.hyper.at(item)
        if item.skip is False or (item.skip is None) == (item.grad is None):
            raise ValueError("a step either is skipped or has a gradient")
    for text, form in _arrays(case):
        if len(decode(text, form)) != count:
            raise ValueError(f"an array has {len(decode(text, form))} numbers, the shape {str(list(case.shape))[:80]} has {count}")
    _check_ranges(case)
    for number in _scalars(case):
        if len(decode(number, BINARY64)) != 1:
            raise ValueError(f"{number[:40]!r} is not one number")


def _check_ranges(case: Case) -> None:
    """Refuse a range without the number that it is about; a NaN is a range of its own."""
    for expect in (*(case.expect or ()), *(e for other in case.either or () for e in other.expect)):
        for name in QUANTITIES:
            quantity = getattr(expect, name)
            columns = (order_keys(text, case.form) for text in (quantity.lo, quantity.bits, quantity.hi))
            for lo, bits, hi in zip(*columns, strict=True):
                numbers = lo is not None and bits is not None and hi is not None and lo <= bits <= hi
                if not numbers and not (lo is bits is hi is None):
                    raise ValueError(f"{name} after step {expect.step}: the range does not hold the expected number")


def _scalars(case: Case) -> Iterator[str]:
    hyper = case.hyper
    numbers: list[Number | None] = [hyper.lr, hyper.beta1, hyper.beta2, hyper.eps, hyper.weight_decay]
    yield from (number.f64 for number in (*numbers, *(item.lr for item in case.steps)) if number is not None)
    for item in case.steps:
        if item.constants is not None:
            yield from (item.constants.correction, item.constants.rate)


def _arrays(case: Case) -> Iterator[tuple[str, Format]]:
    yield from ((text, case.form) for text in (case.init.theta, case.init.m, case.init.u))
    yield from ((item.grad, case.form) for item in case.steps if item.grad is not None)
    for expect in (*(case.expect or ()), *(e for other in case.either or () for e in other.expect)):
        yield from _expected_arrays(expect, case.form)


def _expected_arrays(expect: Expectation, form: Format) -> Iterator[tuple[str, Format]]:
    for name in QUANTITIES:
        quantity = getattr(expect, name)
        yield from ((text, form) for text in (quantity.bits, quantity.true, quantity.lo, quantity.hi))
        yield quantity.bound, BINARY64
        if quantity.plain is not None:
            yield quantity.plain, form

"""Checking a corpus from every side: hashes, schemas, canonical form, ids, counts, floors and regeneration.

Loading refuses what is damaged; checking goes on and lists everything that is not in order.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .admission import Bank
from .case import Case, VectorFile
from .corpus import LEVELS, MANIFEST, FileEntry, digest, floor, numbers_in, schema
from .document import CorpusError, canonical, contained, parse, read
from .flags import FLAGS
from .folder import refuse_foreign
from .generate import corpus_bytes
from .load import Corpus, open_corpus
from .plan import Part
from .short import vector_bytes


def check(root: Path, bank: Bank, done: Callable[[Part], None] = lambda part: None) -> list[str]:
    """Return a sentence for everything that is not in order with a corpus, none for a corpus in order.

    Parameters
    ----------
    root : Path
        Folder of the corpus.
    bank : Bank
        The bugs, as for generation.
    done : callable
        Called after each file that was regenerated.

    Raises
    ------
    CorpusError
        When there is no manifest that can be read.
    """
    corpus = open_corpus(root)
    refuse_foreign(root)
    findings = list(_support(corpus))
    files: dict[FileEntry, VectorFile] = {}
    for entry in corpus.manifest.files:
        try:
            files[entry] = corpus.file(entry)
        except CorpusError as error:
            findings.append(str(error))
    for entry, file in files.items():
        findings += [f"{root / entry.path}: {words}" for words in _file(corpus, entry, file)]
    findings += [f"{root / MANIFEST}: {words}" for words in _manifest(corpus, files)]
    return findings + list(_regenerated(corpus, bank, done))


def _support(corpus: Corpus) -> Iterator[str]:
    for entry in corpus.manifest.support:
        try:
            data = read(contained(corpus.root, entry.path))
        except CorpusError as error:
            yield str(error)
            continue
        if (len(data), digest(data)) != (entry.bytes, entry.sha256):
            yield f"{corpus.root / entry.path}: not the file that the manifest describes (size or SHA-256)"


def _file(corpus: Corpus, entry: FileEntry, file: VectorFile) -> Iterator[str]:
    data = corpus.verified(entry)
    yield from violations("vectors", parse(data, entry.path))
    if vector_bytes(file) != data:
        yield "not in canonical form"
    for case in file.cases:
        yield from (f"{case.id}: unknown flag {flag!r}" for flag in case.flags if flag not in FLAGS)
        if list(case.flags) != sorted(case.flags) or list(case.needs) != sorted(case.needs):
            yield f"{case.id}: flags and needs are not sorted"


def violations(name: str, data: Any) -> Iterator[str]:
    """Yield how parsed JSON violates one of the schemas."""
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(parse(schema(name), name)).iter_errors(data):
        yield f"{error.json_path}: {error.message[:200]}"


def _manifest(corpus: Corpus, files: dict[FileEntry, VectorFile]) -> Iterator[str]:
    manifest = corpus.manifest
    data = read(corpus.root / MANIFEST)
    yield from violations("manifest", parse(data, MANIFEST))
    if canonical(manifest) != data:
        yield "not in canonical form"
    if len(files) < len(manifest.files):
        return
    cases = [case for file in files.values() for case in file.cases]
    repeated = [name for name, times in Counter(case.id for case in cases).items() if times > 1]
    yield from (f"id {name} occurs twice" for name in repeated)
    totals = (len(cases), sum(map(numbers_in, files.values())))
    if totals != (manifest.totals.cases, manifest.totals.expectations):
        yield f"totals are {totals[0]} cases and {totals[1]} expectations, not what it says"
    yield from _floors(corpus, files)


def _floors(corpus: Corpus, files: dict[FileEntry, VectorFile]) -> Iterator[str]:
    for pair, told in corpus.manifest.floors.items():
        for level, number in told.items():
            levels = LEVELS[: LEVELS.index(level) + 1] if level in LEVELS else ()
            cases: list[Case] = []
            for entry, file in files.items():
                if f"{entry.dialect}/{entry.profile}" == pair and entry.level in levels:
                    cases += file.cases
            if floor(cases) != number:
                yield f"the floor of {pair} {level} is {floor(cases)}, not {number}"


def _regenerated(corpus: Corpus, bank: Bank, done: Callable[[Part], None]) -> Iterator[str]:
    """Compare with what this program writes for the same level and dialects, byte for byte."""
    known = {MANIFEST, *(e.path for e in corpus.manifest.files), *(e.path for e in corpus.manifest.support)}
    made = set()
    for path, data in corpus_bytes(corpus.manifest.level, corpus.manifest.dialects, bank, done):
        made.add(path)
        if path not in known:
            yield f"{corpus.root / path}: missing"
        elif (corpus.root / path).is_file() and read(corpus.root / path) != data:
            yield f"{corpus.root / path}: regeneration gives other bytes"
    yield from (f"{corpus.root / path}: regeneration does not make it" for path in sorted(known - made))

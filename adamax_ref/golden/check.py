"""A list of everything wrong with a corpus: hashes, schemas, layout, names, counts, kill matrix, regeneration.

Loading stops at the first damage; checking continues and lists all of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from .case import QUANTITIES, Case, Expectation, VectorFile
from .codec import CorpusError, contained, json_bytes, parse, read
from .corpus import KILLS, LEVELS, MANIFEST, FileEntry, Part, digest, floor, numbers_in, schema
from .design import parts
from .flags import FLAGS
from .generate import Bank, corpus_bytes, proves
from .load import Corpus, open_corpus, vector_file
from .parallel import Mapper
from .store import refuse_foreign

CLAUSES = frozenset(f"S{number}" for number in range(1, 11))
"""The clauses of the specification that a case may cite."""

Matrix = Callable[[Sequence[Case]], Iterable[str]]
"""A function that lists the gaps of the kill matrix of one dialect and profile."""

Files = dict[FileEntry, VectorFile]


def check(
    root: Path, bank: Bank, matrix: Matrix, done: Callable[[Part], None] = lambda part: None, mapper: Mapper = map
) -> list[str]:
    """Return a sentence for everything that is not in order with a corpus, none for a corpus in order.

    Parameters
    ----------
    root : Path
        Folder of the corpus.
    bank : Bank
        The bugs, as for generation.
    matrix : callable
        Tells what is missing in a kill matrix.
    done : callable
        Called after each file that was regenerated.
    mapper : callable
        Regenerates, perhaps in other processes.

    Raises
    ------
    CorpusError
        When there is no manifest that can be read.
    """
    corpus = open_corpus(root)
    refuse_foreign(root)
    findings = list(_support(corpus))
    readable, words = _with_readable_kills(corpus)
    findings += words
    files: Files = {}
    for entry in corpus.manifest.files:
        try:
            files[entry] = readable.file(entry)
        except CorpusError as error:
            findings.append(str(error))
    known = frozenset(bank.described(()))
    for entry, file in files.items():
        findings += [f"{root / entry.path}: {words}" for words in _file(corpus, entry, file, known)]
    findings += [f"{root / MANIFEST}: {words}" for words in _manifest(corpus, files)]
    findings += [f"{root}: {words}" for words in _matrix(files, matrix)]
    if corpus.manifest.level == "full":
        findings += [f"{root / path}: not the file that was published" for path in corpus.unpublished()]
    return findings + list(_regenerated(corpus, files, readable.kills, bank, done, mapper))


def _with_readable_kills(corpus: Corpus) -> tuple[Corpus, list[str]]:
    """Return the corpus, without its kills where they cannot be read, so that its vector files can be, and the reason."""
    try:
        _ = corpus.kills
        return corpus, []
    except CorpusError as error:
        others = tuple(entry for entry in corpus.manifest.support if entry.path != KILLS)
        return replace(corpus, manifest=replace(corpus.manifest, support=others)), [str(error)]


def _support(corpus: Corpus) -> Iterator[str]:
    for entry in corpus.manifest.support:
        try:
            data = read(contained(corpus.root, entry.path))
        except CorpusError as error:
            yield str(error)
            continue
        if (len(data), digest(data)) != (entry.bytes, entry.sha256):
            yield f"{corpus.root / entry.path}: not the file that the manifest describes (size or SHA-256)"


def _file(corpus: Corpus, entry: FileEntry, file: VectorFile, bugs: frozenset[str]) -> Iterator[str]:
    data = corpus.verified(entry)
    yield from violations("vectors", parse(data, entry.path))
    if json_bytes(file) != data:
        yield "not in canonical form"
    for case in file.cases:
        yield from (f"{case.id}: unknown {words}" for words in _unknown(case, bugs))
        if any(list(names) != sorted(set(names)) for names in (case.flags, case.needs, case.kills)):
            yield f"{case.id}: flags, needs and kills are not sorted, or one is named twice"
        if not proves(case, list(file.cases)):
            yield f"{case.id}: kills nothing, and each clause it cites is cited by another case of the file"


def _unknown(case: Case, bugs: frozenset[str]) -> Iterator[str]:
    yield from (f"flag {name!r}" for name in case.flags if name not in FLAGS)
    yield from (f"bug {name!r}" for name in case.kills if name not in bugs)
    yield from (f"clause {name!r}" for name in case.spec if name not in CLAUSES)


def violations(name: str, data: object) -> Iterator[str]:
    """Yield how parsed JSON violates one of the schemas."""
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(parse(schema(name), name)).iter_errors(data):
        yield f"{error.json_path}: {error.message[:200]}"


def _manifest(corpus: Corpus, files: Files) -> Iterator[str]:
    manifest = corpus.manifest
    data = read(corpus.root / MANIFEST)
    yield from violations("manifest", parse(data, MANIFEST))
    if json_bytes(manifest) != data:
        yield "not in canonical form"
    if len(files) < len(manifest.files):
        return
    cases = [case for file in files.values() for case in file.cases]
    repeated = [name for name, times in Counter(case.id for case in cases).items() if times > 1]
    yield from (f"id {name} occurs twice" for name in repeated)
    totals = (len(cases), sum(map(numbers_in, files.values())))
    if totals != (manifest.totals.cases, manifest.totals.expectations):
        yield f"totals are {totals[0]} cases and {totals[1]} expectations, not what it says"
    for pair, floors in manifest.floors.items():
        for level, number in floors.items():
            right = floor(_cases(files, pair, LEVELS[: LEVELS.index(level) + 1] if level in LEVELS else ()))
            if right != number:
                yield f"the floor of {pair} {level} is {right}, not {number}"


def _matrix(files: Files, matrix: Matrix) -> Iterator[str]:
    """Check the kill matrix of level core alone: the shipped cases must kill every bug."""
    for pair in dict.fromkeys(f"{entry.dialect}/{entry.profile}" for entry in files):
        yield from matrix(_cases(files, pair, ("core",)))


def _cases(files: Files, pair: str, levels: Sequence[str]) -> list[Case]:
    selected = (entry for entry in files if f"{entry.dialect}/{entry.profile}" == pair and entry.level in levels)
    return [case for entry in selected for case in files[entry].cases]


def _regenerated(
    corpus: Corpus, files: Files, kills: Mapping[str, str], bank: Bank, done: Callable[[Part], None], mapper: Mapper
) -> Iterator[str]:
    """Compare with what this program writes for the same level and dialects, byte for byte, and say which numbers differ."""
    entries = {entry.path: entry for entry in files}
    known = {MANIFEST, *(e.path for e in corpus.manifest.files), *(e.path for e in corpus.manifest.support)}
    regenerated = set()
    planned = parts(corpus.manifest.level, corpus.manifest.dialects)
    for path, data in corpus_bytes(corpus.manifest.level, planned, bank, done, mapper):
        regenerated.add(path)
        place = corpus.root / path
        if path not in known:
            yield f"{place}: missing"
        elif place.is_file() and read(place) != data:
            yield f"{place}: regeneration gives other bytes"
            if path in entries:
                yield from (f"{place}: {words}" for words in departures(files[entries[path]], data, path))
            if path == KILLS:
                right = parse(data, path)
                wrong = sorted(name for name in right if kills.get(name) != right[name])
                yield from (f"{place}: {name}: kills {right[name] or 'nothing'}" for name in wrong)
    yield from (f"{corpus.root / path}: regeneration does not make it" for path in sorted(known - regenerated))


_NAMES = {"bits": "the stepper's", "plain": "the plain recipe's", "true": "the exact value", "lo": "the bound", "hi": "the bound"}


def departures(file: VectorFile, regenerated: bytes, path: str) -> Iterator[str]:
    """Yield a sentence for each case that differs from the regenerated one.

    Parameters
    ----------
    file : VectorFile
        The one that is checked.
    regenerated : bytes
        What regeneration gives in its place.
    path : str
        Where, for errors.
    """
    right = {case.id: case for case in vector_file(regenerated, path).cases}
    for case in file.cases:
        if case.id not in right:
            yield f"{case.id}: no such case is made"
        elif case != right[case.id]:
            yield f"{case.id}: {_difference(case, right[case.id])}"
    yield from (f"{name}: missing" for name in right.keys() - {case.id for case in file.cases})


def _difference(case: Case, right: Case) -> str:
    """Name the first number that is not right, or else the first field."""
    for got, want in zip(case.expect or (), right.expect or (), strict=False):
        for name in QUANTITIES:
            words = _quantity(got, want, name)
            if words:
                return f"{name} after step {got.step}: {words}"
    return "it has another " + next(item.name for item in fields(Case) if getattr(case, item.name) != getattr(right, item.name))


def _quantity(got: Expectation, want: Expectation, name: str) -> str:
    one, other = getattr(got, name), getattr(want, name)
    for field, whose in (*_NAMES.items(), ("bound", "the bound")):
        if getattr(one, field) != getattr(other, field):
            return f"{field} is {getattr(one, field)}, {whose} is {getattr(other, field)}"
    return ""

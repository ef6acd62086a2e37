"""All files of a corpus, with the same bytes on every machine and in every run.

A design becomes no case where permitted recipes disagree on the class of a result (there is no right answer), and the
file names the design with the reason. Vector files do not depend on the bank of bugs: which bugs a case kills is in
KILLS.json alone.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from adamax_ref.dialects import get

from .build import case_from, frame_of
from .case import FORMAT, Case, ProfileTypes, VectorFile
from .codec import CorpusError, json_bytes
from .corpus import CORPUS_VERSION, HASHES_FORMAT, KILLS, LARGEST_FILE, MANIFEST, Part, manifest_of, support_files
from .design import SCOPE, Design, about, designs_of, parts
from .expected import Inadmissible, Undecided, certify_together, narrow_hyper, with_expected
from .flat import flat_files
from .load import Corpus, open_corpus, vector_file
from .oracle import with_flushes
from .parallel import Mapper
from .patterns import encode
from .recipes import recipes
from .search import HARD_ELEMENTS, elements_of, search_key, stored_elements
from .store import Store


class Bank(Protocol):
    """A bank of bugs, such as :mod:`adamax_ref.bugs.kills`."""

    def killed_by(self, case: Case) -> tuple[str, ...]:
        """Return the ids of the bugs that a case kills."""

    def described(self, cases: Iterable[Case]) -> dict[str, object]:
        """Return the content of BUGS.json for the cases of a corpus."""


def cases_of(part: Part, designs: Sequence[Design]) -> tuple[list[Case], dict[str, str]]:
    """Return the cases of a vector file, and for each design without a case there the reason.

    Raises
    ------
    Inadmissible
        When a case breaks a rule of admission by a fault of its design, or of this program.
    """
    dialect = get(part.dialect)
    questions = [_question(part, design) for design in designs]
    own, narrow = with_flushes(dialect), [other for item in questions if (other := narrow_hyper(item)) is not None]
    together, apart = (certify_together(some, own) if part.level == "full" else {} for some in (questions, narrow))
    cases: list[Case] = []
    omitted: dict[str, str] = {}
    for item in questions:
        try:
            case = with_expected(item, dialect, together.get(item.id), apart.get(item.id))
        except Undecided as reason:
            omitted[item.slug] = str(reason).partition(" (")[0]
            continue
        cases.append(case)
    return cases, omitted


def _question(part: Part, design: Design) -> Case:
    try:
        return case_from(design, part.category, get(part.dialect), part.profile)
    except ValueError as error:
        raise Inadmissible(f"{part.path}: {design.slug}: {error}") from error


def proves(case: Case, cases: list[Case]) -> bool:
    """Tell whether a case kills a bug, or cites a clause that no other case of its file cites."""
    others = {clause for other in cases if other is not case for clause in other.spec}
    return bool(case.kills) or not {*case.spec} <= others


def hashes_file(corpus: Corpus) -> bytes:
    """Return the content of ``full.json`` for a corpus: the published hashes of level full, which is not shipped.

    Raises
    ------
    CorpusError
        When it is not the whole of level full.
    """
    if corpus.manifest.level != "full" or set(corpus.manifest.dialects) != set(SCOPE):
        remedy = "make it with `adamax-ref golden generate DIR --level full`"
        raise CorpusError(f"{corpus.root}: not level full of every dialect; {remedy}")
    return json_bytes({"format": HASHES_FORMAT, "corpus": corpus.manifest.corpus, "files": corpus.hashes})


LONG = ("chain", "drawn", "round", "shape")
"""Categories whose files take longest to compute, the longest first."""


def make(part: Part) -> VectorFile:
    """Compute one vector file.

    Raises
    ------
    Inadmissible
        When a case breaks a rule of admission.
    """
    cases, omitted = cases_of(part, designs_of(part))
    return VectorFile(
        format=FORMAT,
        corpus=CORPUS_VERSION,
        dialect=part.dialect,
        profile=ProfileTypes.of(part.profile),
        category=part.category,
        level=part.level,
        count=len(cases),
        about=about(part.category),
        omitted=omitted or None,
        cases=tuple(cases),
    )


def make_bytes(part: Part) -> bytes:
    """Compute one vector file, as the bytes that are written.

    Raises
    ------
    Inadmissible
        When a case breaks a rule of admission, or the file grows too large.
    """
    return _limited(part, json_bytes(make(part)))


def _limited(part: Part, data: bytes) -> bytes:
    if len(data) > LARGEST_FILE[part.level]:
        raise Inadmissible(f"{part.path}: {len(data)} bytes are more than {LARGEST_FILE[part.level]}; split the category")
    return data


def file_with_kills(part: Part, bank: Bank) -> bytes:
    """Compute one vector file and the bugs that its cases kill: a line of JSON by case, and the bytes of the file."""
    file = make(part)
    return _kills_line({case.id: " ".join(bank.killed_by(case)) for case in file.cases}) + _limited(part, json_bytes(file))


def _kills_line(kills: Mapping[str, str]) -> bytes:
    return json.dumps(kills).encode() + b"\n"


def packaged() -> dict[str, bytes]:
    """Return the shipped vector files as :func:`file_with_kills` does, by path; none for another version of the corpus.

    Examples
    --------
    >>> "core/torch/f32/smoke.json" in packaged()
    True
    """
    corpus = open_corpus()
    if corpus.manifest.corpus != CORPUS_VERSION:
        return {}
    return {entry.path: _kills_line(corpus.kills_in(entry)) + corpus.verified(entry) for entry in corpus.manifest.files}


def compute_files(
    planned: Sequence[Part],
    making: Callable[[Part], bytes],
    done: Callable[[Part], None],
    mapper: Mapper,
    store: Store | None = None,
    ready: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Return the planned vector files by path: from `ready`, from the store, or computed and saved there.

    The longest computations begin first, so that none runs alone at the end.
    """
    data = {part.path: ready[part.path] for part in planned if part.path in ready}
    data |= {part.path: saved for part in planned if store is not None and (saved := store.load(part.path)) is not None}
    for part in planned:
        if part.path in data:
            done(part)
    rank = {category: at for at, category in enumerate(LONG)}
    missing = [part for part in planned if part.path not in data]
    missing.sort(key=lambda part: (rank.get(part.category, len(LONG)), part.path))
    for part, result in zip(missing, mapper(making, missing), strict=True):
        if store is not None:
            store.save(part.path, result)
        data[part.path] = result
        done(part)
    return data


def corpus_bytes(
    level: str,
    planned: Sequence[Part],
    bank: Bank,
    done: Callable[[Part], None] = lambda part: None,
    mapper: Mapper = map,
    store: Store | None = None,
    ready: Mapping[str, bytes] = MappingProxyType({}),
) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a corpus as path and bytes, the manifest last.

    Parameters
    ----------
    level : {"core", "full"}
        Of the corpus.
    planned : sequence of Part
        Its vector files, from :func:`~adamax_ref.golden.design.parts`.
    bank : Bank
        The bugs, for KILLS.json and BUGS.json.
    done : callable
        Called after each vector file, for a progress bar.
    mapper : callable
        Computes the vector files, perhaps in other processes (see :func:`adamax_ref.golden.parallel.parallel_map`).
    store : Store, optional
        The finished files of an interrupted run.
    ready : mapping of str to bytes
        Results of :func:`file_with_kills` by path that need not be computed, such as :func:`packaged`.
    """
    units = compute_files(planned, partial(file_with_kills, bank=bank), done, mapper, store, ready)
    kills: dict[str, str] = {}
    data: dict[str, bytes] = {}
    for path, unit in units.items():
        line, _, data[path] = unit.partition(b"\n")
        kills |= json.loads(line)
    files = {part: vector_file(data[part.path], part.path) for part in planned}
    cases = (case.with_kills(kills[case.id].split()) for file in files.values() for case in file.cases)
    data |= support_files() | flat_files(files)
    data["RECIPES.json"] = json_bytes(recipes(sorted({(part.dialect, part.profile) for part in files})))
    data[KILLS] = json_bytes(kills)
    data["BUGS.json"] = json_bytes(bank.described(cases))
    yield from data.items()
    yield MANIFEST, json_bytes(manifest_of(level, files, data))


def write_hard_elements(file: Path) -> None:
    """Write the searched elements of every case of level full; after each case, because a search takes a while."""
    content: dict[str, dict[str, str]] = {}
    for part in parts("full"):
        for design in designs_of(part):
            if design.search is not None:
                case = frame_of(design, part.category, get(part.dialect), part.profile)
                columns = elements_of(design.search, case, get(part.dialect))
                patterns = {name: encode(column, case.form) for name, column in columns._asdict().items()}
                content[case.id] = {"search": search_key(design.search, case), **patterns}
                file.write_bytes(json_bytes(stored_elements() | content))
    file.write_bytes(json_bytes(content))


if __name__ == "__main__":
    write_hard_elements(Path(str(files("adamax_ref.golden").joinpath(HARD_ELEMENTS))))

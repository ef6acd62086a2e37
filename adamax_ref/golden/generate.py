"""Computing the corpus: the same bytes on every machine and run, in one go or in several."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from adamax_ref.farm import Mapper

from .admission import Bank, admitted
from .case import FORMAT, ProfileTypes, VectorFile
from .corpus import CORPUS_VERSION, LARGEST_FILE, MANIFEST
from .design import about
from .document import canonical
from .engine import computing
from .expect import Inadmissible
from .flat import flat_files
from .load import open_corpus, vector_file
from .manifest import manifest_of, support_files
from .plan import Part, parts
from .recipes import recipes
from .short import vector_bytes
from .unfinished import Unfinished

LONG = ("chain", "drawn", "round", "shape")
"""Categories whose files take longest to compute, the longest first."""


def make(part: Part, bank: Bank) -> VectorFile:
    """Compute one vector file.

    Raises
    ------
    Inadmissible
        When a case breaks a rule of admission.
    """
    cases, omitted = admitted(part, bank)
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


def make_bytes(part: Part, bank: Bank, backend: str | None = None) -> bytes:
    """Compute one vector file, as the bytes that are written.

    Parameters
    ----------
    part : Part
        Which one.
    bank : Bank
        The bugs.
    backend : str, optional
        The array engine that computes the canonical bits; the stepper does if left out. The bytes are the same.

    Raises
    ------
    Inadmissible
        When a case breaks a rule of admission, or the file grows too large.
    """
    with computing(backend):
        data = vector_bytes(make(part, bank))
    if len(data) > LARGEST_FILE[part.level]:
        raise Inadmissible(f"{part.path}: {len(data)} bytes are more than {LARGEST_FILE[part.level]}; split the category")
    return data


def packaged() -> dict[str, bytes]:
    """Return the vector files of the shipped corpus by path; none where it is of another version than this program makes.

    Examples
    --------
    >>> "core/torch/f32/smoke.json" in packaged()
    True
    """
    corpus = open_corpus()
    current = corpus.manifest.corpus == CORPUS_VERSION
    return {entry.path: corpus.verified(entry) for entry in corpus.manifest.files if current}


def computed(
    planned: Sequence[Part],
    making: Callable[[Part], bytes],
    done: Callable[[Part], None],
    mapper: Mapper,
    store: Unfinished | None = None,
    ready: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Return the planned vector files by path: those that are ready or in the store as they are, the others made and kept there.

    What takes longest is begun first, so that nobody waits for it at the end.
    """
    data = {part.path: ready[part.path] for part in planned if part.path in ready}
    data |= {part.path: kept for part in planned if store is not None and (kept := store.kept(part.path)) is not None}
    for part in planned:
        if part.path in data:
            done(part)
    rank = {category: at for at, category in enumerate(LONG)}
    missing = [part for part in planned if part.path not in data]
    missing.sort(key=lambda part: (rank.get(part.category, len(LONG)), part.path))
    for part, made in zip(missing, mapper(making, missing), strict=True):
        if store is not None:
            store.keep(part.path, made)
        data[part.path] = made
        done(part)
    return data


def corpus_bytes(
    level: str,
    dialects: tuple[str, ...],
    bank: Bank,
    done: Callable[[Part], None] = lambda part: None,
    mapper: Mapper = map,
    store: Unfinished | None = None,
    backend: str | None = None,
    ready: Mapping[str, bytes] = MappingProxyType({}),
) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a corpus as path and bytes, the manifest last.

    Parameters
    ----------
    level, dialects
        As in :func:`parts`.
    bank : Bank
        The bugs, for ``kills`` and BUGS.json.
    done : callable
        Called after each vector file, for a progress bar.
    mapper : callable
        Computes the vector files, perhaps in other processes (see :func:`adamax_ref.farm.farm`).
    store : Unfinished, optional
        Where vector files are kept that an interrupted run has finished.
    backend : str, optional
        As for :func:`make_bytes`.
    ready : mapping of str to bytes
        Vector files by path that need not be made, such as :func:`packaged`.
    """
    planned = parts(level, dialects)
    data = computed(planned, partial(make_bytes, bank=bank, backend=backend), done, mapper, store, ready)
    files = {part: vector_file(data[part.path], part.path) for part in planned}
    data |= support_files() | flat_files(files)
    data["RECIPES.json"] = canonical(recipes(sorted({(part.dialect, part.profile) for part in files})))
    data["BUGS.json"] = canonical(bank.described(case for file in files.values() for case in file.cases))
    yield from data.items()
    yield MANIFEST, canonical(manifest_of(level, files, data))

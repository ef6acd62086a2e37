"""Computing the corpus: the same bytes on every machine and run."""

from collections.abc import Callable, Iterator
from functools import partial

from adamax_ref.farm import Mapper

from .admission import Bank, admitted
from .case import FORMAT, ProfileTypes, VectorFile
from .corpus import (
    CORPUS_VERSION,
    LARGEST_FILE,
    LEVELS,
    MANIFEST,
    MANIFEST_FORMAT,
    SCHEMAS,
    SPEC_VERSION,
    FileEntry,
    Manifest,
    Oracle,
    Support,
    Totals,
    digest,
    floor,
    generator,
    numbers_in,
    schema,
)
from .design import about
from .document import canonical
from .expect import Inadmissible
from .flags import FLAGS
from .flat import flat_files
from .plan import Part, parts
from .recipes import recipes
from .short import vector_bytes

ORACLES = (Oracle("exact-rationals-with-balls", "1"), Oracle("rounded-once-stepper", "1"))


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


def support_files() -> dict[str, bytes]:
    """Return the other files of a corpus by path: flags and schemas."""
    made = {"FLAGS.json": canonical(FLAGS)}
    return made | {f"schema/{name}.schema.json": schema(name) for name in SCHEMAS}


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
    for each in LEVELS[: LEVELS.index(level) + 1]:
        for pair in sorted({(part.dialect, part.profile) for part in files}):
            below = LEVELS[: LEVELS.index(each) + 1]
            cases = [
                c for part, f in files.items() if (part.dialect, part.profile) == pair and part.level in below for c in f.cases
            ]
            floors.setdefault("/".join(pair), {})[each] = floor(cases)
    return floors


def corpus_bytes(
    level: str,
    dialects: tuple[str, ...],
    bank: Bank,
    done: Callable[[Part], None] = lambda part: None,
    mapper: Mapper = map,
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
    """
    files: dict[Part, VectorFile] = {}
    data = support_files()
    yield from data.items()
    planned = parts(level, dialects)
    for part, file in zip(planned, mapper(partial(make, bank=bank), planned), strict=True):
        files[part] = file
        data[part.path] = vector_bytes(files[part])
        if len(data[part.path]) > LARGEST_FILE[part.level]:
            raise Inadmissible(
                f"{part.path}: {len(data[part.path])} bytes are more than {LARGEST_FILE[part.level]}; split the category"
            )
        yield part.path, data[part.path]
        done(part)
    for path, lines in flat_files(files).items():
        data[path] = lines
        yield path, lines
    data["RECIPES.json"] = canonical(recipes(sorted({(part.dialect, part.profile) for part in files})))
    yield "RECIPES.json", data["RECIPES.json"]
    data["BUGS.json"] = canonical(bank.described(case for file in files.values() for case in file.cases))
    yield "BUGS.json", data["BUGS.json"]
    yield MANIFEST, canonical(manifest_of(level, files, data))

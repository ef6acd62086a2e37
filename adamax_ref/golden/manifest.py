"""What describes a corpus as a whole: its manifest with hashes, counts and floors, and the files beside the vectors."""

from .case import VectorFile
from .corpus import (
    CORPUS_VERSION,
    LEVELS,
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
from .document import canonical
from .flags import FLAGS
from .plan import Part

ORACLES = (Oracle("exact-rationals-with-balls", "1"), Oracle("rounded-once-stepper", "1"))


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

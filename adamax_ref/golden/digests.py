"""The published hashes of level full, which is too large to ship: whoever generates it can see that it is the same.

``full.json`` beside this file is written by ``adamax-ref golden digests DIR`` from a corpus of level full in DIR.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from .corpus import CORPUS_VERSION
from .document import CorpusError, canonical, parse
from .load import Corpus

FORMAT = "adamax-digests/1"


def digests_of(corpus: Corpus) -> dict[str, str]:
    """Return the SHA-256 of every file of a corpus by path, but for the schemas and the manifest, which describe these files.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> len(digests_of(open_corpus())["FLAGS.json"])
    64
    """
    manifest = corpus.manifest
    vectors = {entry.path: entry.sha256 for entry in manifest.files}
    return vectors | {entry.path: entry.sha256 for entry in manifest.support if not entry.path.startswith("schema/")}


def written(corpus: Corpus) -> bytes:
    """Return the content of ``full.json`` for a corpus.

    Raises
    ------
    CorpusError
        When it is not the whole of level full.
    """
    from .scope import SCOPE

    if corpus.manifest.level != "full" or set(corpus.manifest.dialects) != set(SCOPE):
        raise CorpusError(
            f"{corpus.root}: not level full of every dialect; make it with `adamax-ref golden generate DIR --level full`"
        )
    return canonical({"format": FORMAT, "corpus": corpus.manifest.corpus, "files": digests_of(corpus)})


@cache
def published() -> dict[str, str]:
    """Return the published hashes by path; none for another version of the corpus than this program writes.

    Examples
    --------
    >>> all(len(each) == 64 for each in published().values())
    True
    """
    path = files("adamax_ref.golden").joinpath("full.json")
    told: Any = parse(path.read_bytes(), "full.json") if path.is_file() else {}
    return dict(told["files"]) if told.get("corpus") == CORPUS_VERSION else {}


def differing(corpus: Corpus) -> list[str]:
    """Return the vector files of a corpus of level full that are not the published ones; all of its files if it is whole."""
    known, own = published(), digests_of(corpus)
    whole = set(own) == set(known)
    vectors = {entry.path for entry in corpus.manifest.files}
    return sorted(path for path, told in own.items() if (whole or path in vectors) and known.get(path) != told)

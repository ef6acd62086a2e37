"""Level full is published by its hashes: a sample is made again here, the whole by `adamax-ref golden generate --level full`."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.conformance import kills
from adamax_ref.golden import digests
from adamax_ref.golden.corpus import CORPUS_VERSION, digest
from adamax_ref.golden.digests import differing, digests_of, published, written
from adamax_ref.golden.document import CorpusError, parse
from adamax_ref.golden.generate import LONG, make_bytes
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.plan import Part, parts
from adamax_ref.golden.scope import SCOPE

REMEDY = "make it: adamax-ref golden generate DIR --level full, then adamax-ref golden digests DIR > adamax_ref/golden/full.json"


def quick() -> list[Part]:
    """Return the parts that only level full has and that are made in a second."""
    return [part for part in parts("full") if part.level == "full" and part.category not in LONG]


@pytest.fixture
def known() -> dict[str, str]:
    """Return the published hashes."""
    if not published():
        pytest.skip(f"no hashes of this corpus are published yet; {REMEDY}")
    return published()


def test_every_file_of_level_full_is_published(known: dict[str, str]) -> None:
    assert {part.path for part in parts("full")} <= set(known), REMEDY


@pytest.mark.parametrize("at", range(6))
def test_a_sample_of_level_full_is_made_with_the_published_hashes(at: int, known: dict[str, str]) -> None:
    part = quick()[at * len(quick()) // 6]
    assert digest(make_bytes(part, kills)) == known.get(part.path), REMEDY


def test_a_file_that_departs_is_named_and_a_narrower_corpus_is_held_against_its_own_files_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = open_corpus()
    own = digests_of(corpus)
    first = corpus.manifest.files[0].path
    monkeypatch.setattr(digests, "published", lambda: own)
    assert differing(corpus) == []
    monkeypatch.setattr(digests, "published", lambda: own | {first: "0" * 64, "BUGS.json": "0" * 64})
    assert differing(corpus) == ["BUGS.json", first]
    monkeypatch.setattr(digests, "published", lambda: own | {first: "0" * 64, "full/x.json": "0" * 64})
    assert differing(corpus) == [first]


def test_only_level_full_of_every_dialect_is_written_down() -> None:
    corpus = open_corpus()
    with pytest.raises(CorpusError, match="not level full of every dialect"):
        written(corpus)
    whole = replace(corpus, manifest=replace(corpus.manifest, level="full", dialects=tuple(sorted(SCOPE))))
    told = parse(written(whole), "full.json")
    assert (told["corpus"], told["files"]) == (whole.manifest.corpus, digests_of(whole))


def test_the_hashes_of_another_version_of_the_corpus_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    published.cache_clear()
    monkeypatch.setattr(digests, "CORPUS_VERSION", f"{CORPUS_VERSION}.1")
    assert published() == {}
    published.cache_clear()


def test_the_command_refuses_level_core_with_a_sentence() -> None:
    done = CliRunner().invoke(main, ["golden", "digests", str(open_corpus().root)])
    assert done.exit_code == 2
    assert "make it with `adamax-ref golden generate DIR --level full`" in " ".join(done.output.split())

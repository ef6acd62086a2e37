"""Level full is published by its hashes: a sample is made again here, the whole by `adamax-ref golden generate --level full`."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from adamax_ref.cli import main
from adamax_ref.golden.codec import CorpusError, parse
from adamax_ref.golden.corpus import CORPUS_VERSION, Part, digest, published_hashes
from adamax_ref.golden.design import SCOPE, parts
from adamax_ref.golden.generate import LONG, hashes_file, make_bytes
from adamax_ref.golden.load import open_corpus

REMEDY = "make it: adamax-ref golden generate DIR --level full, then adamax-ref golden digests DIR > adamax_ref/golden/full.json"


def quick() -> list[Part]:
    """Return the parts that only level full has and that are made in a second."""
    return [part for part in parts("full") if part.level == "full" and part.category not in LONG]


@pytest.fixture
def known() -> dict[str, str]:
    """Return the published hashes."""
    if not published_hashes():
        pytest.skip(f"no hashes of this corpus are published yet; {REMEDY}")
    return published_hashes()


def test_every_file_of_level_full_is_published(known: dict[str, str]) -> None:
    assert {part.path for part in parts("full")} <= set(known), REMEDY


@pytest.mark.parametrize("at", range(6))
def test_a_sample_of_level_full_is_made_with_the_published_hashes(at: int, known: dict[str, str]) -> None:
    part = quick()[at * len(quick()) // 6]
    assert digest(make_bytes(part)) == known.get(part.path), REMEDY


def test_a_file_that_departs_is_named_and_a_narrower_corpus_is_compared_in_its_vector_files_only() -> None:
    corpus = open_corpus()
    own, first = corpus.hashes, corpus.manifest.files[0].path
    assert corpus.unpublished(own) == []
    assert corpus.unpublished(own | {first: "0" * 64, "BUGS.json": "0" * 64}) == ["BUGS.json", first]
    assert corpus.unpublished(own | {first: "0" * 64, "full/x.json": "0" * 64}) == [first]


def test_only_level_full_of_every_dialect_is_written_down() -> None:
    corpus = open_corpus()
    with pytest.raises(CorpusError, match="not level full of every dialect"):
        hashes_file(corpus)
    whole = replace(corpus, manifest=replace(corpus.manifest, level="full", dialects=tuple(sorted(SCOPE))))
    told = parse(hashes_file(whole), "full.json")
    assert (told["corpus"], told["files"]) == (whole.manifest.corpus, whole.hashes)


def test_the_hashes_of_another_version_of_the_corpus_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    published_hashes.cache_clear()
    monkeypatch.setattr("adamax_ref.golden.corpus.CORPUS_VERSION", f"{CORPUS_VERSION}.1")
    assert published_hashes() == {}
    published_hashes.cache_clear()


def test_the_command_refuses_level_core_with_a_sentence() -> None:
    done = CliRunner().invoke(main, ["golden", "digests", str(open_corpus().root)])
    assert done.exit_code == 2
    assert "make it with `adamax-ref golden generate DIR --level full`" in " ".join(done.output.split())

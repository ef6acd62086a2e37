"""A corpus that is not what its manifest says is refused with a sentence, whatever is wrong with it."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.golden.case import VectorFile
from adamax_ref.golden.codec import CorpusError, from_json, parse
from adamax_ref.golden.corpus import KILLS, MANIFEST, digest
from adamax_ref.golden.load import Corpus, check_case, open_corpus

PATH = "core/torch/f32/u-decay.json"


def rewrite(root: Path, change: Callable[[Any], None]) -> Corpus:
    """Change a vector file and make the manifest's size and hash agree with it."""
    document = json.loads((root / PATH).read_text(encoding="utf-8"))
    change(document)
    (root / PATH).write_text(json.dumps(document), encoding="utf-8")
    data = (root / PATH).read_bytes()
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        if entry["path"] == PATH:
            entry.update(sha256=digest(data), bytes=len(data))
    (root / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return open_corpus(root)


def load(corpus: Corpus) -> list[str]:
    """Return the ids of a dialect's and profile's cases."""
    return [case.id for case in corpus.cases("torch", "f32")]


def test_the_shipped_corpus_loads() -> None:
    corpus = open_corpus()
    counted = sum(len(corpus.cases(*pair.split("/"))) for pair in corpus.manifest.floors)
    assert counted == corpus.manifest.totals.cases


def test_an_unchanged_copy_loads_after_the_hash_is_renewed(copied: Path) -> None:
    assert load(rewrite(copied, lambda document: None)) == load(open_corpus())


@pytest.mark.parametrize("keep", [0, 1, 1000, -1])
def test_a_truncated_file_is_refused(copied: Path, keep: int) -> None:
    data = (copied / PATH).read_bytes()
    (copied / PATH).write_bytes(data[:keep])
    with pytest.raises(CorpusError, match=r"u-decay.json: not the file that the manifest describes"):
        load(open_corpus(copied))


def test_one_changed_digit_is_refused(copied: Path) -> None:
    data = (copied / PATH).read_bytes()
    (copied / PATH).write_bytes(data.replace(b"3f800000", b"3f800001", 1))
    with pytest.raises(CorpusError, match="SHA-256"):
        load(open_corpus(copied))


def test_kills_that_are_not_those_of_the_manifest_are_refused(copied: Path) -> None:
    (copied / KILLS).write_bytes((copied / KILLS).read_bytes().replace(b"B01", b"B02", 1))
    with pytest.raises(CorpusError, match=r"KILLS\.json: not the file that the manifest describes"):
        load(open_corpus(copied))


def test_a_missing_file_is_refused(copied: Path) -> None:
    (copied / PATH).unlink()
    with pytest.raises(CorpusError, match="cannot be read"):
        load(open_corpus(copied))


def test_a_folder_without_manifest_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="adamax-ref golden generate"):
        open_corpus(tmp_path)


def drop(name: str) -> Callable[[Any], None]:
    """Return a change that takes a field away from the first case."""
    return lambda document: document["cases"][0].pop(name)


def put(name: str, value: Any) -> Callable[[Any], None]:
    """Return a change that sets a field of the first case."""
    return lambda document: document["cases"][0].update({name: value})


CHANGES = {
    "field 'steps' is missing": drop("steps"),
    "field 'expect' is missing|has 'expect'": drop("expect"),
    "unknown field 'extra'": put("extra", 1),
    "expected int, found str": put("rev", "1"),
    "expected int, found bool": put("rev", True),
    "expected an array": put("shape", 2),
    "the shape .* has 5": put("shape", [5]),
    "does not increase": put("report", [2, 1]),
    "a count beyond": put("shape", [1 << 54]),
    "more than 64 dimensions": put("shape", [1] * 65),
    "does not belong here": put("id", "torch/f32/eps/other"),
    "neither 'value' nor 'reject'": put("result", "maybe"),
    "Invalid beta parameter": lambda document: document["cases"][0]["hyper"].update(
        beta1={"dec": "1.0", "f64": "3ff0000000000000"}
    ),
    "malformed pattern": lambda document: document["cases"][0]["init"].update(theta="3F800000 bf000000"),
    "hexadecimal digits for a number of binary64": lambda document: document["cases"][0]["hyper"].update(
        lr={"dec": "0.002", "f64": "3f60624d"}
    ),
    "unknown field 'kills'": put("kills", []),
    "an id occurs twice": lambda document: document["cases"][1].update(id=document["cases"][0]["id"]),
    "count": lambda document: document.update(count=3),
    "profile is": lambda document: document["profile"].update(compute="binary64"),
    "corpus is": lambda document: document.update(corpus="9.9.9"),
    "either is skipped or has a gradient": lambda document: document["cases"][0]["steps"][0].update(skip=True),
}


@pytest.mark.parametrize("message", CHANGES)
def test_a_file_with_the_right_hash_and_wrong_content_is_refused(copied: Path, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        load(rewrite(copied, CHANGES[message]))


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../outside.json", "core/torch/f32/../../../x.json", "core/torch/f32/eps.json/", "core\\torch"]
)
@pytest.mark.parametrize("part", ["files", "support"])
def test_a_manifest_cannot_point_outside_its_folder(copied: Path, path: str, part: str) -> None:
    manifest = json.loads((copied / MANIFEST).read_text(encoding="utf-8"))
    manifest[part][0]["path"] = path
    (copied / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(CorpusError, match="is no path of a"):
        open_corpus(copied)


def test_a_file_larger_than_any_is_refused_before_it_is_read(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copied / PATH).write_bytes(b" " * ((1 << 20) + 1))
    corpus = open_corpus(copied)
    entry = next(each for each in corpus.manifest.files if each.path == PATH)
    monkeypatch.setattr(Path, "open", lambda self, mode: pytest.fail(f"{self} was read"))
    with pytest.raises(CorpusError, match="larger than 1048576 bytes"):
        corpus.verified(entry)


@pytest.mark.parametrize("place", [PATH, MANIFEST, "core/torch/f32", "core"])
@pytest.mark.parametrize("to", ["/etc/passwd", "/dev/zero", "outside", "."])
def test_a_link_in_a_corpus_is_not_followed(copied: Path, place: str, to: str) -> None:
    (copied / place).rename(copied.parent / "outside")
    (copied / place).symlink_to(copied.parent / to)
    with pytest.raises(CorpusError, match=r"is a link, or not in its folder|holds no MANIFEST"):
        load(open_corpus(copied))


def test_a_pipe_in_a_corpus_is_not_waited_for(copied: Path) -> None:
    (copied / PATH).unlink()
    os.mkfifo(copied / PATH)
    with pytest.raises(CorpusError, match="not a regular file"):
        load(open_corpus(copied))


def test_a_manifest_that_names_a_file_twice_is_refused(copied: Path) -> None:
    manifest = json.loads((copied / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"].append(manifest["files"][0])
    (copied / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(CorpusError, match="a path occurs twice"):
        open_corpus(copied)


@cache
def _bytes() -> bytes:
    return (open_corpus().root / PATH).read_bytes()


def _read(data: bytes) -> None:
    """Read a vector file as the loader does once the hash has been checked."""
    file = from_json(VectorFile, parse(data, "file"), "file")
    for case in file.cases:
        check_case(case, "file")


def test_the_reader_of_the_fuzz_test_accepts_the_real_file() -> None:
    _read(_bytes())


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutated_files_are_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    mutated = bytearray(_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        length = data.draw(st.sampled_from([0, 1, 1, 1, 7, 200]))
        mutated[at : at + length] = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"[", b'"', b"null", b"1e999", b"-1"]))
        )
    try:
        _read(bytes(mutated))
    except CorpusError as error:
        assert str(error).startswith("file")


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=10,
)


@settings(deadline=None, max_examples=200)
@given(st.data(), _JSON)
def test_a_case_with_any_value_in_any_place_is_read_or_refused_with_a_sentence(data: st.DataObject, value: Any) -> None:
    document = json.loads(_bytes())
    place = document["cases"][data.draw(st.integers(0, 3))]
    while True:
        key = data.draw(st.sampled_from(sorted(place))) if isinstance(place, dict) else data.draw(st.integers(0, len(place) - 1))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    try:
        _read(json.dumps(document).encode())
    except CorpusError as error:
        assert str(error).startswith("file")


@pytest.mark.parametrize(
    "data", [b"", b"[" * 100_000, b"\xff", b"{}", b"[]", b"null", b'{"a":1,"a":2}', b'{"count": NaN}', b"9" * 10_000]
)
def test_odd_documents_are_refused(data: bytes) -> None:
    with pytest.raises(CorpusError, match=r"^file"):
        _read(data)


@pytest.mark.parametrize("name", ["", "a", "torch/f8/eps/x", "torch/f32/eps/", "Torch/f32/eps/x", "torch/f32/eps/x/y"])
def test_a_case_by_itself_needs_a_regular_id(name: str) -> None:
    document = json.loads(_bytes())
    document["cases"][0]["id"] = name
    with pytest.raises(CorpusError, match="is no id of a case"):
        _read(json.dumps(document).encode())

"""What a vector file leaves out comes back as it was, and nothing that matters is left out."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.golden.case import VectorFile
from adamax_ref.golden.codec import from_json
from adamax_ref.golden.corpus import FileEntry
from adamax_ref.golden.load import open_corpus
from adamax_ref.golden.patterns import decode, encode
from adamax_ref.golden.short import coarse, lengthened, vector_bytes
from adamax_ref.recipe.profile import BINARY64

ENTRIES = open_corpus().manifest.files


@pytest.mark.parametrize("entry", ENTRIES[:: len(ENTRIES) // 12], ids=lambda entry: entry.path)
def test_a_file_that_was_shortened_is_read_as_it_was(entry: FileEntry) -> None:
    file = open_corpus().file(entry)
    assert from_json(VectorFile, lengthened(json.loads(vector_bytes(file))), entry.path) == file


def test_a_case_is_one_line() -> None:
    corpus = open_corpus()
    for entry in corpus.manifest.files[::20]:
        lines = corpus.verified(entry).decode().splitlines()
        cases = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"')]
        assert [case["id"] for case in cases] == [case.id for case in corpus.file(entry).cases]


@settings(deadline=None)
@given(st.floats(min_value=0, allow_nan=False))
def test_a_coarse_bound_is_the_least_that_its_upper_half_can_say(bound: float) -> None:
    made = coarse(bound)
    pattern = BINARY64.encode(made)
    assert made >= bound
    assert pattern & 0xFFFFFFFF == 0
    assert pattern == 0 or BINARY64.decode(pattern - (1 << 32)) < bound


def test_an_infinite_bound_stays_infinite() -> None:
    assert coarse(math.inf) == math.inf


def test_the_loader_sees_a_left_out_bound_as_zero_for_each_number() -> None:
    document = {"cases": [{"expect": [{"u": {"bits": "3f800000 00000000"}}]}]}
    quantity = lengthened(document)["cases"][0]["expect"][0]["u"]
    assert decode(quantity["bound"], BINARY64) == (0.0, 0.0)
    assert quantity["lo"] == quantity["hi"] == quantity["true"] == encode([1.0, 0.0], open_corpus().cases("torch", "f32")[0].form)

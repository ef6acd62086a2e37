"""A record is written in one way and read back as it was."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.golden.case import VectorFile
from adamax_ref.golden.codec import from_json, json_bytes, parse
from adamax_ref.golden.corpus import FileEntry
from adamax_ref.golden.expected import coarse
from adamax_ref.golden.load import open_corpus
from adamax_ref.recipe.profile import BINARY64

ENTRIES = open_corpus().manifest.files


@pytest.mark.parametrize("entry", ENTRIES[:: len(ENTRIES) // 12], ids=lambda entry: entry.path)
def test_a_vector_file_is_read_as_it_was_written(entry: FileEntry) -> None:
    data = open_corpus().verified(entry)
    assert json_bytes(from_json(VectorFile, parse(data, entry.path), entry.path)) == data


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

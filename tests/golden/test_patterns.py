"""Numbers and their patterns: what is written is read back, and nothing else is read."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.golden.numbers import parse
from adamax_ref.golden.patterns import decode, encode, same
from adamax_ref.recipe.profile import BINARY32, FORMATS


@settings(deadline=None)
@given(st.sampled_from(sorted(FORMATS)), st.lists(st.integers(0, 2**64 - 1), max_size=5))
def test_every_pattern_survives_and_nan_becomes_canonical(name: str, patterns: list[int]) -> None:
    form = FORMATS[name]
    values = [form.decode(pattern >> (64 - form.width)) for pattern in patterns]
    text = encode(values, form)
    assert all(map(same, decode(text, form), values))
    assert encode(decode(text, form), form) == text


@pytest.mark.parametrize(
    "text", ["3F800000", "0x3f800000", "3f80000", "3f8000000", "1.0", "nan", " 3f800000", "3f800000  3f800000", "3f800000\n"]
)
def test_malformed_patterns_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"malformed pattern .* hexadecimal digits"):
        decode(text, BINARY32)


def test_signed_zeros_differ_and_nan_are_alike() -> None:
    assert not same(0.0, -0.0)
    assert same(math.nan, math.copysign(math.nan, -1))
    assert not same(math.nan, 1.0)


def test_landmarks_are_those_of_the_format() -> None:
    assert parse("max norm tiny ulp", BINARY32) == (BINARY32.largest, 2.0**-126, 2.0**-149, 2.0**-23)
    assert parse("1+ulp -9/4+4*ulp", BINARY32) == (1 + 2.0**-23, -2.25 + 2.0**-21)


@pytest.mark.parametrize("text", ["1/3", "2^200", "max*2", "tiny/2", "1+ulp/2"])
def test_numbers_that_the_format_does_not_hold_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        parse(text, BINARY32)


@pytest.mark.parametrize("text", ["one", "0.5", "2^x", "1//2"])
def test_unknown_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unknown number"):
        parse(text, BINARY32)

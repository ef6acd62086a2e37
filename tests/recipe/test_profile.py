"""Number formats: one rounding, checked against every 16-bit number and against NumPy's own conversions."""

import math
import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, BINARY64, FORMATS, Format, Rounded, ieee_divide

DTYPES = {"binary64": np.float64, "binary32": np.float32, "binary16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def double(pattern: int) -> float:
    number: float = struct.unpack(">d", pattern.to_bytes(8, "big"))[0]
    return number


def same(a: float, b: float) -> bool:
    return BINARY64.encode(a) == BINARY64.encode(b)


@pytest.mark.parametrize("form", [BINARY16, BFLOAT16], ids=lambda form: form.name)
def test_every_16_bit_pattern_survives_decoding_rounding_and_encoding(form: Format) -> None:
    for pattern in range(1 << 16):
        number = form.decode(pattern)
        assert same(form.round(number), number)
        assert form.encode(number) == (pattern if number == number else form.encode(math.nan))


@pytest.mark.parametrize("form", [BINARY16, BFLOAT16], ids=lambda form: form.name)
def test_every_16_bit_midpoint_goes_to_the_even_neighbour(form: Format) -> None:
    top = form.encode(form.largest)
    for pattern in range(top):
        low, high = form.decode(pattern), form.decode(pattern + 1)
        middle = (low + high) / 2
        even = low if pattern % 2 == 0 else high
        assert form.round(middle) == even
        assert form.round(math.nextafter(middle, 0.0)) == low
        assert form.round(math.nextafter(middle, math.inf)) == high


@pytest.mark.parametrize("form", [BINARY32, BINARY16, BFLOAT16], ids=lambda form: form.name)
def test_the_last_half_ulp_before_overflow_still_rounds_down(form: Format) -> None:
    edge = form.largest * (1 + 2.0 ** -(form.precision + 1))
    limit = form.largest + math.ldexp(1.0, form.emax - form.precision)
    assert form.round(edge) == form.largest
    assert form.round(math.nextafter(limit, 0)) == form.largest
    assert form.round(limit) == math.inf
    assert form.round(-limit) == -math.inf


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=2000, deadline=None)
def test_rounding_equals_numpys_conversion_on_random_patterns(pattern: int) -> None:
    number = double(pattern)
    with np.errstate(all="ignore"):
        for form in (BINARY32, BINARY16):
            assert same(form.round(number), float(np.float64(number).astype(DTYPES[form.name])))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=2000, deadline=None)
def test_bfloat16_equals_ml_dtypes_on_random_singles(pattern: int) -> None:
    number = BINARY32.decode(pattern)
    with np.errstate(all="ignore"):
        assert same(BFLOAT16.round(number), float(np.float32(number).astype(ml_dtypes.bfloat16)))


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.name)
def test_limits_are_those_of_the_dtype(form: Format) -> None:
    info = ml_dtypes.finfo(DTYPES[form.name])
    assert (form.largest, form.smallest_normal, form.smallest) == (
        float(info.max),
        float(info.smallest_normal),
        float(info.smallest_subnormal),
    )


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
@settings(max_examples=1000, deadline=None)
def test_scalar_arithmetic_is_single_precision_arithmetic(a: int, b: int) -> None:
    x, y = BINARY32.decode(a), BINARY32.decode(b)
    left, right = Rounded(x, BINARY32), Rounded(y, BINARY32)
    with np.errstate(all="ignore"):
        s, t = np.float32(x), np.float32(y)
        pairs = [(left + right, s + t), (left - right, s - t), (left * right, s * t), (left / right, s / t), (-left, -s)]
    for got, want in pairs:
        assert same(float(got), float(want))


def test_the_same_arithmetic_without_the_last_rounding_would_be_noticed() -> None:
    tenth = BINARY32.round(0.1)
    assert float(1 - Rounded(0.9, BINARY32)) == 0.10000002384185791 != tenth


def test_division_by_zero_is_ieee_division() -> None:
    assert ieee_divide(1.0, 0.0) == math.inf and ieee_divide(-1.0, 0.0) == -math.inf
    assert ieee_divide(1.0, -0.0) == -math.inf
    assert math.isnan(ieee_divide(0.0, 0.0)) and math.isnan(ieee_divide(math.nan, 0.0))

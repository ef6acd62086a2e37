"""Comparison: what counts as equal, how far apart things are, and what a failure says."""

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.exact.compare import Enclosure, assert_bitwise_equal, assert_within_bound, first_difference, ulp_distance
from adamax_ref.exact.rounding import from_ordinal, ordinal
from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, BINARY64, FORMATS

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
def test_the_distance_is_the_number_of_steps_between_neighbours_across_zero(fmt: object) -> None:
    top = ordinal(math.inf, fmt)  # type: ignore[arg-type]
    for a, b in ((-3, 4), (0, 1), (top - 1, top), (-top, top), (7, 7)):
        assert ulp_distance(from_ordinal(a, fmt), from_ordinal(b, fmt), fmt) == abs(a - b)  # type: ignore[arg-type]
    assert ulp_distance(0.0, -0.0, fmt) == 0  # type: ignore[arg-type]
    assert ulp_distance(math.nan, -math.nan, fmt) == 0  # type: ignore[arg-type]
    assert ulp_distance(math.nan, 1.0, fmt) == math.inf  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.floats(width=32), st.floats(width=32))
def test_the_distance_is_symmetric_and_zero_only_for_equal_numbers(a: float, b: float) -> None:
    assert ulp_distance(a, b, BINARY32) == ulp_distance(b, a, BINARY32)
    assert (ulp_distance(a, b, BINARY32) == 0) == (a == b or (a != a and b != b))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_equal_arrays_pass_and_one_changed_bit_is_found(dtype: type) -> None:
    want: Any = np.array([1, -0.0, np.nan, np.inf, 2.5], dtype=dtype)
    assert_bitwise_equal(want.copy(), want)
    got = want.copy()
    got[4] = np.nextafter(got[4], dtype(3)) if dtype is not ml_dtypes.bfloat16 else dtype(2.515625)
    with pytest.raises(AssertionError, match=r"p\[4\]: 1 of 5 differ"):
        assert_bitwise_equal(got, want, "p")


def test_zeros_of_different_sign_are_different_bits() -> None:
    difference = first_difference(np.array([[0.0, -0.0]], np.float32), np.array([[0.0, 0.0]], np.float32))
    assert difference is not None
    assert difference.where == (0, 1)
    assert difference.ulps == 0
    assert "80000000" in str(difference)


def test_nan_equals_nan_by_class_whatever_its_payload() -> None:
    quiet = np.array([0x7FC12345], dtype=np.uint32).view(np.float32)
    assert first_difference(quiet, np.array([np.nan], np.float32)) is None
    found = first_difference(np.array([1.0], np.float32), quiet)
    assert found is not None and "NaN on one side only" in str(found)


def test_complex_numbers_are_compared_as_pairs() -> None:
    difference = first_difference(np.array([1 + 1j, 2 + 2j], np.complex64), np.array([1 + 1j, 2 + 3j], np.complex64))
    assert difference is not None
    assert difference.where == (1, 1)


def test_dtype_and_shape_are_part_of_equality() -> None:
    with pytest.raises(AssertionError, match="dtype float64, wanted float32"):
        assert_bitwise_equal(np.zeros(2), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"m: shape \(2,\), wanted \(3,\)"):
        first_difference(np.zeros(2), np.zeros(3), what="m")
    with pytest.raises(ValueError, match="cannot compare int64"):
        first_difference([1], [1])


def test_a_profile_tells_the_format_of_plain_numbers() -> None:
    for profile, fmt in (("f16", BINARY16), ("bf16", BFLOAT16), ("f64", BINARY64), ("c64", BINARY32)):
        difference = first_difference([1.0], [2.0], profile)
        assert difference is not None and difference.fmt is fmt


def test_an_answer_inside_passes_and_one_number_outside_fails_with_the_distance_in_bounds() -> None:
    step = 2.0**-23
    allowed = Enclosure(true=[1.0, math.nan], lo=[1.0 - step, math.nan], hi=[1.0 + step, math.nan], bound=[step, 0.0])
    assert_within_bound(np.array([1.0 + step, np.nan], np.float32), allowed)
    with pytest.raises(AssertionError, match="2 ulp of binary32, 2 times the bound"):
        assert_within_bound(np.array([1.0 + 2 * step, np.nan], np.float32), allowed)
    with pytest.raises(AssertionError, match=r"value\[1\]"):
        assert_within_bound(np.array([1.0, 1.0], np.float32), allowed)
    with pytest.raises(AssertionError, match=r"value\[0\]"):
        assert_within_bound(np.array([np.nan, np.nan], np.float32), allowed)


def test_a_zero_bound_allows_only_the_true_value() -> None:
    exact = Enclosure([0.5], [0.5], [0.5], [0.0])
    assert_within_bound(np.array([0.5], np.float16), exact)
    with pytest.raises(AssertionError, match="inf times the bound of 0"):
        assert_within_bound(np.array([0.50048828], np.float16), exact)

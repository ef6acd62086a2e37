"""The operations on plain numbers: fma with one rounding, max with NaN, select without."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.recipe.operations import fma, greater, maximum, store
from adamax_ref.recipe.profile import BINARY64


@given(st.floats(), st.floats(), st.floats())
@settings(max_examples=1000, deadline=None)
def test_fma_rounds_once(a: float, b: float, c: float) -> None:
    got = fma(a, b, c)
    if not all(map(math.isfinite, (a, b, c))):
        plain = c if math.isfinite(a) and math.isfinite(b) else a * b + c  # the exact product is finite, whatever a * b is
        assert BINARY64.encode(got) == BINARY64.encode(plain)
        return
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if math.isinf(got):
        assert abs(exact) >= Fraction(BINARY64.largest) + Fraction(2) ** 970
        return
    for neighbour in (math.nextafter(got, math.inf), math.nextafter(got, -math.inf)):
        if math.isfinite(neighbour):
            assert abs(exact - Fraction(got)) <= abs(exact - Fraction(neighbour))


def test_fma_differs_from_two_roundings_where_it_must() -> None:
    assert fma(0.1, 10.0, -1.0) == 2.0**-54 != 0.1 * 10.0 - 1.0


@pytest.mark.parametrize(("a", "b", "c", "sign"), [(0.0, -1.0, 0.0, 1.0), (0.0, -1.0, -0.0, -1.0), (2.0, 3.0, -6.0, 1.0)])
def test_an_exact_zero_has_the_sign_of_the_sum(a: float, b: float, c: float, sign: float) -> None:
    assert math.copysign(1.0, fma(a, b, c)) == sign


def test_rationals_stay_exact() -> None:
    assert fma(Fraction(1, 3), 3, Fraction(1, 7)) == Fraction(8, 7)
    assert maximum(Fraction(1, 3), Fraction(1, 2)) == Fraction(1, 2)


def test_nan_wins_a_maximum_from_both_sides_but_loses_a_select_from_the_right() -> None:
    assert math.isnan(maximum(math.nan, 1.0)) and math.isnan(maximum(1.0, math.nan))
    assert greater(1.0, math.nan) == 1.0 and math.isnan(greater(math.nan, 1.0))


def test_storing_a_plain_number_is_nothing() -> None:
    assert store(1.5) == 1.5

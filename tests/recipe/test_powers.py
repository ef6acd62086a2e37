"""Powers of beta1: as the C library forms them, as a running product, and without rounding."""

import ctypes
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.recipe.powers import factors_of, last_distinct_product, platform_power, running_product
from adamax_ref.recipe.profile import BFLOAT16, BINARY32, BINARY64, Format, Rounded, Rounding, Unrounded

betas = st.floats(0.0, 1.0, exclude_max=True, width=32)


@given(betas, st.integers(1, 2000))
@settings(deadline=None)
def test_a_power_in_binary32_is_the_c_librarys(beta: float, t: int) -> None:
    library = ctypes.CDLL(None).powf
    library.restype, library.argtypes = ctypes.c_float, (ctypes.c_float, ctypes.c_float)
    assert platform_power(beta, t, BINARY32) == library(beta, float(t))


def test_the_c_librarys_power_is_not_always_the_nearest_number() -> None:
    beta = BINARY32.round(0.9872)
    nearest = BINARY32.round(float(Fraction(beta) ** 246))
    if platform_power(beta, 246, BINARY32) == nearest:
        pytest.skip("this C library rounds this power correctly")
    assert abs(platform_power(beta, 246, BINARY32) - nearest) == 2.0**-28


@pytest.mark.parametrize("form", [BINARY64, BFLOAT16])
def test_other_formats_take_their_powers_in_double(form: Format) -> None:
    assert platform_power(0.75, 7, form) == 0.75**7


@given(betas, st.integers(1, 300))
@settings(deadline=None)
def test_a_running_product_rounds_every_factor(beta: float, count: int) -> None:
    expected = beta
    for _ in range(count - 1):
        expected = BINARY32.round(expected * beta)
    assert running_product(beta, count, BINARY32) == expected


def test_a_running_product_counts_back_as_well() -> None:
    forward = [running_product(0.3, count, BINARY64) for count in range(1, 40)]
    assert [running_product(0.3, count, BINARY64) for count in range(39, 0, -1)] == forward[::-1]


@given(st.floats(0.0, 0.9990234375, width=32), st.integers(1, 3000), st.sampled_from([BINARY32, BINARY64]))
@settings(deadline=None)
def test_a_product_tells_its_factors_until_it_stands_still(beta: float, count: int, form: Format) -> None:
    product = running_product(beta, count, form)
    still = form.round(product * beta) == product
    assert factors_of(product, beta, form) == (None if still else count)
    assert not still or running_product(beta, count + 1000, form) == product


@pytest.mark.parametrize(("form", "last"), [(BINARY32, 963), (BINARY64, 7049)])
def test_the_products_of_nine_tenths_are_distinct_up_to_a_known_number(form: Format, last: int) -> None:
    beta = form.round(0.9)
    assert factors_of(running_product(beta, last, form), beta, form) == last
    assert factors_of(running_product(beta, last + 1, form), beta, form) is None
    assert last_distinct_product(beta, form) == last


@pytest.mark.parametrize("foreign", [0.3, float("nan"), 2.0, -1.0])
def test_a_number_that_is_no_product_tells_nothing(foreign: float) -> None:
    assert factors_of(foreign, 0.5, BINARY32) is None


def test_the_product_and_the_power_part_where_they_are_known_to() -> None:
    beta = Rounded(0.9, BINARY32)
    to = Rounding(BINARY32, BINARY32)
    apart = [t for t in range(1, 40) if float(1 - to.product(beta, t)) != float(1 - beta**t)]
    assert apart == [14, 16, 31]


def test_without_rounding_the_product_is_the_power() -> None:
    assert Unrounded().product(Fraction(9, 10), 4) == Fraction(9, 10) ** 4

"""Correct rounding against every midpoint of the 16-bit formats and against NumPy's and Python's own conversions."""

import math
import random
import struct
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from adamax_ref.exact.rounding import (
    from_ordinal,
    neighbour,
    ordinal,
    overflow,
    round_dyadic,
    round_exact,
)
from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, BINARY64, FORMATS, Format

ALL = pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
SMALL = pytest.mark.parametrize("fmt", [BINARY16, BFLOAT16], ids=["binary16", "bfloat16"])


def finite_places(fmt: Format) -> range:
    return range(ordinal(fmt.largest, fmt) + 1)


@SMALL
def test_every_midpoint_goes_to_the_even_neighbour_and_a_hair_beside_it_to_the_nearer(fmt: Format) -> None:
    hair = Fraction(1, 2**400)
    for place in finite_places(fmt)[:-1]:
        low, high = from_ordinal(place, fmt), from_ordinal(place + 1, fmt)
        middle = (Fraction(low) + Fraction(high)) / 2
        even = low if place % 2 == 0 else high
        assert round_exact(middle, fmt) == even
        assert round_exact(-middle, fmt) == -even
        assert round_exact(middle - hair, fmt) == low
        assert round_exact(middle + hair, fmt) == high


@SMALL
def test_every_number_of_a_small_format_rounds_to_itself(fmt: Format) -> None:
    for place in finite_places(fmt):
        x = from_ordinal(place, fmt)
        assert round_exact(Fraction(x), fmt) == x


@SMALL
def test_doubles_round_to_the_small_formats_as_ml_dtypes_and_numpy_round_float32(fmt: Format) -> None:
    dtype = np.float16 if fmt is BINARY16 else ml_dtypes.bfloat16
    patterns = np.random.default_rng(1).integers(0, 2**32, 20_000, dtype=np.uint32)
    numbers = patterns.view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    with np.errstate(over="ignore"):
        theirs = numbers.astype(dtype).astype(np.float64)
    for x, y in zip(numbers.tolist(), theirs.tolist(), strict=True):
        assert round_exact(Fraction(x), fmt) == y


def test_rationals_round_to_binary64_as_python_divides_integers() -> None:
    draw = random.Random(2)
    for _ in range(20_000):
        n, d = draw.getrandbits(draw.randint(1, 900)), draw.getrandbits(draw.randint(1, 900)) + 1
        assert round_exact(Fraction(n, d), BINARY64) == n / d


def test_midpoints_of_binary32_round_as_the_machine_does() -> None:
    draw = random.Random(3)
    for _ in range(20_000):
        place = draw.randrange(ordinal(BINARY32.largest, BINARY32))
        middle = (from_ordinal(place, BINARY32) + from_ordinal(place + 1, BINARY32)) / 2
        for x in (middle, math.nextafter(middle, 0), math.nextafter(middle, math.inf)):
            assert round_exact(Fraction(x), BINARY32) == struct.unpack("f", struct.pack("f", x))[0]


def test_midpoints_of_binary64_go_to_the_even_neighbour() -> None:
    draw = random.Random(4)
    for _ in range(20_000):
        place = draw.randrange(ordinal(BINARY64.largest, BINARY64))
        low, high = from_ordinal(place, BINARY64), from_ordinal(place + 1, BINARY64)
        middle = (Fraction(low) + Fraction(high)) / 2
        assert round_exact(middle, BINARY64) == (high if place % 2 else low)


@ALL
def test_numbers_from_the_overflow_threshold_on_become_infinite(fmt: Format) -> None:
    edge = Fraction(overflow(fmt))
    assert round_exact(edge, fmt) == math.inf
    assert round_exact(-edge, fmt) == -math.inf
    assert round_exact(edge - Fraction(1, 10**9), fmt) == fmt.largest


@ALL
def test_zeros_carry_the_sign_of_what_was_too_small(fmt: Format) -> None:
    half = Fraction(fmt.smallest) / 2
    assert math.copysign(1, round_exact(Fraction(0), fmt)) == 1
    assert math.copysign(1, round_exact(-half, fmt)) == -1
    assert round_exact(half, fmt) == 0
    assert round_exact(half * Fraction(1001, 1000), fmt) == fmt.smallest
    assert round_exact(3 * half, fmt) == 2 * fmt.smallest


@ALL
def test_dyadic_numbers_round_as_rationals_do(fmt: Format) -> None:
    draw = random.Random(5)
    for _ in range(3000):
        n = draw.getrandbits(draw.randint(1, 200)) * draw.choice([-1, 1])
        exponent = draw.randint(-1250, 1000) if fmt is BINARY64 else draw.randint(-330, 100)
        exact = Fraction(n) * Fraction(2) ** exponent
        assert round_dyadic(n, exponent, fmt) == round_exact(exact, fmt)


def test_neighbours_cross_zero_and_reach_infinity() -> None:
    assert neighbour(-5e-324, 1, BINARY64) == 0
    assert neighbour(BINARY32.largest, 1, BINARY32) == math.inf
    assert neighbour(1.0, 1, BFLOAT16) == 1.0078125

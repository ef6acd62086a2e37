"""The counter generator gives the published check values, and dyadic draws keep to their bits and exponents."""

from fractions import Fraction
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.golden.numbers import Draw, draws, key_of

NAME = "torch/f32/u-decay/shrink-two"


def test_key_and_first_draws_are_the_published_check_values() -> None:
    assert key_of(NAME) == 0x2D4CF0C097DA28B9
    assert list(islice(draws(NAME), 3)) == [0x9ED369DD9C1F82D8, 0x4A3CC18CB0950C06, 0x7F6AF842FA872AC0]


def test_first_dyadic_draw_is_the_published_check_value() -> None:
    assert Draw(bits=8, top=0, span=4).number(next(draws(NAME))) == Fraction(-27, 32)


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(1, 53), st.integers(-100, 100), st.integers(1, 40))
def test_a_dyadic_draw_has_its_bits_and_its_exponent(draw: int, bits: int, top: int, span: int) -> None:
    number = abs(Draw(bits, top, span).number(draw))
    assert Fraction(2) ** (top - span + 1) <= number < Fraction(2) ** (top + 1)
    unit = Fraction(2) ** (top - span + 2 - bits)
    assert (number / unit).denominator == 1


def test_distinct_draws_are_distinct_and_others_need_not_be() -> None:
    narrow = Draw(bits=1, top=0, span=2)
    assert len(set(narrow.take(20, draws("a")))) == 4
    assert len(set(Draw(bits=1, top=0, span=2, distinct=True).take(4, draws("a")))) == 4

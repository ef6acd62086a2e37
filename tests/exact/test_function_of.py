"""Machine numbers give what integers give, for every recipe there is and whatever the operands."""

import math
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adamax_ref.exact.stepper import function_of, fused, fused_single, rounding, run, to_upper
from adamax_ref.golden.patterns import same
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, BINARY64, FORMATS, Format

RECIPES = sorted(every_recipe(), key=str)


@cache
def numbers(form: Format) -> st.SearchStrategy[float]:
    """Draw any number of a format, and often one of few bits, so that ties and cancellations come up."""
    patterns = st.integers(0, 2**form.width - 1).map(form.decode)
    few = st.builds(math.ldexp, st.integers(-63, 63).map(float), st.integers(form.emin - 30, form.emax - 6))
    near = st.builds(math.ldexp, st.integers(-(2**11), 2**11).map(float), st.integers(-14, 2))
    return st.one_of(st.one_of(near, few).map(form.round), patterns)


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_every_recipe_gives_the_bits_of_the_stepper(data: st.DataObject) -> None:
    recipe = RECIPES[data.draw(st.integers(0, len(RECIPES) - 1))]
    inputs = [data.draw(numbers(recipe.storage_format)) for _ in range(4)]
    constants = [data.draw(numbers(recipe.working_format)) for _ in recipe.constants]
    p, g, m, u = inputs
    got, want = function_of(recipe)(*inputs, *constants), run(recipe, p, g, m, u, constants)
    assert all(map(same, got, want)), (got, want)


@pytest.mark.parametrize("name", ["max", "abs", "fma", "div"])
def test_an_operation_that_is_given_takes_the_place_of_the_right_one(name: str) -> None:
    recipe = next(recipe for recipe in RECIPES if any(operation.name == name for operation in recipe.operations))
    asked: list[tuple[float, ...]] = []

    def answer(*operands: float) -> float:
        asked.append(operands)
        return 0.5

    function_of(recipe, (name,))(1.0, 0.5, 0.25, 0.75, *[0.375] * len(recipe.constants), answer)
    assert [len(operands) for operands in asked] == [len(o.args) for o in recipe.operations if o.name == name]


@settings(deadline=None, max_examples=500)
@given(numbers(BINARY32), numbers(BINARY32), numbers(BINARY32))
@example(1 + 2.0**-23, 1 - 2.0**-23, 2.0**-24)
@example(2.0**-75, 2.0**-75, 2.0**-149)
@example(BINARY32.largest, 1.0, math.ldexp(1.0, 103))
def test_a_fused_multiply_add_in_double_is_rounded_once(a: float, b: float, c: float) -> None:
    assert same(fused_single(a, b, c), fused(a, b, c, BINARY32))


def _twice(a: float, b: float, c: float) -> float:
    """Round the sum to double and then to binary32."""
    return BINARY32.round(a * b + c)


@pytest.mark.parametrize(("function", "right"), [(fused_single, True), (_twice, False)])
def test_rounding_to_odd_is_what_makes_it_right(function: Callable[[float, float, float], float], right: bool) -> None:
    """The product lies half-way between two numbers and c, below the reach of a double, decides."""
    a, b, c = 1 + 2.0**-12, 1 + 2.0**-12, 2.0**-60
    assert same(function(a, b, c), fused(a, b, c, BINARY32)) is right


def test_a_wrong_operation_is_noticed() -> None:
    recipe = next(recipe for recipe in RECIPES if recipe.working == "binary32" and any(o.name == "div" for o in recipe.operations))
    constants = [0.375] * len(recipe.constants)
    wrong = function_of(recipe, ("div",))(1.0, 0.5, 0.25, 0.75, *constants, lambda a, b: b / a)
    assert wrong != run(recipe, 1.0, 0.5, 0.25, 0.75, constants)


@settings(deadline=None, max_examples=300)
@given(numbers(BINARY32))
def test_the_upper_half_of_a_single_is_rounded_once(x: float) -> None:
    assert same(to_upper(x), BFLOAT16.round(x))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(sorted(FORMATS)), numbers(BINARY64) | numbers(BINARY32) | numbers(BINARY16))
def test_any_double_is_rounded_once(name: str, x: float) -> None:
    assert same(rounding(FORMATS[name])(x), FORMATS[name].round(x))

"""The bit oracle against the machine's own arithmetic, operation by operation, on hard values."""

import itertools
import math
import struct
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from adamax_ref.dialects import get, names
from adamax_ref.exact.rounding import round_exact
from adamax_ref.exact.stepper import operations, run
from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, BINARY64, FORMATS, Format

Table = dict[str, Callable[..., float]]


def hard_values(fmt: Format) -> list[float]:
    positive = [0.0, fmt.smallest, fmt.smallest_normal - fmt.smallest, fmt.smallest_normal, 1.0, 1 + 2.0 ** (1 - fmt.precision)]
    positive += [fmt.round(0.1), 3.5, fmt.largest, math.inf]
    return [sign * x for x in positive for sign in (1.0, -1.0)] + [math.nan]


def bits(x: float) -> bytes:
    return b"nan" if x != x else struct.pack(">d", x)


@pytest.mark.parametrize("fmt", [BINARY32, BINARY64], ids=lambda fmt: fmt.name)
def test_two_operand_operations_equal_the_processor_on_all_pairs_of_hard_values(fmt: Format) -> None:
    dtype = np.float32 if fmt is BINARY32 else np.float64
    machine = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}
    draws = np.random.default_rng(1).integers(0, 2**fmt.width, 60, dtype=np.uint64)
    values = hard_values(fmt) + [fmt.decode(int(pattern)) for pattern in draws]
    table = operations(fmt.name, fmt.name)
    with np.errstate(all="ignore"):
        for name, a, b in itertools.product(machine, values, values):
            assert bits(table[name](a, b)) == bits(float(machine[name](dtype(a), dtype(b)))), (name, a, b)


@pytest.mark.parametrize("name", FORMATS)
def test_fma_of_finite_numbers_is_the_rational_rounded_once(name: str) -> None:
    fmt = FORMATS[name]
    fma = operations(name, name)["fma"]
    values = [x for x in hard_values(fmt) if math.isfinite(x)]
    for a, b, c in itertools.product(values, repeat=3):
        exact = Fraction(a) * Fraction(b) + Fraction(c)
        assert fma(a, b, c) == round_exact(exact, fmt)
        if exact == 0:
            assert bits(fma(a, b, c)) == bits(a * b + c if a == 0 or b == 0 else 0.0)


def test_fma_with_infinities_and_nan_follows_ieee() -> None:
    fma = operations("binary64", "binary64")["fma"]
    assert math.isnan(fma(0.0, math.inf, math.nan))
    assert math.isnan(fma(0.0, math.inf, 1.0))
    assert math.isnan(fma(1.0, math.inf, -math.inf))
    assert fma(1e200, 1e200, -math.inf) == -math.inf  # the product overflows in binary64 but is finite
    assert fma(-1.0, math.inf, 5.0) == -math.inf
    assert fma(1e300, 1e300, 0.0) == math.inf


def test_maxima_treat_nan_and_zeros_as_they_say() -> None:
    table = operations("binary32", "binary16")
    assert math.isnan(table["max"](1.0, math.nan)) and math.isnan(table["max"](math.nan, 1.0))
    assert table["greater"](1.0, math.nan) == 1.0
    assert math.isnan(table["greater"](math.nan, 1.0))
    assert bits(table["max"](-0.0, 0.0)) == bits(-0.0)


def test_round_goes_to_the_storage_type_and_flush_to_zero_of_the_same_sign() -> None:
    table = operations("binary32", "binary16")
    assert table["round"](0.1) == BINARY16.round(0.1)
    assert table["round"](65520.0) == math.inf
    assert bits(table["round"](-1e-9)) == bits(-0.0)
    assert bits(table["flush"](-1e-39)) == bits(-0.0)
    assert table["flush"](BINARY32.smallest_normal) == BINARY32.smallest_normal
    assert operations("binary32", "bfloat16")["round"](0.1) == BFLOAT16.round(0.1)


def test_a_step_of_the_plain_float32_recipe_equals_numpy() -> None:
    paper = get("paper")
    recipe = paper.recipe(paper.defaults, "f32")
    draw = np.random.default_rng(3)
    rows = (draw.standard_normal((500, 4)) * 10.0 ** draw.integers(-30, 30, (500, 4))).astype(np.float32)
    for p, g, m, u in rows:
        u = abs(u)
        c = dict(zip(recipe.constants, map(np.float32, paper.scalars(paper.defaults, 5, recipe)), strict=True))
        m_new = c["beta1"] * m + c["weight"] * g
        u_new = max(c["beta2"] * u, abs(g))
        with np.errstate(all="ignore"):
            wanted = (p - (c["rate"] * m_new) / u_new, m_new, u_new)
        got = run(recipe, float(p), float(g), float(m), float(u), [float(x) for x in c.values()])
        assert [bits(x) for x in got] == [bits(float(x)) for x in wanted]


@pytest.mark.parametrize("name", names())
def test_nothing_but_nan_comes_from_a_nan_parameter(name: str) -> None:
    dialect = get(name)
    for profile in dialect.profiles:
        recipe = dialect.recipe(dialect.defaults, profile)
        p, _, _ = run(recipe, math.nan, 1.0, 0.0, 0.0, dialect.scalars(dialect.defaults, 1, recipe))
        assert math.isnan(p)


def test_numbers_that_are_not_of_the_format_are_refused_before_anything_happens() -> None:
    torch = get("torch")
    recipe = torch.recipe(torch.defaults, "f32")
    scalars = torch.scalars(torch.defaults, 1, recipe)
    with pytest.raises(ValueError, match="g must be a number of binary32"):
        run(recipe, 1.0, 0.1, 0.0, 0.0, scalars)
    with pytest.raises(ValueError, match="scalars must hold"):
        run(recipe, 1.0, 1.0, 0.0, 0.0, scalars[:-1])

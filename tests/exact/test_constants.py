"""Powers are correctly rounded, from the smallest exponent to where they vanish."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.dialects import get
from adamax_ref.exact.constants import ExactPower, exact_hyper, power
from adamax_ref.exact.rounding import round_exact
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY32, BINARY64, FORMATS, PROFILES, Rounding


@settings(deadline=None, max_examples=200)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 300), st.sampled_from(list(FORMATS.values())))
def test_a_power_is_the_exact_rational_rounded_once(x: float, t: int, fmt: object) -> None:
    assert power(x, t, fmt) == round_exact(Fraction(x) ** t, fmt)  # type: ignore[arg-type]


def test_long_powers_agree_with_exact_ones() -> None:
    for x in (0.9, 0.999, 1 - 2.0**-40, 0.3):
        for t in (999, 2049, 4097):
            assert power(x, t) == round_exact(Fraction(x) ** t, BINARY64)
    assert power(0.9, 10**6) == 0.0
    assert power(-0.5, 3) == -0.125


def test_a_negative_exponent_is_refused_with_its_value() -> None:
    with pytest.raises(ValueError, match="t must be at least 0, not -1"):
        power(0.9, -1)


def test_an_exact_power_survives_the_way_into_the_working_type() -> None:
    beta = Rounding(BINARY32, BINARY32).work(ExactPower(0.9))
    for t in range(1, 200):
        assert float(beta**t) == power(float(beta), t, BINARY32)


def test_exact_hyperparameters_give_a_dialect_correctly_rounded_constants() -> None:
    torch = get("torch")
    for beta1, t in ((0.9, 7), (0.8, 31), (0.95, 123)):
        h = exact_hyper(Hyperparameters(beta1=beta1))
        recipe = torch.recipe(h, "f64")
        constants = dict(zip(recipe.constants, torch.scalars(h, t, recipe), strict=True))
        assert constants["minus_rate"] == -(0.002 / (1 - round_exact(Fraction(beta1) ** t, BINARY64)))
    assert PROFILES["f64"].working is BINARY64

"""Constants formed ahead have the bits of those formed at each step; what may not be known ahead is never guessed."""

import operator
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamax_ref.dialects import get, names
from adamax_ref.exact.constants import exact_hyper
from adamax_ref.recipe.ahead import Later
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY32, Rounded
from adamax_ref.recipe.recipe import Recipe

EVERY = [dialect for name in names() for dialect in (get(name), *get(name).variants.values())]
SIZES = st.one_of(st.just(0.0), st.floats(0, 1e30), st.floats(0, 1e-30), st.sampled_from([1e-8, 2.0**-149, 5e-324, float("inf")]))
BETAS = st.one_of(st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.999, 1 - 2.0**-53, 1 - 2.0**-24]), st.floats(0, 1, exclude_max=True))
STEPS = st.one_of(st.integers(1, 300), st.integers(1, 2**60), st.sampled_from([2**24, 2**24 + 1, 2**53 + 1]))


def _bits(numbers: tuple[float, ...]) -> bytes:
    return struct.pack(f"{len(numbers)}d", *numbers)


def _outcome(function: Callable[[], tuple[float, ...]]) -> Any:
    try:
        return _bits(function())
    except ArithmeticError as error:
        return type(error)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Dialect, Hyperparameters, Recipe]:
    dialect = draw(st.sampled_from(EVERY))
    decays, has_eps = bool(dialect.options & {"l2", "decoupled"}), "eps" in dialect.options
    h = Hyperparameters(draw(SIZES), draw(BETAS), draw(BETAS), draw(SIZES) if has_eps else 0.0, draw(SIZES) if decays else 0.0)
    return dialect, h, dialect.recipe(h, draw(st.sampled_from(dialect.profiles)))


@given(_cases(), st.lists(STEPS, min_size=1, max_size=3), st.booleans())
def test_constants_of_a_number_are_those_of_the_step(
    case: tuple[Dialect, Hyperparameters, Recipe], steps: list[int], exact: bool
) -> None:
    dialect, h, recipe = case
    numbers: Any = exact_hyper(h) if exact else h  # whose betas know their own powers
    at = dialect.scalars_of(numbers, recipe)
    steps = [min(step, 300) for step in steps] if exact else steps  # exact powers take long
    steps = [min(step, 10_000) for step in steps]  # a running product is multiplied out
    for step in steps:
        assert _outcome(lambda t=step: at(t)) == _outcome(lambda t=step: dialect.scalars(numbers, t, recipe))  # type: ignore[misc]


def test_the_usual_dialects_form_ahead_what_does_not_depend_on_the_step() -> None:
    h = Hyperparameters(weight_decay=0.01)
    for dialect in (get("torch"), get("torch/capturable"), get("paddle")):
        calls: list[int] = []

        def counted(h: Any, t: Any, to: Any, of: Dialect = dialect, calls: list[int] = calls) -> Any:
            calls.append(1)
            return of.constants(h, t, to)

        at = replace(dialect, constants=counted).scalars_of(h, dialect.recipe(h, "f32"))
        assert [at(t) for t in (1, 2, 3)] and len(calls) == 1


ASKED: dict[str, Callable[[Any], object]] = {
    "equal": lambda t: t == 1,
    "other": lambda t: t != 1,
    "less": lambda t: t < 2,
    "reflected": lambda t: 2 > t,  # noqa: SIM300 # the point of the case
    "true": bool,
    "integer": int,
    "float": float,
    "index": lambda t: [0, 1, 2, 3][t],
    "key": lambda t: {1: 2}.get(t),
    "member": lambda t: t in (1, 2),
    "text": str,
    "formatted": lambda t: f"{t}",
    "kind": lambda t: isinstance(t, int),
    "remainder": lambda t: t % 2,
    "maximum": lambda t: max(t, 2),
    "rounded": lambda t: Rounded(1.0, BINARY32) >= t,
    "absolute": abs,
}


@pytest.mark.parametrize("name", ASKED)
def test_what_depends_on_the_step_otherwise_than_by_arithmetic_is_asked_at_each_step(name: str) -> None:
    base = get("paper")

    def constants(h: Any, t: Any, to: Any) -> dict[str, Any]:
        made = base.constants(h, t, to)
        return {**made, "rate": to.work(2.0 if ASKED[name](t) else 1.0)}

    dialect = replace(base, constants=constants, variants={})
    recipe = dialect.recipe(dialect.defaults, "f32")
    at = dialect.scalars_of(dialect.defaults, recipe)
    for t in (1, 2, 3):
        assert at(t) == dialect.scalars(dialect.defaults, t, recipe)
    with pytest.raises(TypeError):
        ASKED[name](Later(int))


@given(st.floats(-1e30, 1e30), st.integers(1, 40), st.sampled_from(["add", "sub", "mul", "truediv"]), st.booleans())
def test_an_operation_done_later_is_the_operation(x: float, t: int, name: str, rounded: bool) -> None:
    operand: Any = Rounded(x, BINARY32) if rounded else x
    operation = getattr(operator, name)
    assert _bits((float(operation(operand, Later(int)).at(t)),)) == _bits((float(operation(operand, t)),))
    if x or name != "truediv":
        assert _bits((float(operation(Later(int), operand).at(t)),)) == _bits((float(operation(t, operand)),))

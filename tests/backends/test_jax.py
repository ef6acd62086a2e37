"""JAX: exact but for subnormal numbers, which its CPU runtime makes zeros of; compiled, it contracts where it may."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.recipe import Recipe

pytestmark = pytest.mark.frameworks

HYPER = Hyperparameters(weight_decay=0.1)
DTYPES = {"f32": np.float32, "f64": np.float64}


@pytest.fixture(autouse=True)
def _jax(peer: Callable[[str], ModuleType]) -> None:
    peer("jax")


def _by(name: str, recipe: Recipe, values: Any, scalars: Any) -> list[np.ndarray]:
    backend = get_backend(name)
    p, g, m, u = (backend.from_host(value.copy()) for value in values)
    results = backend.step(recipe, [p], [g], [m], [u], [scalars])
    return [backend.to_host(part[0]) for part in results]


def _hard(hard: Any, profile: str) -> list[np.ndarray]:
    with np.errstate(all="ignore"):
        return [value.astype(DTYPES[profile]) for value in hard(profile, 20_000)]


def _flushed(values: list[np.ndarray]) -> list[np.ndarray]:
    return [np.where(np.abs(a) < np.finfo(a.dtype).tiny, np.copysign(a.dtype.type(0), a), a) for a in values]


@pytest.mark.parametrize("name", ["array-api-jax", "array-api-jax-jit"])
@pytest.mark.parametrize("profile", DTYPES)
def test_the_recipe_of_torch_is_exact_with_every_subnormal_made_zero(name: str, profile: str, hard: Any, same: Any) -> None:
    plain = get("torch")
    recipe = replace(plain, flushes=True).recipe(HYPER, profile)
    scalars = plain.scalars(HYPER, 3, plain.recipe(HYPER, profile))
    values = _hard(hard, profile)
    want = _by("numpy", recipe, values, scalars)
    got = _by(name, plain.recipe(HYPER, profile), values, scalars)
    for ours, theirs, letter in zip(_flushed(got), _flushed(want), "pmu", strict=True):
        assert same(ours, theirs), letter


def test_subnormal_numbers_are_why_it_is_not_exact_on_all_values(hard: Any, same: Any) -> None:
    dialect = get("torch")
    recipe = dialect.recipe(HYPER, "f32")
    arguments = recipe, _hard(hard, "f32"), dialect.scalars(HYPER, 3, recipe)
    assert not get_backend("array-api-jax").capabilities.subnormals
    assert not all(map(same, _by("array-api-jax", *arguments), _by("numpy", *arguments)))


def test_compiled_jax_contracts_a_product_and_a_sum_that_eager_jax_rounds_twice(same: Any) -> None:
    dialect = get("paper")
    recipe = dialect.recipe(dialect.defaults, "f32")
    rng = np.random.default_rng(8)
    values = [rng.standard_normal(10_000).astype(np.float32) for _ in "pgmu"]
    values[3] = abs(values[3])
    arguments = recipe, values, dialect.scalars(dialect.defaults, 3, recipe)
    want = _by("numpy", *arguments)
    assert all(map(same, _by("array-api-jax", *arguments), want))
    _, moment, norm = (same(ours, theirs) for ours, theirs in zip(_by("array-api-jax-jit", *arguments), want, strict=True))
    assert norm and not moment  # beta1 * m + (1 - beta1) * g has one rounding fewer; the maximum has none to lose


def test_float64_arrays_need_no_switch_and_leave_none_behind() -> None:
    import jax

    backend = get_backend("array-api-jax")
    assert backend.from_host(np.ones(3)).dtype == np.float64
    assert jax.numpy.ones(3).dtype == np.float32

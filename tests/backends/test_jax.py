"""JAX: exact but for subnormal numbers, which its CPU runtime makes zeros of; compiled, it computes the same."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adamax_ref
from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Recipe

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


def _normals(profile: str, size: int = 4099) -> list[np.ndarray]:
    rng = np.random.default_rng(8)
    p, g, m, u = (rng.standard_normal(size).astype(DTYPES[profile]) for _ in "pgmu")
    return [p, g, m, abs(u)]


Arithmetic = Callable[..., Any]
# What XLA computes as something else when it sees it, alone or in a trace: the expression, of arrays and numbers.
REWRITTEN: dict[str, Arithmetic] = {
    "reciprocal": lambda by, a, b, c, x, y: by["div"](a, x),
    "quotient of a quotient": lambda by, a, b, c, x, y: by["div"](by["div"](a, b), c),
    "quotient by a quotient": lambda by, a, b, c, x, y: by["div"](a, by["div"](b, c)),
    "quotient of quotients": lambda by, a, b, c, x, y: by["div"](by["div"](a, b), by["div"](c, a)),
    "two factors": lambda by, a, b, c, x, y: by["mul"](by["mul"](a, x), y),
    "two summands": lambda by, a, b, c, x, y: by["add"](by["add"](a, x), y),
    "summand and subtrahend": lambda by, a, b, c, x, y: by["sub"](by["add"](a, x), y),
    "fused sum": lambda by, a, b, c, x, y: by["add"](by["mul"](a, b), c),
    "fused difference": lambda by, a, b, c, x, y: by["sub"](c, by["mul"](a, b)),
    "fused with a scalar": lambda by, a, b, c, x, y: by["add"](by["mul"](a, x), by["mul"](b, y)),
    "negated product": lambda by, a, b, c, x, y: by["add"](by["mul"](by["neg"](a), b), c),
}


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("profile", DTYPES)
@pytest.mark.parametrize("name", REWRITTEN)
def test_what_xla_would_rewrite_is_computed_as_it_is_written(name: str, profile: str, constant: bool, same: Any) -> None:
    import jax

    from adamax_ref.arrays.evaluation import operations
    from adamax_ref.arrays.jax_arrays import as_written, barrier

    recipe = get("paper").recipe(get("paper").defaults, profile)
    a, b, c, _ = _normals(profile)
    x, y = a.dtype.type(0.271), a.dtype.type(0.3)
    want = REWRITTEN[name](operations(np, recipe, a.dtype), a, b, c, x, y)
    with jax.enable_x64(True):
        plain = operations(jax.numpy, recipe, a.dtype)
        written = as_written(plain)

        def inside(by: Any, *operands: Any) -> Any:
            return REWRITTEN[name](by, *map(barrier, map(jax.numpy.asarray, operands)))

        def compiled(by: Any) -> np.ndarray:
            if constant:  # XLA sees the numbers
                return np.asarray(jax.jit(lambda a, b, c: inside(by, a, b, c, x, y))(a, b, c))
            return np.asarray(jax.jit(lambda *operands: inside(by, *operands))(a, b, c, x, y))

        eager = np.asarray(inside(written, a, b, c, x, y))
        assert same(eager, want) and same(compiled(written), want)


def test_xla_does_rewrite() -> None:
    """What :mod:`adamax_ref.arrays.jax_arrays` says of XLA; where this fails, a barrier may have become superfluous."""
    import jax

    a, b, c, _ = _normals("f32")
    x = np.float32(0.271)
    assert (np.asarray(jax.numpy.asarray(a) / x) != a / x).any()
    assert (np.asarray(jax.jit(lambda a, b, c: (a / b) / c)(a, b, c)) != (a / b) / c).any()
    assert (np.asarray(jax.jit(lambda a, b, c: a / (b / c))(a, b, c)) != a / (b / c)).any()
    assert (np.asarray(jax.jit(lambda a: (a * x) * np.float32(0.3))(a)) != (a * x) * np.float32(0.3)).any()
    assert (np.asarray(jax.jit(lambda a: (a + x) + np.float32(0.3))(a)) != (a + x) + np.float32(0.3)).any()
    assert (np.asarray(jax.jit(lambda a, b, c: a * b + c)(a, b, c)) != a * b + c).any()


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dialect", ["torch", "keras", "optax", "optax/many", "optax/jit", "torchopt"])
def test_a_step_of_the_pure_form_has_the_bits_of_numpy(dialect: str, compiled: bool, same: Any) -> None:
    import jax

    p, g, *_ = _normals("f32")
    hyper = {"lr": 0.01, "weight_decay": 0.1}
    want, after = adamax_ref.update(p, g, adamax_ref.init(p), hyper, dialect=dialect, backend="numpy")

    def step(p: Any, g: Any) -> Any:
        new, state = adamax_ref.update(p, g, adamax_ref.init(p), hyper, dialect=dialect)
        return new, state.exp_avg, state.exp_inf

    got = (jax.jit(step) if compiled else step)(jax.numpy.asarray(p), jax.numpy.asarray(g))
    assert all(map(same, got, (want, after.exp_avg, after.exp_inf)))


def test_a_gradient_that_is_formed_in_the_same_trace_is_rounded_before_it_is_used(same: Any) -> None:
    import jax

    p, a, b, _ = _normals("f32")
    want, after = adamax_ref.update(p, a * b, adamax_ref.init(p), backend="numpy")

    def step(p: Any, a: Any, b: Any) -> Any:
        new, state = adamax_ref.update(p, a * b, adamax_ref.init(p))
        return new, state.exp_avg, state.exp_inf

    assert all(map(same, jax.jit(step)(p, a, b), (want, after.exp_avg, after.exp_inf)))


def test_float64_arrays_need_no_switch_and_leave_none_behind() -> None:
    import jax

    backend = get_backend("array-api-jax")
    assert backend.from_host(np.ones(3)).dtype == np.float64
    assert jax.numpy.ones(3).dtype == np.float32

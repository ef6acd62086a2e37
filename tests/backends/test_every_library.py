"""Every recipe of every dialect and variant has the bits of the NumPy engine on the arrays of every library.

:mod:`test_engines_oracle` compares the NumPy engine with exact arithmetic. Recipes that differ in names only are one
here. Where a library flushes subnormal numbers, and says so, the NumPy engine runs the recipe that flushes everything.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import adamax_ref
from adamax_ref.backend import backend_for, get_backend, registry, why_unavailable
from adamax_ref.dialects import get, names
from adamax_ref.optimizer.jobs import PLACES
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Operation, Recipe

DTYPES: dict[str, Any] = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
LIBRARY = {
    "array-api-torch": "torch",
    "array-api-jax": "jax",
    "array-api-strict": "array_api_strict",
    "dask": "dask.array",
    "numba": "numba",
}
SIZE = 400
STEP = 3


@dataclass(frozen=True)
class Case:
    """A recipe, what makes it of its dialect, and its constants."""

    dialect: Dialect
    hyper: Hyperparameters
    profile: str
    place: Any
    recipe: Recipe

    @property
    def scalars(self) -> tuple[float, ...]:
        """Constants of the step."""
        return self.dialect.scalars(self.hyper, STEP, self.recipe)

    @property
    def flushing(self) -> Recipe:
        """The same with every subnormal input and result made zero."""
        return replace(self.dialect, flushes=True).recipe(self.hyper, self.profile, self.place)


def _hypers(dialect: Dialect) -> Iterator[Hyperparameters]:
    yield dialect.defaults
    if dialect.options & {"l2", "decoupled"}:
        yield replace(dialect.defaults, lr=0.25, beta1=0.3, weight_decay=0.1)
    if "maximize" in dialect.options:
        yield replace(dialect.defaults, maximize=True)


@cache
def _cases(dtype: str) -> tuple[Case, ...]:
    """Return the recipes that work on an array type, each once whatever its constants are called."""
    known: dict[Any, Case] = {}
    for name in names():
        for dialect in (get(name), *get(name).variants.values()):
            for hyper in _hypers(dialect):
                for profile in dialect.profiles:
                    for place in PLACES:
                        recipe = dialect.recipe(hyper, profile, place)
                        if np.dtype(DTYPES[dtype]).name == _stored(recipe):
                            shape = recipe.operations, recipe.outputs, len(recipe.constants), recipe.working
                            known.setdefault(shape, Case(dialect, hyper, profile, place, recipe))
    return tuple(known.values())


def _stored(recipe: Recipe) -> str:
    return {"binary64": "float64", "binary32": "float32", "binary16": "float16"}.get(recipe.storage, "bfloat16")


@pytest.fixture
def values(hard: Callable[[str, int], tuple[np.ndarray, ...]]) -> Callable[[str], list[np.ndarray]]:
    """Return hard values of an array type."""

    def make(dtype: str) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [value.astype(DTYPES[dtype]) for value in hard(dtype, SIZE)]

    return make


@pytest.fixture
def chunks_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the NumPy engine step Dask's chunks, as where Numba is missing: with Numba each recipe is compiled for seconds."""
    numpy = get_backend("numpy")
    monkeypatch.setattr(registry, "_by_priority", lambda: (numpy,))


def _by(engine: str, recipe: Recipe, values: Sequence[np.ndarray], scalars: tuple[float, ...]) -> list[np.ndarray]:
    backend = get_backend(engine)
    p, g, m, u = (backend.from_host(value.copy()) for value in values)
    results = backend.step(recipe, [p], [g], [m], [u], [scalars])
    return [backend.to_host(part[0]) for part in results]


def _wanted(engine: str, case: Case, values: Sequence[np.ndarray]) -> list[np.ndarray]:
    if get_backend(engine).capabilities.subnormals:
        return _by("numpy", case.recipe, values, case.scalars)
    form = case.recipe.working_format
    return _by("numpy", case.flushing, values, tuple(form.flush(scalar) for scalar in case.scalars))


def _flushed(engine: str, array: np.ndarray) -> np.ndarray:
    """Return what an array holds for a library that flushes: a value that only passes through may stay subnormal."""
    if get_backend(engine).capabilities.subnormals:
        return array
    wide = array.astype(np.float64)
    return np.where(abs(wide) < float(ml_dtypes.finfo(array.dtype).tiny), np.copysign(0.0, wide), wide)


def _differing(engine: str, case: Case, got: Sequence[np.ndarray], values: Sequence[np.ndarray], same: Any) -> str | None:
    pairs = zip("pmu", got, _wanted(engine, case, values), strict=True)
    letters = [letter for letter, ours, theirs in pairs if not same(_flushed(engine, ours), _flushed(engine, theirs))]
    return f"{case.dialect.name} {case.profile} {case.place} {case.hyper}: {letters}" if letters else None


def _require(peer: Callable[[str], ModuleType], engine: str, dtype: str) -> None:
    if engine in LIBRARY:
        peer(LIBRARY[engine])
    if dtype not in get_backend(engine).capabilities.profiles:
        pytest.skip(f"{engine} does not declare {dtype}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("engine", ["numpy-emulated", "array-api"])
def test_engines_for_numpy_arrays_agree(engine: str, dtype: str, values: Any, same: Any) -> None:
    given = values(dtype)
    results = (_differing(engine, case, _by(engine, case.recipe, given, case.scalars), given, same) for case in _cases(dtype))
    assert [each for each in results if each] == []


@pytest.mark.frameworks
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("engine", ["array-api-strict", "array-api-torch", "array-api-jax", "dask"])
def test_other_libraries_agree(
    peer: Callable[[str], ModuleType], engine: str, dtype: str, values: Any, same: Any, chunks_by_numpy: None
) -> None:
    _require(peer, engine, dtype)
    given = values(dtype)
    results = (_differing(engine, case, _by(engine, case.recipe, given, case.scalars), given, same) for case in _cases(dtype))
    assert [each for each in results if each] == []


@pytest.mark.frameworks
@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled_jax_agrees_where_xla_sees_all_recipes_together(
    peer: Callable[[str], ModuleType], dtype: str, values: Any, same: Any
) -> None:
    jax = peer("jax")
    given, cases, engine = values(dtype), _cases(dtype), get_backend("array-api-jax")

    def every(p: Any, g: Any, m: Any, u: Any, rows: Any) -> Any:
        return [engine.step(case.recipe, [p], [g], [m], [u], [row]) for case, row in zip(cases, rows, strict=True)]

    with jax.enable_x64(True):
        arrays = [engine.from_host(value) for value in given]
        results = jax.jit(every)(*arrays, [case.scalars for case in cases])
    got = [[engine.to_host(part[0]) for part in result] for result in results]
    bad = (_differing("array-api-jax", case, parts, given, same) for case, parts in zip(cases, got, strict=True))
    assert [each for each in bad if each] == []


@pytest.mark.frameworks
@pytest.mark.parametrize("dtype", ["f32", "f64", "bf16"])
def test_the_engine_that_compiles_agrees(peer: Callable[[str], ModuleType], dtype: str, values: Any, same: Any) -> None:
    peer("jax")
    given = values(dtype)
    few = [case for case in _cases(dtype) if case.dialect.name in ("torch", "keras", "optax/many", "torchopt")]
    bad = (
        _differing("array-api-jax-jit", case, _by("array-api-jax-jit", case.recipe, given, case.scalars), given, same)
        for case in few
    )
    assert few and [each for each in bad if each] == []


def _in_turn(cases: Sequence[Case]) -> Recipe:
    """Return a recipe that does the steps of all cases one after another, with one gradient and constants of their own."""
    constants = [f"{name}_{at}" for at, case in enumerate(cases) for name in case.recipe.constants]
    first, operations = 4 + len(constants), list[Operation]()
    p, m, u, begin = 0, 2, 3, 4
    for case in cases:
        recipe = case.recipe
        values = [p, 1, m, u, *range(begin, begin + len(recipe.constants))]
        begin += len(recipe.constants)
        for operation in recipe.operations:
            operations.append(Operation(operation.name, tuple(values[arg] for arg in operation.args)))
            values.append(first + len(operations) - 1)
        p, m, u = (values[output] for output in recipe.outputs)
    return Recipe(tuple(constants), tuple(operations), (p, m, u), cases[0].recipe.working, cases[0].recipe.storage)


TOGETHER = 8
"""Recipes that Numba compiles together, which takes 0.3 s of each recipe and not 1.3; with more, too few numbers stay finite."""


@pytest.mark.skipif(
    not os.environ.get("ADAMAX_REF_NO_SKIPS"),
    reason="compiles all recipes for a minute and a half; set ADAMAX_REF_NO_SKIPS=1. test_engines_oracle has a sample",
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_numba_agrees(peer: Callable[[str], ModuleType], dtype: str, values: Any, same: Any) -> None:
    peer("numba")
    given, cases = values(dtype), _cases(dtype)
    for start in range(0, len(cases), TOGETHER):
        part = cases[start : start + TOGETHER]
        p, g, m, u = given
        for case in part:
            p, m, u = _by("numpy", case.recipe, (p, g, m, u), case.scalars)
        got = _by("numba", _in_turn(part), given, tuple(scalar for case in part for scalar in case.scalars))
        assert all(map(same, got, (p, m, u))), [case.dialect.name for case in part]
        assert all(np.isfinite(each.astype(np.float64)).mean() > 0.5 for each in got)


@pytest.mark.frameworks
@pytest.mark.parametrize("kind", ["complex64", "complex128"])
@pytest.mark.parametrize("engine", ["array-api", "array-api-strict", "array-api-torch", "array-api-jax", "dask"])
def test_complex_arrays_agree(peer: Callable[[str], ModuleType], engine: str, kind: str, same: Any, chunks_by_numpy: None) -> None:
    if engine in LIBRARY:
        peer(LIBRARY[engine])
    rng = np.random.default_rng(3)
    p, g = (rng.standard_normal((2, 40)).view(np.complex128).astype(kind) for _ in "pg")
    backend = get_backend(engine)
    for dialect in (name for name in ("torch", "paper") if {"complex64": "c64", "complex128": "c128"}[kind] in get(name).profiles):
        want, _ = adamax_ref.update(p, g, adamax_ref.init(p), dialect=dialect, backend="numpy")
        ours = backend.from_host(p)
        got, _ = adamax_ref.update(
            ours, backend.from_host(g, ours), adamax_ref.init(ours, backend=engine), dialect=dialect, backend=engine
        )
        got = backend.to_host(got)
        assert got.dtype == kind and same(got.real, want.real) and same(got.imag, want.imag)


@pytest.mark.frameworks
def test_the_engine_that_arrays_get_by_themselves_says_what_is_true_of_their_library(peer: Callable[[str], ModuleType]) -> None:
    jax, strict = peer("jax.numpy"), peer("array_api_strict")
    assert backend_for(jax.ones(3)).name == "array-api-jax"
    assert not backend_for(jax.ones(3)).capabilities.subnormals
    assert backend_for(strict.ones(3)).name == "array-api-strict"


@pytest.mark.parametrize("name", [name for name in registry.backend_names() if why_unavailable(name) is None])
def test_an_engine_flushes_if_and_only_if_it_says_so(name: str) -> None:
    from adamax_ref.conformance.targets.backend import flushes

    assert flushes(get_backend(name)) is not get_backend(name).capabilities.subnormals

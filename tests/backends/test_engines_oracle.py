"""Every engine that runs here gives the exact bits of every recipe of every dialect, on hard values."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get, names
from adamax_ref.recipe.dialect import Dialect

DTYPES: dict[str, Any] = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
LIBRARY = {"array-api-torch": "torch", "array-api-jax": "jax", "array-api-strict": "array_api_strict", "numba": "numba"}


def _dialects() -> Iterator[Dialect]:
    for name in names():
        yield get(name)
        yield from get(name).variants.values()


def _hypers(dialect: Dialect) -> Iterator[Any]:
    yield dialect.defaults
    if dialect.options & {"l2", "decoupled"}:
        yield replace(dialect.defaults, lr=0.25, beta1=0.3, weight_decay=0.1)
    if "maximize" in dialect.options:
        yield replace(dialect.defaults, maximize=True)


CASES = [
    pytest.param(dialect, hyper, profile, id=f"{dialect.name}-{profile}-{at}")
    for dialect in _dialects()
    for at, hyper in enumerate(_hypers(dialect))
    for profile in DTYPES
    if profile in dialect.profiles
]


def _is_sample(dialect: Any, hyper: Any, profile: Any) -> bool:
    """Whether to spend a second or two on compiling: every recipe of torch, one of each other dialect."""
    return dialect is get("torch") or (dialect.name in names() and hyper is dialect.defaults and profile == "f32")


def _check(name: str, dialect: Dialect, hyper: Any, profile: str, hard: Any, oracle: Any, same: Any, size: int = 120) -> None:
    recipe = dialect.recipe(hyper, profile)
    scalars = dialect.scalars(hyper, 3, recipe)
    values = hard(profile, size)
    backend = get_backend(name)
    with np.errstate(all="ignore"):
        p, g, m, u = (backend.from_host(value.astype(DTYPES[profile])) for value in values)
    results = backend.step(recipe, [p], [g], [m], [u], [scalars])
    for letter, got, want in zip("pmu", results, oracle(recipe, values, scalars), strict=True):
        assert same(backend.to_host(got[0]), want), (letter, recipe)


@pytest.mark.parametrize("name", ["numpy", "numpy-emulated", "array-api"])
@pytest.mark.parametrize(("dialect", "hyper", "profile"), CASES)
def test_numpy_is_exact(name: str, dialect: Dialect, hyper: Any, profile: str, hard: Any, oracle: Any, same: Any) -> None:
    _check(name, dialect, hyper, profile, hard, oracle, same)


COMPILED = [case for case in CASES if _is_sample(*case.values)]


@pytest.mark.parametrize(("dialect", "hyper", "profile"), COMPILED)
def test_numba_is_exact(
    peer: Callable[[str], Any], dialect: Dialect, hyper: Any, profile: str, hard: Any, oracle: Any, same: Any
) -> None:
    peer("numba")
    _check("numba", dialect, hyper, profile, hard, oracle, same, size=600)


@pytest.mark.frameworks
@pytest.mark.parametrize("profile", ["f64", "f32", "f16", "bf16"])
@pytest.mark.parametrize("dialect", ["paper", "torch"])
@pytest.mark.parametrize("name", ["array-api-strict", "array-api-torch"])
def test_other_namespaces_are_exact(
    peer: Callable[[str], Any], name: str, dialect: str, profile: str, hard: Any, oracle: Any, same: Any
) -> None:
    peer(LIBRARY[name])
    if profile not in get_backend(name).capabilities.profiles:
        pytest.skip(f"{name} has no {profile}")
    for hyper in _hypers(get(dialect)):
        _check(name, get(dialect), hyper, profile, hard, oracle, same, size=600)

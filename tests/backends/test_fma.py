"""The emulated fused multiply-add against exact rationals, on the triples that break the usual attempts."""

from collections.abc import Callable
from typing import Any, Literal

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.arrays.fma import exactly, fma_binary32, fma_binary64
from adamax_ref.backend.arithmetic import HARD_TRIPLES, wrong_triples
from adamax_ref.exact.stepper import fused
from adamax_ref.recipe.profile import BINARY32
from adamax_ref_numpy.fma import Provider, _emulated, provider

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]
N = 200_000


def _half_way(rng: np.random.Generator) -> Triple:
    a, b = (1 + rng.integers(0, 4096, N) / 4096 for _ in "ab")
    return a, b, rng.choice([-1.0, 1.0], N) * np.ldexp(1.0, -rng.integers(30, 100, N))


def _subnormal(rng: np.random.Generator) -> Triple:
    a, b = (np.ldexp(1 + rng.integers(0, 4096, N) / 4096, shift) for shift in (-75, -74))
    return a, b, np.ldexp(rng.integers(-(1 << 23), 1 << 23, N).astype(float), -149)


def _patterns(rng: np.random.Generator) -> Triple:
    a, b, c = (rng.integers(0, 1 << 32, N, dtype=np.uint64).astype(np.uint32).view(np.float32) for _ in "abc")
    return a, b, c


def _zeros(rng: np.random.Generator) -> Triple:
    a, b, c = (rng.standard_normal(N) * rng.integers(0, 2, N) for _ in "abc")
    return a, b, c


def _cancelling(rng: np.random.Generator) -> Triple:
    a, b = (rng.standard_normal(N).astype(np.float32).astype(float) for _ in "ab")
    return a, b, -(a * b)


def _sixteen_bits(rng: np.random.Generator) -> Triple:
    """Exact sums, many of them on the middle of two float32, and a few inexact ones among them."""
    a, b, c = (rng.standard_normal(N).astype(np.float16).astype(float) for _ in "abc")
    c[::97] = np.ldexp(rng.choice([-1.0, 1.0], len(c[::97])), -rng.integers(60, 120, len(c[::97])))
    return a, b, c


SETS: dict[str, Callable[[np.random.Generator], Triple]] = {
    "half-way": _half_way,
    "subnormal": _subnormal,
    "patterns": _patterns,
    "zeros": _zeros,
    "cancelling": _cancelling,
    "sixteen bits": _sixteen_bits,
}


def _apply(found: Provider, dtype: Any, triple: Triple) -> np.ndarray:
    out = np.empty(triple[0].size, dtype)
    found.make(np.dtype(dtype), out.size)(*triple, out)
    return out


def _equal(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    kind = {4: np.uint32, 8: np.uint64}[got.itemsize]
    same: np.ndarray = (got.view(kind) == want.view(kind)) | (np.isnan(got) & np.isnan(want))
    return same


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SETS)
def test_the_emulation_equals_the_processors_instruction(name: str, dtype: Any) -> None:
    hardware, emulated = provider("auto"), provider("emulated")
    assert (hardware.kind, emulated.kind) == ("hardware", "emulated")
    with np.errstate(all="ignore"):
        triple: Any = tuple(x.astype(dtype) for x in SETS[name](np.random.default_rng(3)))
        want = _apply(hardware, dtype, triple)
        assert _equal(_apply(emulated, dtype, triple), want).all()
        if dtype is np.float32:
            assert _equal(fma_binary32(np, *triple), want).all()


def test_two_roundings_are_caught_by_the_half_way_set() -> None:
    a, b, c = (x.astype(np.float32) for x in _half_way(np.random.default_rng(3)))
    naive = (a.astype(np.float64) * b + c).astype(np.float32)
    assert not _equal(naive, _apply(provider("auto"), np.float32, (a, b, c))).all()


BITS32 = st.integers(0, 2**32 - 1).map(BINARY32.decode)
DOUBLES = st.floats(width=64)


@settings(deadline=None, max_examples=300)
@given(BITS32, BITS32, BITS32)
def test_any_three_float32_patterns_give_the_exact_bits(a: float, b: float, c: float) -> None:
    want = np.array([fused(a, b, c, BINARY32)], np.float32)
    triple: Any = tuple(np.array([x], np.float32) for x in (a, b, c))
    with np.errstate(all="ignore"):
        assert _equal(_apply(provider("emulated"), np.float32, triple), want).all()
        assert _equal(fma_binary32(np, *triple), want).all()


@settings(deadline=None, max_examples=300)
@given(DOUBLES, DOUBLES, DOUBLES)
def test_any_three_doubles_give_the_exact_bits(a: float, b: float, c: float) -> None:
    triple: Any = tuple(np.array([x]) for x in (a, b, c))
    with np.errstate(all="ignore"):
        assert _equal(_apply(provider("emulated"), np.float64, triple), np.array([exactly(a, b, c)])).all()


def test_an_infinite_addend_survives_a_product_that_overflows() -> None:
    assert exactly(1e200, 1e200, -np.inf) == -np.inf
    with np.errstate(all="ignore"):
        result, safe = fma_binary64(np, *(np.array([x]) for x in (1e200, 1e200, -np.inf)))
    assert bool(safe[0]) and result[0] == -np.inf


def test_the_emulation_needs_no_more_than_the_standard() -> None:
    triple: Any = tuple(x.astype(np.float32) for x in _half_way(np.random.default_rng(3)))
    a, b, c = map(array_api_strict.asarray, triple)
    with array_api_strict.ArrayAPIStrictFlags(boolean_indexing=False, data_dependent_shapes=False, enabled_extensions=()):
        got = np.asarray(fma_binary32(array_api_strict, a, b, c))
    assert _equal(got, _apply(provider("auto"), np.float32, triple)).all()


@pytest.mark.parametrize("form", HARD_TRIPLES)
def test_the_start_up_guard_catches_two_roundings(form: Literal["binary32", "binary64"]) -> None:
    assert not wrong_triples(form, lambda a, b, c: _apply(provider("emulated"), a.dtype, (a, b, c)))
    assert len(wrong_triples(form, lambda a, b, c: a * b + c)) >= 3
    if form == "binary32":
        naive = wrong_triples(form, lambda a, b, c: (a.astype(np.float64) * b + c).astype(np.float32))
        assert [sentence.partition(":")[0] for sentence in naive] == [
            "middle, tail above",
            "middle, tail below",
            "subnormal middle",
        ]


def test_a_provider_with_a_wrong_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice_rounded(dtype: Any, size: int) -> Any:
        return lambda a, b, c, out: np.copyto(out, a * b + c)

    monkeypatch.setattr("adamax_ref_numpy.fma._emulated", twice_rounded)
    with pytest.raises(RuntimeError, match="middle, tail above"):
        provider.__wrapped__("emulated")


def test_the_guard_uses_the_emulation_of_the_engine() -> None:
    assert provider("emulated").make is _emulated


def test_where_numba_can_keep_nothing_the_fused_multiply_add_is_compiled_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    fused = pytest.importorskip("adamax_ref.arrays.fused")
    real = fused.njit

    def no_folder(**options: Any) -> Any:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(fused, "njit", no_folder)
    added, out = fused._compiled(fused._added.py_func), np.array([-1.0])
    added(np.array([0.1]), np.float64(10), out)
    assert out[0] == 2.0**-54


ROLES = [(scalars, onto) for scalars in ("", "a", "b", "c", "ab", "ac", "bc") for onto in " abc" if onto not in scalars]
"""Which operands are scalars, and which of the others the result replaces."""


@pytest.mark.parametrize(("scalars", "onto"), ROLES)
def test_hardware_and_emulation_agree_whatever_is_a_scalar_and_wherever_the_result_goes(scalars: str, onto: str) -> None:
    draw = np.random.default_rng(5)
    for dtype in (np.float32, np.float64):
        given = {name: (draw.standard_normal(5000) * 2.0 ** draw.integers(-60, 60, 5000)).astype(dtype) for name in "abc"}
        results = []
        for kind in ("auto", "emulated"):
            now = {name: value[0] if name in scalars else value.copy() for name, value in given.items()}
            out = now.get(onto, np.empty(5000, dtype))
            provider(kind).make(np.dtype(dtype), 5000)(now["a"], now["b"], now["c"], out)
            results.append(out.tobytes())
        assert results[0] == results[1]

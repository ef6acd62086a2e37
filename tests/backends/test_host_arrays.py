"""The engines for NumPy arrays on every array that NumPy can describe: the result never depends on where and how it lies."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import ref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adamax_ref.backend import BackendUnavailable, get_backend, why_unavailable
from adamax_ref.backend.threads import limit_threads
from adamax_ref.dialects import get
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_numpy.operations import operations_for

DIALECT = get("torch")
HYPER = Hyperparameters(lr=0.01, weight_decay=0.1)
SIZES = [0, *range(1, 71), 1000, 1001, 32767, 32768, 32769, 65537, 100003]

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "contiguous": lambda a: a.copy(),
    "fortran": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "reversed": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "stepped": lambda a: _into(np.zeros((a.shape[0] * 2, a.shape[1] * 3), a.dtype)[::2, ::3], a),
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "misaligned": lambda a: _into(np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape), a),
    "offset": lambda a: _into(np.zeros(a.size + 1, a.dtype)[1:].reshape(a.shape), a),
}


def _into(view: np.ndarray, values: np.ndarray) -> np.ndarray:
    view[...] = values
    return view


def _values(shape: tuple[int, ...], dtype: str, seed: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    p, g, m, u = (rng.standard_normal(shape).astype(dtype) for _ in "pgmu")
    return [p, g, m, abs(u)]


def _step(recipe: Recipe, values: list[np.ndarray], backend: str = "numpy") -> tuple[bytes, ...]:
    p, g, m, u = values
    get_backend(backend).step(recipe, [p], [g], [m], [u], [DIALECT.scalars(HYPER, 3, recipe)])
    return tuple(np.ascontiguousarray(a).astype(a.dtype.newbyteorder("=")).tobytes() for a in (p, m, u))


@pytest.fixture(params=["numpy", "numpy-emulated", "numba"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if reason := why_unavailable(name):
        pytest.skip(reason)
    return name


@pytest.mark.parametrize("profile", ["f32", "f64", "f16"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_memory_layout_of_any_operand_does_not_change_a_bit(engine: str, layout: str, profile: str) -> None:
    recipe = DIALECT.recipe(HYPER, profile)
    values = _values((37, 41), {"f32": "f4", "f64": "f8", "f16": "f2"}[profile])
    want = _step(recipe, [a.copy() for a in values], engine)
    for chosen in ((0, 1, 2, 3), (0,), (1,), (2, 3)):
        laid = [LAYOUTS[layout](a) if at in chosen else a.copy() for at, a in enumerate(values)]
        assert _step(recipe, laid, engine) == want


@pytest.mark.parametrize("size", SIZES)
def test_a_step_of_any_size_is_the_step_of_its_pieces(engine: str, size: int) -> None:
    recipe = DIALECT.recipe(HYPER, "f32")
    values = _values((size,), "f4")
    whole = [a.copy() for a in values]
    _step(recipe, whole, engine)
    for start in range(0, size, 9973):
        piece = [a[start : start + 9973].copy() for a in values]
        _step(recipe, piece, engine)
        for got, want in zip(piece, whole, strict=True):
            assert got.tobytes() == want[start : start + 9973].tobytes()


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1), (2, 3, 5, 7)])
def test_shapes_of_no_axes_and_of_many_are_stepped_in_place(engine: str, shape: tuple[int, ...]) -> None:
    recipe = DIALECT.recipe(HYPER, "f64")
    values = _values(shape, "f8") if shape else [np.array(x) for x in (1.5, -0.25, 0.1, 2.0)]
    flat = [a.reshape(-1).copy() for a in values]
    assert _step(recipe, values, engine) == _step(recipe, flat, engine)


@pytest.mark.parametrize("dtype", ["float32", ">f8", "float16"])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_large_state_has_its_own_place_in_a_page_and_the_layout_of_the_parameter(
    engine: str, axes: tuple[int, ...], dtype: str
) -> None:
    given = np.ones((256, 33, 128), dtype).transpose(axes)
    made: list[Any] = [get_backend(engine).zeros_like(given) for _ in range(3)]
    assert all(one.strides == given.strides and one.dtype == given.dtype and not one.any() for one in made)
    assert all(one.flags.writeable and one.flags.aligned for one in made)
    lines = [one.ctypes.data % 4096 // 64 for one in (given, *made)]
    assert len({*lines}) == 4 and max(lines) - min(lines) >= 32
    small: Any = get_backend(engine).zeros_like(given[:1, :1])
    assert small.shape == given[:1, :1].shape and not small.any()


def test_a_gradient_is_never_changed_and_may_be_read_only(engine: str) -> None:
    values = _values((100,), "f4")
    before = values[1].tobytes()
    values[1].flags.writeable = False
    _step(DIALECT.recipe(Hyperparameters(weight_decay=0.1, maximize=True), "f32"), values, engine)
    assert values[1].tobytes() == before


@pytest.mark.parametrize("at", [0, 2, 3])
def test_what_cannot_be_written_is_refused_before_anything_has_changed(engine: str, at: int) -> None:
    recipe = DIALECT.recipe(HYPER, "f32")
    for spoil in (_frozen, lambda a: np.lib.stride_tricks.as_strided(a, shape=a.shape, strides=(0,))):
        values = _values((8,), "f4")
        values[at] = spoil(values[at])
        before = [a.tobytes() for a in values]
        with pytest.raises(ValueError, match=r"read-only|overlap"):
            _step(recipe, values, engine)
        assert [a.tobytes() for a in values] == before


def _frozen(a: np.ndarray) -> np.ndarray:
    a.flags.writeable = False
    return a


def test_buffers_that_share_memory_are_refused_and_interleaved_ones_are_not(engine: str) -> None:
    recipe = DIALECT.recipe(HYPER, "f32")
    base = _values((9,), "f4")[0]
    p, g, m, u = _values((8,), "f4")
    with pytest.raises(ValueError, match="shares memory"):
        _step(recipe, [base[:8], base[1:], m, u], engine)
    pairs = np.zeros((8, 4), "f4")
    pairs[...] = np.stack([p, g, m, u], axis=1)
    assert _step(recipe, list(pairs.T), engine) == _step(recipe, [p, g, m, u], engine)


def test_buffers_of_another_type_or_shape_are_refused(engine: str) -> None:
    recipe = DIALECT.recipe(HYPER, "f32")
    p, g, m, u = _values((8,), "f4")
    with pytest.raises(TypeError, match="gradient has dtype float64"):
        _step(recipe, [p, g.astype("f8"), m, u], engine)
    with pytest.raises(ValueError, match=r"gradient has shape \(1,\)"):
        _step(recipe, [p, g[:1], m, u], engine)


def test_no_warning_escapes_where_infinities_and_nan_arise(engine: str) -> None:
    with np.errstate(all="raise"):
        values = [np.array([x] * 3, "f4") for x in (np.inf, np.nan, 3e38, 0.0)]
        _step(DIALECT.recipe(HYPER, "f32"), values, engine)
    assert np.isnan(values[3]).all()


def test_a_process_that_flushes_subnormals_is_refused(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adamax_ref.backend.arithmetic._TINY", np.float32(0))  # what the processor would make of it
    values = _values((3,), "f4")
    with pytest.raises(BackendUnavailable, match="flushes subnormal"):
        _step(DIALECT.recipe(HYPER, "f32"), values, engine)


def test_complex_and_integer_arrays_are_told_apart(engine: str) -> None:
    backend = get_backend(engine)
    assert backend.owns(np.zeros(3, np.complex64)) and not backend.owns(np.zeros(3, int))
    assert not backend.owns(np.ma.masked_array(np.zeros(3), mask=[False, True, False]))
    z = np.array([1 + 2j])
    parts: list[Any] = backend.split(z)
    real, imaginary = parts
    real[0], imaginary[0] = 5, 6
    whole: Any = backend.join([real, imaginary], z)
    assert whole[0] == 5 + 6j


def test_threads_that_share_an_array_change_no_bit(engine: str) -> None:
    recipe = DIALECT.recipe(HYPER, "f32")
    values = _values((1234, 567), "f4")
    results = []
    for threads in (1, 2, 5):
        limit_threads(threads)
        results += [_step(recipe, [LAYOUTS[layout](a) for a in values], engine) for layout in ("contiguous", "swapped", "stepped")]
    limit_threads(None)
    assert set(results) == {results[0]}


@pytest.mark.parametrize("profile", ["f64", "f32", "f16"])
@pytest.mark.parametrize("layout", ["contiguous", "stepped"])
def test_a_step_of_two_threads_takes_less_than_two_mebibytes(engine: str, layout: str, profile: str) -> None:
    recipe = DIALECT.recipe(HYPER, profile)
    scalars = DIALECT.scalars(HYPER, 3, recipe)
    p, g, m, u = ([LAYOUTS[layout](a)] for a in _values((1024, 1024), f"f{recipe.storage_format.width // 8}"))
    kernel = partial(get_backend(engine).step, recipe)
    limit_threads(2)
    kernel(p, g, m, u, [scalars])  # compilation is not what is measured
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        kernel(p, g, m, u, [scalars])
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        limit_threads(None)
    assert peak < (9 if engine == "numpy-emulated" else 2) << 20


@pytest.mark.parametrize("size", [3, 5])
def test_a_list_that_changes_between_check_and_run_is_checked_again(engine: str, size: int) -> None:
    recipe = DIALECT.recipe(HYPER, "f64")
    scalars = [DIALECT.scalars(HYPER, 3, recipe)] * 2
    starts = [[a.copy() for a in _values((3,), "f8")] for _ in range(2)]
    p, g, m, u = (list(arrays) for arrays in zip(*starts, strict=True))
    prepared = get_backend(engine).compile(recipe).prepare(p, m, u)
    prepared.check(g)
    g[1] = np.full(size, -5.0)
    if size != 3:
        with pytest.raises(ValueError, match="shape"):
            prepared.run(g, scalars)
        assert [a.tobytes() for a in p] == [start[0].tobytes() for start in [_values((3,), "f8")] * 2]
        return
    prepared.run(g, scalars)
    assert [_step(recipe, [_values((3,), "f8")[0], given_g, *_values((3,), "f8")[2:]], engine)[0] for given_g in g] == [
        a.tobytes() for a in p
    ]


EDGES = np.array([0.0, 2.0**-26, 2.0**-25, 2.0**-24, 2.0**-14, 1.0, 65504, 65519.99, 65520, 1e30, np.inf, np.nan], np.float32)
NEAR = st.sampled_from([*EDGES, *-EDGES]).flatmap(lambda x: st.sampled_from([x, np.nextafter(x, np.float32(0)), x * np.float32(3)]))


@given(st.lists(st.one_of(st.floats(width=32), st.floats(-70000, 70000, width=32), NEAR), min_size=1, max_size=9), st.booleans())
def test_rounding_to_half_is_the_conversion_there_and_back(numbers: list[float], aliased: bool) -> None:
    given_numbers = np.array(numbers, np.float32)
    with np.errstate(all="ignore"):
        want = given_numbers.astype(np.float16).astype(np.float32)
        rounding = operations_for(DIALECT.recipe(HYPER, "f16"), np.dtype(np.float32), 9, None)["round"]
        source = given_numbers.copy()
        got = source if aliased else np.empty_like(source)
        rounding(source, out=got)
    same = (got.view(np.uint32) == want.view(np.uint32)) | (np.isnan(got) & np.isnan(want))
    assert same.all()


@pytest.mark.parametrize("profile", ["f32", "f64", "f16"])
def test_many_small_arrays_of_any_layout_have_the_bits_of_each_alone(engine: str, profile: str) -> None:
    dtype = {"f32": "float32", "f64": "float64", "f16": "float16"}[profile]
    recipe = DIALECT.recipe(HYPER, profile)
    rows = [DIALECT.scalars(HYPER, t, recipe) for t in (1, 2)]
    shapes = [(), (0,), (7,), (3, 5), (16_384,), (2, 3, 4), (20_000,), (1,)] * 9  # one array is too large for company
    lists: list[list[np.ndarray]] = [[], [], [], []]
    for at, shape in enumerate(shapes):
        for which, values in enumerate(_values(shape, dtype, seed=at)):
            values = np.array(values)
            turned = at % 3 == which % 3 and len(shape) > 1
            lists[which].append(np.asfortranarray(values) if turned else np.repeat(values, 2, -1)[..., ::2] if shape else values)
    constants = [rows[at // 5 % 2] for at in range(len(shapes))]
    alone = []
    for *arrays, row in zip(*lists, constants, strict=True):
        p, g, m, u = (array.copy() for array in arrays)
        get_backend(engine).step(recipe, [p], [g], [m], [u], [row])
        alone += [array.tobytes() for array in (p, m, u)]
    ps, gs, ms, us = lists
    get_backend(engine).step(recipe, ps, gs, ms, us, constants)
    together = [array.tobytes() for written in zip(ps, ms, us, strict=True) for array in written]
    assert together == alone


def test_gradients_are_let_go_between_steps(engine: str) -> None:
    recipe = DIALECT.recipe(HYPER, "f32")
    p, g, m, u = _values((5,), "float32")
    prepared = get_backend(engine).compile(recipe).prepare([p], [m], [u])
    for _ in range(2):
        prepared.run([g], [DIALECT.scalars(HYPER, 1, recipe)])
    alive = ref(g)
    del g
    assert alive() is None

"""The engine for Dask arrays on a cluster of two processes: the bits of NumPy, also when a worker is lost."""

import os
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.hyper import Hyperparameters

da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of a cluster that is being closed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ELEMENTS = int(os.environ.get("ADAMAX_REF_DASK_ELEMENTS", 1_000_000))
STEPS = 10
DIALECT = get("torch")
HYPER = Hyperparameters(weight_decay=0.01)
RECIPE = DIALECT.recipe(HYPER, "f32")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as local:
        yield local


@pytest.fixture
def client(cluster: Any) -> Iterator[Any]:
    with distributed.Client(cluster) as connected:
        yield connected


def _gradient(index: Any, t: int) -> Any:
    """Anything that NumPy and Dask form alike: exact in float32."""
    return ((index * 7919 + t * 104729) % 4001 - 2000).astype(np.float32) / np.float32(512)


def _by_numpy(size: int, steps: int) -> tuple[np.ndarray, ...]:
    index = np.arange(size)
    p, m, u = _gradient(index, 0), np.zeros(size, np.float32), np.zeros(size, np.float32)
    kernel = partial(get_backend("numpy").step, RECIPE)
    for t in range(1, steps + 1):
        kernel([p], [_gradient(index, t)], [m], [u], [DIALECT.scalars(HYPER, t, RECIPE)])
    return p, m, u


def _by_dask(size: int, steps: int, between: Any = lambda t: None, gradient: Any = _gradient) -> tuple[Any, ...]:
    index = da.arange(size, chunks=-(-size // 8))
    p = _gradient(index, 0)
    m, u = (get_backend("dask").zeros_like(p) for _ in "mu")
    kernel = partial(get_backend("dask").step, RECIPE)
    for t in range(1, steps + 1):
        (p,), (m,), (u,) = kernel([p], [gradient(index, t)], [m], [u], [DIALECT.scalars(HYPER, t, RECIPE)])
        between(t)
    return p, m, u


def _same_bits(ours: tuple[Any, ...], theirs: tuple[np.ndarray, ...]) -> bool:
    return all(np.array_equal(got.compute().view(np.uint32), want.view(np.uint32)) for got, want in zip(ours, theirs, strict=True))


def test_ten_steps_on_two_workers_have_the_bits_of_numpy(client: Any) -> None:
    ours = _by_dask(ELEMENTS, STEPS)
    distributed.wait(ours)
    assert {worker for places in client.who_has(ours[0]).values() for worker in places} == set(client.scheduler_info()["workers"])
    assert _same_bits(ours, _by_numpy(ELEMENTS, STEPS))


def test_a_wrong_bit_would_be_seen(client: Any) -> None:
    theirs = _by_numpy(1000, 1)
    theirs[1].view(np.uint32)[777] ^= 1
    assert not _same_bits(_by_dask(1000, 1), theirs)


def test_a_worker_killed_while_it_computes_leaves_no_wrong_result(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = next(iter(client.scheduler_info()["workers"]))
    interrupted: list[Any] = []

    def slowly(block: Any) -> Any:
        time.sleep(0.5)
        return block

    def slow_in_the_middle(index: Any, t: int) -> Any:
        gradient = _gradient(index, t)
        return gradient.map_blocks(slowly, dtype=gradient.dtype) if t == STEPS // 2 and hasattr(index, "dask") else gradient

    def kill(t: int) -> None:
        if t == STEPS // 2:
            until = time.monotonic() + 20
            while not interrupted and time.monotonic() < until:  # the scheduler reads the graph when it finds the time
                interrupted.extend(client.processing()[victim])
            client.run(os._exit, 1, workers=[victim], on_error="ignore")

    ours = _by_dask(4_000_000, STEPS, kill, slow_in_the_middle)
    distributed.wait(ours)
    assert interrupted and victim not in client.scheduler_info()["workers"]
    assert _same_bits(ours, _by_numpy(4_000_000, STEPS))


def test_each_chunk_is_stepped_once_and_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from adamax_ref_dask import backend as dask_arrays

    sizes: list[int] = []
    step = dask_arrays._step_chunk

    def counted(p: Any, *others: Any, **options: Any) -> Any:
        sizes.append(p.size)
        return step(p, *others, **options)

    monkeypatch.setattr(dask_arrays, "_step_chunk", counted)
    index = da.arange(10, chunks=4)
    p, g = _gradient(index, 0).persist(), _gradient(index, 1).rechunk(5)
    m, u = da.zeros_like(p), da.zeros_like(p)
    get_backend("dask").step(RECIPE, [p], [g], [m], [u], [DIALECT.scalars(HYPER, 1, RECIPE)])
    assert sorted(sizes) == [2, 4, 4]


def test_given_arrays_stay_as_they_are_and_shapes_are_checked() -> None:
    p, g, m, u = (da.from_array(np.ones(6, np.float32), chunks=4) for _ in "pgmu")
    kernel = partial(get_backend("dask").step, RECIPE)
    new: Any = kernel([p], [g], [m], [u], [DIALECT.scalars(HYPER, 1, RECIPE)])[0][0]
    assert (p.compute() == 1).all() and (new.compute() != 1).all()
    with pytest.raises(ValueError, match=r"gradient has shape \(3,\)"):
        kernel([p], [g[:3]], [m], [u], [DIALECT.scalars(HYPER, 1, RECIPE)])


def test_complex_arrays_are_taken_apart_and_put_together_without_arithmetic() -> None:
    backend = get_backend("dask")
    values = np.array([complex(np.inf, -0.0), complex(1, np.nan)], np.complex64)
    array = backend.from_host(values)
    again = backend.to_host(backend.join(backend.split(array), array))
    assert again.tobytes() == values.tobytes()


@pytest.mark.parametrize("shape", [(77,), (7, 11), (5,)])
def test_what_a_vector_loop_leaves_over_is_cut_off_and_put_back(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    start, *gradients = (rng.standard_normal(shape).astype(np.float16) for _ in range(4))
    results = []
    for name in ("dask", "numpy"):
        make = partial(da.from_array, chunks=4) if name == "dask" else np.copy
        param = Parameter(make(start))
        optimizer = Adamax([param], weight_decay=0.125, backend=name)
        for gradient in gradients:
            param.grad = make(gradient)
            optimizer.step()
        results.append(np.asarray(param.data).tobytes())
    assert results[0] == results[1]

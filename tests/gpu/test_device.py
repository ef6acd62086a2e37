"""The CUDA engines on a device: NumPy's bits, one launch, streams, graphs, torch's tensors, faults."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter
from adamax_ref.backend import get_backend
from adamax_ref.orders.all_recipes import every_recipe
from adamax_ref_cuda.geometry import CHUNK
from adamax_ref_cuda.graph import CapturedStep
from tests.backends_cuda.ptx.compiled import sample

pytestmark = pytest.mark.gpu

Array = np.ndarray[Any, Any]
DTYPES = {"binary64": np.float64, "binary32": np.float32, "binary16": np.float16}


def patterns(dtype: Any, size: int) -> list[Array]:
    """Return random bit patterns: every kind of number, NaN and infinities among them; u has no sign."""
    rng = np.random.default_rng(5)
    bits = np.dtype(f"u{np.dtype(dtype).itemsize}")
    arrays = [rng.integers(0, np.iinfo(bits).max, size, dtype=bits, endpoint=True).view(dtype) for _ in "pgmu"]
    return [*arrays[:3], np.abs(arrays[3])]


def same(got: Array, want: Array) -> bool:
    bits = f"u{got.dtype.itemsize}"
    return bool(((got.view(bits) == want.view(bits)) | (np.isnan(got) & np.isnan(want))).all())


def test_random_bit_patterns_have_the_bits_of_numpy_in_every_recipe(engine: Any) -> None:
    # Numba takes half a second for a kernel; all of its kernels are executed without a device (tests/backends_cuda).
    for recipe in every_recipe() if engine.name == "cupy" else sample():
        if recipe.storage not in DTYPES:
            continue
        given = patterns(DTYPES[recipe.storage], 20_011)
        rng = np.random.default_rng(1)
        constants = [tuple(recipe.working_format.round(float(x)) for x in rng.uniform(0.01, 1, len(recipe.constants)))]
        on_device = [engine.from_host(array) for array in given]
        engine.step(recipe, *([array] for array in on_device), constants)
        numpy_kernel: Any = partial(get_backend("numpy").step, recipe)
        numpy_kernel(*([array] for array in given), constants)
        assert all(same(engine.to_host(mine), want) for mine, want in zip(on_device, given, strict=True)), every_recipe()[recipe]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000, CHUNK - 1, CHUNK + 1, 100_003])
def test_every_size_and_misalignment_has_the_bits_of_numpy(engine: Any, cupy: ModuleType, size: int) -> None:
    rng = np.random.default_rng(2)
    p, g = (rng.standard_normal(size + 1).astype(np.float32) for _ in "pg")
    for view in (slice(1, None), slice(None, None, -1), slice(None, None, 2)):
        ours = Parameter(cupy.asarray(p)[view], grad=cupy.asarray(g)[view])
        theirs = Parameter(p.copy()[view], grad=g[view])
        for param, name in ((ours, engine.name), (theirs, "numpy")):
            optimizer = Adamax([param], weight_decay=0.01, backend=name)
            for _ in range(3):
                optimizer.step()
        assert cupy.asnumpy(ours.data).tobytes() == theirs.data.tobytes()


@pytest.mark.parametrize("count", [1, 1000])
def test_a_step_is_one_launch(engine: Any, cupy: ModuleType, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    params = [Parameter(cupy.ones(7, "f4"), grad=cupy.ones(7, "f4")) for _ in range(count)]
    optimizer = Adamax(params, backend=engine.name)
    launcher = type(engine.launcher())
    original, seen = launcher.launch, []
    monkeypatch.setattr(launcher, "launch", lambda *given: seen.append(original(*given)))
    optimizer.step()
    assert len(seen) == 1


def test_work_on_another_stream_stays_in_its_order(engine: Any, cupy: ModuleType) -> None:
    stream = cupy.cuda.Stream(non_blocking=True)
    grad = np.linspace(-1, 1, 1 << 20, dtype=np.float32)
    theirs = Parameter(np.zeros_like(grad), grad=grad)
    Adamax([theirs], backend="numpy").step()
    with stream:
        busy = cupy.random.standard_normal(1 << 26)
        ours = Parameter(cupy.zeros(grad.size, "f4"), grad=cupy.zeros(grad.size, "f4"))
        optimizer = Adamax([ours], backend=engine.name)
        for _ in range(8):
            busy = cupy.sort(busy)
        ours.grad[...] = cupy.asarray(grad)
        optimizer.step()
        got = cupy.asnumpy(ours.data, stream=stream)
    assert got.tobytes() == theirs.data.tobytes()


def test_replays_of_a_graph_equal_plain_steps(engine: Any, cupy: ModuleType) -> None:
    stream = cupy.cuda.Stream(non_blocking=True)
    rng = np.random.default_rng(3)
    grads = [rng.standard_normal(10_001).astype(np.float32) for _ in range(12)]
    theirs = Parameter(np.zeros(10_001, np.float32), grad=grads[0])
    plain = Adamax([theirs], weight_decay=0.01, backend="numpy")
    plain.step()
    with stream:
        ours = Parameter(cupy.zeros(10_001, "f4"), grad=cupy.asarray(grads[0]))
        optimizer = Adamax([ours], weight_decay=0.01, backend=engine.name)
        optimizer.step()
        stream.synchronize()
        captured = CapturedStep(optimizer)
        stream.begin_capture()
        captured.record()
        graph = stream.end_capture()
        for t, grad in enumerate(grads):
            theirs.grad = grad
            ours.grad.set(grad)
            plain.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"] = 2e-3 / (1 + t)
            plain.step()
            captured.prepare()
            graph.launch(stream)
        got = cupy.asnumpy(ours.data, stream=stream)
    # The first replay has the rate of the capture; so it was at t = 0.
    assert got.tobytes() == theirs.data.tobytes()


def test_a_plain_step_in_a_capture_is_refused(engine: Any, cupy: ModuleType) -> None:
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        param = Parameter(cupy.zeros(8, "f4"), grad=cupy.ones(8, "f4"))
        optimizer = Adamax([param], backend=engine.name)
        optimizer.step()
        stream.synchronize()
        stream.begin_capture()
        with pytest.raises(RuntimeError, match="a plain step cannot be captured"):
            optimizer.step()
        stream.end_capture()


@pytest.mark.frameworks
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64"])
def test_tensors_of_torch_are_stepped_where_they_lie(engine: Any, peer: Callable[[str], Any], dtype: str) -> None:
    torch = peer("torch")
    if not torch.cuda.is_available():
        pytest.skip("this build of torch has no CUDA")
    host = torch.linspace(-1, 1, 1001).to(getattr(torch, dtype))
    ours = host.cuda().requires_grad_()
    theirs = host.clone().requires_grad_()
    address = ours.data_ptr()
    for param, name in ((ours, engine.name), (theirs, "numpy")):
        optimizer = Adamax([param], backend=name)
        for _ in range(3):
            param.grad = torch.ones_like(param)
            optimizer.step()
    assert ours.data_ptr() == address
    assert torch.equal(ours.detach().cpu().view(torch.uint8), theirs.detach().view(torch.uint8))


def test_arrays_on_two_devices_are_refused(engine: Any, cupy: ModuleType) -> None:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one device here")
    params = []
    for number in (0, 1):
        with cupy.cuda.Device(number):
            params.append(Parameter(cupy.zeros(3, "f4"), grad=cupy.ones(3, "f4")))
    with pytest.raises(ValueError, match=r"lie on CUDA devices \[0, 1\]"):
        Adamax(params, backend=engine.name).step()


def test_a_full_device_is_named(cupy: ModuleType) -> None:
    param = cupy.lib.stride_tricks.as_strided(cupy.zeros(1, "f4"), shape=(1 << 40,), strides=(0,))
    with pytest.raises(MemoryError, match="the CUDA device has no memory for 4398046511104 bytes of state"):
        get_backend("cupy").zeros_like(param)

"""Time a step on a GPU, beside a copy in the same run and beside torch: a part of ``proof.py``.

Contenders are run in turn, on the same sizes, between two events of the device; medians and spreads are reported with
the bytes that an ideal step moves (read p, g, m, u, write p, m, u).
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

WORDS = 7
"""Words an ideal step moves for each element."""

SIZES: tuple[tuple[str, list[int], int, int], ...] = (
    ("1 x 256Mi", [1 << 28], 7, 10),
    ("1 x 16Mi", [1 << 24], 7, 50),
    ("1000 x 1000", [1000] * 1000, 7, 20),
    ("1 x 10", [10], 7, 50),
)
"""Name, sizes of the parameters, rounds, and steps of a round."""

ELEMENTS = 1_000_003
"""Of the parameter whose bits are compared with NumPy's."""

Step = Callable[[], Any]
Stopwatch = Callable[[Step, int], float]


def interleaved(contenders: Mapping[str, Step], stopwatch: Stopwatch, rounds: int, steps: int) -> dict[str, list[float]]:
    """Run contenders in turn; return for each the milliseconds of one step, one number a round.

    Parameters
    ----------
    contenders : mapping of str to callable
        Each is run once to warm up.
    stopwatch : callable
        ``stopwatch(step, steps)`` runs a step so often and returns milliseconds for all of them.
    rounds, steps : int
        How often it is each contender's turn, and how many steps a turn has.
    """
    for step in contenders.values():
        stopwatch(step, 1)
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, step in contenders.items():
            times[name].append(stopwatch(step, steps) / steps)
    return times


def summary(times: Mapping[str, Sequence[float]], elements: int, itemsize: int, copy: str = "copy") -> dict[str, Any]:
    """Turn times into medians, spreads, bandwidths and ratios.

    Examples
    --------
    >>> summary({"copy": [1.0], "ours": [3.5]}, 1000, 4)["ours"]["of_copy_bandwidth"]
    1.0
    """
    medians = {name: statistics.median(each) for name, each in times.items()}
    moved = {name: elements * itemsize * (2 if name == copy else WORDS) for name in times}
    rates = {name: moved[name] / medians[name] * 1e3 for name in times}
    return {
        name: {
            "ms": medians[name],
            "spread": (max(each) - min(each)) / medians[name],
            "bytes_per_second": rates[name],
            "of_copy_bandwidth": rates[name] / rates[copy] if copy in rates else None,
        }
        for name, each in times.items()
    }


def on_device(step: Step, steps: int) -> float:
    """Measure with events of the current stream."""
    import cupy

    start, stop = cupy.cuda.Event(), cupy.cuda.Event()
    start.record()
    for _ in range(steps):
        step()
    stop.record()
    stop.synchronize()
    return float(cupy.cuda.get_elapsed_time(start, stop))


def ours(engine: str, sizes: Sequence[int], make: Callable[[int], Any]) -> Step:
    """Return a step of our optimizer on new parameters."""
    from adamax_ref import Adamax, Parameter

    params = [Parameter(make(size), grad=make(size)) for size in sizes]
    return Adamax(params, weight_decay=0.01, backend=engine).step


def of_torch(sizes: Sequence[int], foreach: bool, compiled: bool) -> Step:
    """Return a step of torch's optimizer on new parameters."""
    import torch

    params = [torch.randn(size, device="cuda") for size in sizes]
    for param in params:
        param.grad = torch.randn_like(param)
    optimizer = torch.optim.Adamax(params, weight_decay=0.01, foreach=foreach, capturable=compiled)
    step: Step = torch.compile(optimizer.step) if compiled else optimizer.step
    return step


def normal(size: int) -> Any:
    """Return normal float32 numbers on the device; a million different ones, over and over."""
    import cupy

    return cupy.asarray(np.resize(np.random.default_rng(size).standard_normal(min(size, 1 << 20), dtype=np.float32), size))


def copy_of(elements: int) -> Step:
    """Return a device-to-device copy of as many float32 elements."""
    import cupy

    source, target = normal(elements), cupy.empty(elements, dtype=cupy.float32)
    return lambda: cupy.copyto(target, source)


def contenders(sizes: Sequence[int]) -> dict[str, Step]:
    """Return everything that is timed on parameters of these sizes."""
    found: dict[str, Step] = {"copy": copy_of(sum(sizes))}
    found |= {engine: ours(engine, sizes, normal) for engine in ("cupy", "numba-cuda")}
    try:
        import torch
    except ImportError:
        return found
    if torch.cuda.is_available():
        found["torch foreach"] = of_torch(sizes, foreach=True, compiled=False)
        found["torch for-loop"] = of_torch(sizes, foreach=False, compiled=False)
        if len(sizes) < 100:  # of a thousand parameters the compilation takes minutes
            found["torch compiled"] = of_torch(sizes, foreach=True, compiled=True)
    return found


def launches(engine: str, count: int) -> int:
    """Return how many kernels a step of `count` parameters launches."""
    from adamax_ref.backend import get_backend

    backend: Any = get_backend(engine)
    launcher, seen = type(backend.launcher()), []
    original = launcher.launch
    step = ours(engine, [100] * count, normal)
    step()
    launcher.launch = lambda *given: seen.append(original(*given))
    try:
        step()
    finally:
        launcher.launch = original
    return len(seen)


def equal_to_numpy(engine: str, size: int) -> bool:
    """Whether ten steps give NumPy's bits."""
    from adamax_ref import Adamax, Parameter
    from adamax_ref.backend import get_backend

    rng = np.random.default_rng(0)
    p, g = (rng.standard_normal(size).astype(np.float32) for _ in "pg")
    backend, results = get_backend(engine), []
    for name, lift in ((engine, backend.from_host), ("numpy", np.array)):
        param = Parameter(lift(p), grad=lift(g))
        optimizer = Adamax([param], weight_decay=0.01, backend=name)
        for _ in range(10):
            optimizer.step()
        results.append(get_backend(name).to_host(param.data).tobytes())
    return results[0] == results[1]


def measure_all() -> dict[str, Any]:
    """Measure every size; a size that does not fit the device's memory is named with the reason."""
    found: dict[str, Any] = {
        engine: {"equal_to_numpy": equal_to_numpy(engine, ELEMENTS), "launches": {str(n): launches(engine, n) for n in (1, 1000)}}
        for engine in ("cupy", "numba-cuda")
    }
    for title, sizes, rounds, steps in SIZES:
        try:
            found[title] = summary(interleaved(contenders(sizes), on_device, rounds, steps), sum(sizes), 4)
        except Exception as error:
            found[title] = {"failed": f"{type(error).__name__}: {error}"}
    return found

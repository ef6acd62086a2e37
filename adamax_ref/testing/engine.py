"""Checks of an engine beyond the corpus: arrays that lie, or come, as the corpus never has them.

The corpus judges numbers; it says nothing of strides, alignment, byte order, aliases, or threads. Each check here steps
the same numbers on the engine and on the NumPy engine and compares bits.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adamax_ref.arrays.memory import STORED
from adamax_ref.backend import AbstractBackend, get_backend
from adamax_ref.exact.compare import first_difference
from adamax_ref.optimizer.adamax import Adamax
from adamax_ref.optimizer.parameter import Parameter
from adamax_ref.recipe.profile import PROFILES

Array = np.ndarray[Any, Any]
Lay = Callable[[Array], Array]


def _misaligned(array: Array) -> Array:
    """Return a copy that begins one byte off every multiple."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    copy = memory[1:].view(array.dtype) if array.nbytes else array.copy()
    copy[...] = array
    return copy


LAYOUTS: dict[str, Lay] = {
    "dense": np.copy,
    "strided": lambda array: np.repeat(array, 3)[::3],
    "reversed": lambda array: array[::-1].copy()[::-1],
    "transposed": lambda array: np.asfortranarray(array[: array.size // 4 * 4].reshape(4, -1)),
    "zero-dimensional": lambda array: array[:1].reshape(()).copy(),
    "empty": lambda array: array[:0].copy(),
    "misaligned": _misaligned,
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "large": lambda array: np.resize(array, 300_007),
}
"""How arrays are laid out in host memory; an engine with arrays of its own copies them."""


def check_engine(name: str, dialect: str = "torch") -> list[str]:
    """Check an engine on arrays of every layout, on many at once, on aliases, and from several threads.

    Parameters
    ----------
    name : str
        Of a registered engine that can run here.
    dialect : str
        Whose steps are done.

    Returns
    -------
    list of str
        What was checked, one entry a check.

    Raises
    ------
    AssertionError
        At the first difference from the NumPy engine, or where memory in two places was not refused.
    BackendUnavailable
        When the engine cannot run here.

    Examples
    --------
    >>> len(check_engine("numpy")) > 10
    True
    """
    backend = get_backend(name)
    return list(_checks(backend, dialect))


def _checks(backend: AbstractBackend, dialect: str) -> Iterator[str]:
    for profile in sorted(backend.capabilities.profiles & {"f32", "f64"}):
        dtype = np.dtype(STORED[PROFILES[profile].storage.name])
        for layout, lay in LAYOUTS.items():
            _compare(f"{layout} {profile}", backend, dialect, [_numbers(dtype, 70, 1)], lay)
            yield f"{layout} arrays of {profile}"
        _compare(f"many {profile}", backend, dialect, [_numbers(dtype, 1 + at % 40, at) for at in range(500)], np.copy)
        yield f"500 tensors of {profile}"
    if backend.capabilities.in_place and backend.owns(np.zeros(1)):
        _require_refusal(backend, dialect)
        yield "arrays that share memory"
    _from_threads(backend, dialect)
    yield "four optimizers in four threads"


def _numbers(dtype: Any, size: int, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(size).astype(dtype), rng.standard_normal(size).astype(dtype)


def _stepped(backend: AbstractBackend, dialect: str, pairs: list[tuple[Array, Array]], lay: Lay) -> list[Array]:
    """Return parameters, moments and norms after three steps."""
    params = [Parameter(_on(backend, lay(p))) for p, _ in pairs]
    optimizer = Adamax(params, lr=0.1, dialect=dialect, backend=backend.name)
    for t in range(3):
        for param, (_, g) in zip(params, pairs, strict=True):
            param.grad = _on(backend, lay(np.roll(g, t)))
        optimizer.step()
    backend.synchronize()
    memories = [optimizer.state[param] for param in params]
    arrays = [param.data for param in params] + [memory[part] for memory in memories for part in ("exp_avg", "exp_inf")]
    return [backend.to_host(array) for array in arrays]


def _on(backend: AbstractBackend, array: Array) -> Any:
    """Return an array where an engine takes it: as it lies, or a copy in the engine's own."""
    return array if backend.owns(array) else backend.from_host(array.astype(array.dtype.newbyteorder("=")))


def _compare(what: str, backend: AbstractBackend, dialect: str, pairs: list[tuple[Array, Array]], lay: Lay) -> None:
    wanted = _stepped(get_backend("numpy"), dialect, pairs, lay)
    for got, want in zip(_stepped(backend, dialect, pairs, lay), wanted, strict=True):
        difference = first_difference(got, want.astype(want.dtype.newbyteorder("=")))
        assert difference is None, f"{backend.name}, {what}: {difference}"


def _require_refusal(backend: AbstractBackend, dialect: str) -> None:
    memory = np.ones(96)
    params = [Parameter(memory[:64], memory[:64].copy()), Parameter(np.ones(64), memory[32:])]
    before = memory.copy()
    try:
        Adamax(params, dialect=dialect, backend=backend.name).step()
    except ValueError:
        assert (memory == before).all(), f"{backend.name} wrote before it refused a gradient that lies in a parameter"
    else:
        raise AssertionError(f"{backend.name} did not refuse a gradient that lies in a parameter")


def _from_threads(backend: AbstractBackend, dialect: str) -> None:
    """Step four optimizers at once, each in a thread of its own."""
    work = [[_numbers(np.float64 if "f64" in backend.capabilities.profiles else np.float32, 20_000, at)] for at in range(4)]
    results: dict[int, list[Array]] = {}
    faults: list[BaseException] = []

    def run(at: int) -> None:
        try:
            results[at] = _stepped(backend, dialect, work[at], np.copy)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, f"{backend.name}, threads: {faults[0]!r}"
    for at, pairs in enumerate(work):
        for got, want in zip(results[at], _stepped(get_backend("numpy"), dialect, pairs, np.copy), strict=True):
            difference = first_difference(got, want)
            assert difference is None, f"{backend.name}, thread {at}: {difference}"

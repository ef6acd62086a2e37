"""Contenders of a measurement, and ours: the optimizer on one of the engines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np

from adamax_ref.backend import BackendUnavailable, get_backend
from adamax_ref.optimizer.adamax import Adamax
from adamax_ref.optimizer.parameter import Parameter
from adamax_ref.recipe.profile import PROFILES
from adamax_ref.recipe.trace import trace

from .problem import Host, Problem

WORDS = {"floor": 7, "torch": 16, "copy": 2, "scale": 2}
"""Words that a step moves between memory and processor, per element: read p g m u and write p m u is the floor;
PyTorch's seven kernels read 9 and write 7 of them, decay reads 2 and writes 1 more. A copy reads one and writes one."""

COPY, SCALE, SAME_WORDS = "copy", "scale in place", "same words"
YARDSTICKS = (COPY, SCALE, SAME_WORDS)
"""What is measured beside the contenders to tell how fast memory is."""


@final
@dataclass(frozen=True)
class Contender:
    """Something that can step a problem again and again.

    Attributes
    ----------
    name : str
        As in the table.
    step : callable
        One step, complete when it returns.
    result : callable or None
        Returns ``(ps, ms, us)`` as lists of NumPy arrays; None for a yardstick.
    dialect : str or None
        Whose bits it is expected to give; None when it is another algorithm.
    words : int
        Words of the storage type that it moves per element, by its construction.
    calls : int or None
        Kernels launched, or compiled functions called, per step; None when that is not known.
    remark : str
        What it is, when it is not Adamax.
    """

    name: str
    step: Callable[[], object]
    result: Callable[[], tuple[list[Host], list[Host], list[Host]]] | None
    dialect: str | None
    words: int
    calls: int | None
    remark: str = ""


def ours(name: str, problem: Problem, dialect: str = "torch") -> Contender:
    """Return our optimizer on a named engine.

    Raises
    ------
    BackendUnavailable
        When the engine cannot run here, or not in this profile.

    Examples
    --------
    >>> contender = ours("numpy", Problem(2, 5))
    >>> contender.step()
    >>> [len(part) for part in contender.result()], contender.calls
    ([2, 2, 2], 1)
    """
    backend = get_backend(name)
    if problem.profile not in backend.capabilities.profiles:
        raise BackendUnavailable(f"backend {name!r} has no profile {problem.profile}")
    params = [Parameter(backend.from_host(p), backend.from_host(g)) for p, g in zip(*problem.start(), strict=True)]
    hyper = problem.hyper
    optimizer = Adamax(params, lr=hyper.lr, weight_decay=hyper.weight_decay, dialect=dialect, backend=name)

    def step() -> None:
        optimizer.step()
        backend.synchronize()

    def result() -> tuple[list[Host], list[Host], list[Host]]:
        state = [optimizer.state[param] for param in params]
        arrays: list[Sequence[Any]] = [[param.data for param in params]]
        arrays += [[memory[part] for memory in state] for part in ("exp_avg", "exp_inf")]
        ps, ms, us = ([backend.to_host(array) for array in part] for part in arrays)
        return ps, ms, us

    words = WORDS["floor"] if backend.capabilities.in_place else 0
    return Contender(f"adamax_ref {name}", step, result, dialect, words, 1 if words else None)


def copy_yardstick(problem: Problem, threads: int) -> Contender:
    """Return a copy of as many bytes as the parameters hold, on as many threads: reads one word and writes one."""
    source = np.ones(problem.elements * problem.itemsize, np.uint8)
    target = np.empty_like(source)
    target[:] = 0  # so that its pages exist before anything is timed
    return Contender(COPY, _on_threads(np.copyto, (target, source), threads), None, None, WORDS["copy"], threads)


def scale_yardstick(problem: Problem, threads: int) -> Contender:
    """Return a product in place: it reads and writes one word without the hidden read that a copy's stores cost."""
    array = np.ones(problem.elements * problem.itemsize // 4 or 1, np.float32)

    def scale(part: Host) -> None:
        np.multiply(part, np.float32(1), out=part)

    return Contender(SCALE, _on_threads(scale, (array,), threads), None, None, WORDS["scale"], threads)


def words_yardstick(problem: Problem) -> Contender:
    """Return a step without arithmetic: four arrays read, three written, by the compiled loop of a recipe that turns them round.

    Raises
    ------
    BackendUnavailable
        When the engine that compiles it is missing.

    Examples
    --------
    >>> yardstick = words_yardstick(Problem(1, 100, "f64"))
    >>> _ = yardstick.step()
    >>> yardstick.words
    7
    """
    kernel = get_backend("numba").compile(trace(lambda p, g, m, u, c: (g, p, m), (), {}, PROFILES["f32"]))
    count = problem.elements * problem.itemsize // np.dtype(np.float32).itemsize or 1
    p, g, m, u = ([np.full(count, value, np.float32)] for value in (1, 2, 3, 4))
    prepared = kernel.prepare(p, m, u)
    return Contender(SAME_WORDS, lambda: prepared.run(g, [()]), None, None, WORDS["floor"], 1)


def _on_threads(work: Callable[..., object], arrays: tuple[Host, ...], threads: int) -> Callable[[], object]:
    """Cut arrays into one piece for each thread; little is done by one."""
    from concurrent.futures import ThreadPoolExecutor

    size = arrays[0].size
    if threads == 1 or arrays[0].nbytes < 1 << 20:
        return lambda: work(*arrays)
    cuts = [size * at // threads for at in range(threads + 1)]
    pieces = [tuple(array[begin:end] for array in arrays) for begin, end in pairwise(cuts)]
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda piece: work(*piece), pieces))

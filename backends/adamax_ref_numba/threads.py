"""Threads that share the pieces of a step.

Compiled code runs without the interpreter's lock, so ordinary Python threads are enough, and unlike the threading
layers of Numba they survive a fork, may be used from many threads at once, and cost no second compilation.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import numba

from adamax_ref.interrupts import held_back

_pools: dict[int, ThreadPoolExecutor] = {}
_limit: list[int] = []


def num_threads() -> int:
    """Return how many threads a step may use: what :func:`limit_threads` set, else Numba's ``NUMBA_NUM_THREADS``.

    Examples
    --------
    >>> num_threads() >= 1
    True
    """
    return _limit[-1] if _limit else int(numba.config.NUMBA_NUM_THREADS)


def limit_threads(count: int | None) -> None:
    """Use at most `count` threads from now on; None goes back to Numba's own number. The bits never change.

    Raises
    ------
    ValueError
        When `count` is below 1.

    Examples
    --------
    >>> limit_threads(1)
    >>> num_threads()
    1
    >>> limit_threads(None)
    """
    if count is not None and count < 1:
        raise ValueError(f"count must be at least 1, not {count!r}; pass None for Numba's own number")
    _limit[:] = [] if count is None else [count]


def share(work: Callable[[], None], threads: int) -> None:
    """Call `work`, which takes pieces until none is left, here and in other threads; return, or raise, when all have ended.

    The caller starts at once, whatever the others are doing; those that have not begun when it finds nothing left are
    not waited for. An interrupt is raised at the end, so that no thread is left behind that still writes.
    """
    helpers: list[Future[None]] = []
    with held_back():
        with suppress(RuntimeError):  # the system has no thread left to give: those that there are do it all
            helpers.extend(_pool(threads - 1).submit(work) for _ in range(threads - 1))
        work()
        for helper in helpers:
            if not helper.cancel():
                helper.result()


def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the pool of that size; after a fork the child makes its own, since threads do not follow."""
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="adamax_ref_numba")
    return _pools[threads]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)

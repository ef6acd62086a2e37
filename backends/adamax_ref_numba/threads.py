"""Threads that share the chunks of a step.

Compiled code runs without the interpreter's lock, so ordinary Python threads are enough, and unlike the threading
layers of Numba they survive a fork, may be used from many threads at once, and cost no second compilation.
"""

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import final

import numba

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


def share(work: Callable[[int], None], pieces: int) -> None:
    """Call ``work(0) ... work(pieces - 1)``, each once, on several threads; return, or raise, when all have ended.

    An interrupt is raised at the end: Python delivers it to the main thread, which only waits here, so that a step is
    never left half done. A single piece is done at once by the caller.
    """
    if pieces <= 1 or num_threads() == 1:
        for piece in range(pieces):
            work(piece)
        return
    job = _Job(work, pieces)
    interrupt: KeyboardInterrupt | None = None
    while not job.ended.is_set():
        try:
            job.start(min(num_threads(), pieces))
            job.ended.wait()
        except KeyboardInterrupt as error:
            interrupt = error
    if failure := interrupt or job.failure:
        raise failure


@final
class _Job:
    """Pieces that threads take one after another."""

    def __init__(self, work: Callable[[int], None], pieces: int) -> None:
        self.work, self.pieces = work, pieces
        self.ended = threading.Event()
        self.failure: BaseException | None = None
        self._next, self._done, self._started = itertools.count(), itertools.count(1), 0

    def start(self, threads: int) -> None:
        """Give the job to so many threads; a second call adds only those that an interrupt kept back."""
        while self._started < threads:
            _pool(threads).submit(self.drain)
            self._started += 1

    def drain(self) -> None:
        """Take pieces until none are left."""
        try:
            while (piece := next(self._next)) < self.pieces:
                self.work(piece)
                if next(self._done) == self.pieces:
                    self.ended.set()
        except BaseException as error:  # whatever it is, the caller has to hear of it instead of waiting for ever
            self.failure = error
            self.ended.set()


def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the pool of that size; after a fork the child makes its own, since threads do not follow."""
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="adamax_ref_numba")
    return _pools[threads]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)

"""Threads that share the pieces of a step, for engines whose work runs without the interpreter's lock.

Ordinary Python threads are enough, and unlike the threading layers of compilers they survive a fork, may be used from
many threads at once, and cost no second compilation.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Condition
from typing import TypeVar, final

from .arithmetic import flushes

Piece = TypeVar("Piece")

_pools: dict[int, ThreadPoolExecutor] = {}
_limit: list[int] = []


def usable_processors() -> int:
    """Return how many processors this process may use.

    Examples
    --------
    >>> usable_processors() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def num_threads(own: int | None = None) -> int:
    """Return how many threads a step may use.

    Parameters
    ----------
    own : int or None
        The number of an engine that has one; otherwise that of the usable processors. :func:`limit_threads` goes first.

    Examples
    --------
    >>> num_threads(3)
    3
    """
    return _limit[-1] if _limit else own or usable_processors()


def limit_threads(count: int | None) -> None:
    """Use at most `count` threads for a step from now on; None goes back to each engine's own number. No bit changes.

    Raises
    ------
    ValueError
        When `count` is below 1.

    Examples
    --------
    >>> limit_threads(1)
    >>> num_threads(3)
    1
    >>> limit_threads(None)
    """
    if count is not None and count < 1:
        raise ValueError(f"count must be at least 1, not {count!r}; pass None for each engine's own number")
    _limit[:] = [] if count is None else [count]


def share(work: Callable[[], None], threads: int) -> None:
    """Call `work`, which takes pieces until none is left, here and in other threads; return, or raise, when all have ended.

    The caller starts at once, whatever the others are doing; those that have not begun when it finds nothing left are
    not waited for. An interrupt is raised at the end, so that no thread is left behind that still writes.
    """
    helpers = _Helpers(work)
    try:
        with suppress(RuntimeError):  # the system has no thread left to give: those that there are do it all
            for _ in range(threads - 1):
                _pool(threads - 1).submit(helpers.help)
        work()
    finally:
        helpers.dismiss()
    helpers.raise_error()


@final
class _Helpers:
    """The threads that take part in one piece of work, counted, since a pool may run what it failed to submit."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._changed = Condition()
        self._inside, self._dismissed = 0, False
        self._errors: list[BaseException] = []

    def help(self) -> None:
        """Take pieces, unless the caller is done with them, or this thread would flush subnormal numbers."""
        with self._changed:
            if self._dismissed or flushes():
                return
            self._inside += 1
        try:
            self._work()
        except BaseException as error:
            self._errors.append(error)
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def dismiss(self) -> None:
        """Let nobody begin any more, and wait for those who have, whatever interrupts the waiting."""
        interrupt: BaseException | None = None
        while True:
            try:
                with self._changed:
                    self._dismissed = True
                    self._changed.wait_for(lambda: not self._inside)
                break
            except BaseException as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt

    def raise_error(self) -> None:
        """Raise what the first helper raised that failed."""
        if self._errors:
            raise self._errors[0]


def taken(pieces: list[Piece]) -> Iterator[Piece]:
    """Take pieces from the end of a list until none is left; any number of threads may do so at once.

    Examples
    --------
    >>> list(taken([1, 2, 3]))
    [3, 2, 1]
    """
    while True:
        try:
            piece = pieces.pop()
        except IndexError:
            return
        yield piece


def _pool(threads: int) -> ThreadPoolExecutor:
    """Return the pool of that size; after a fork the child makes its own, since threads do not follow."""
    if threads not in _pools:
        _pools[threads] = ThreadPoolExecutor(threads, thread_name_prefix="adamax_ref")
    return _pools[threads]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)

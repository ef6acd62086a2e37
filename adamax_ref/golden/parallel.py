"""Map a function over items in parallel: on a Dask cluster, on local processes, or in this one, with the same results."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Mapper(Protocol):
    """Like the built-in ``map`` with one sequence: results in the order of the items."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterable[R]:
        """Apply a function that can be pickled to each item."""


@contextmanager
def parallel_map(address: str | None = None, jobs: int = 1) -> Iterator[Mapper]:
    """Open a ``map`` that runs on several processors.

    Parameters
    ----------
    address : str or None
        Of a ``dask.distributed`` scheduler, whose workers have this package; takes precedence over `jobs`.
    jobs : int
        How many local processes; 1 means none but this one.

    Raises
    ------
    ValueError
        When no scheduler answers at `address`, or `jobs` is below 1.

    Examples
    --------
    >>> with parallel_map() as mapper:
    ...     list(mapper(abs, [-1, 2]))
    [1, 2]
    """
    if address is not None:
        with _client(address) as client:
            yield lambda function, items: (future.result() for future in client.map(function, list(items), pure=False))
    elif jobs == 1:
        yield map
    elif jobs < 1:
        raise ValueError(f"jobs must be at least 1, not {jobs}")
    else:
        with _processes(jobs) as pool:
            yield pool.map


def _processes(jobs: int) -> Any:
    """Start processes afresh: a copy of this one would inherit threads in the middle of something."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ValueError("a Dask address needs the package distributed: pip install 'adamax-ref[dask]'") from error
    try:
        return Client(address, timeout=10)
    except (OSError, TimeoutError) as error:
        raise ValueError(f"no Dask scheduler answers at {address!r}: {error}; start one with `dask scheduler`") from error

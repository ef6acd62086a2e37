"""The tables of a step: made afresh where arrays have moved, kept where they have not.

A ledger holds addresses, never references. Every call reads the addresses of its arrays again and compares, so memory
that was freed and given out anew cannot be taken for what it was.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref.backend import Arrays
from adamax_ref.law.profile import FORMATS
from adamax_ref.memory import STORED, HostArray, require_alike, require_apart, require_updatable
from adamax_ref.tables import Buffer, Table, build

from .addresses import REFUSED, data_of, describe, gradients_apart, readable

CHUNK = 32768
"""Elements of a chunk: 128 KiB of each float32 operand. Large enough that taking a chunk (about 3 µs) costs nothing,
small enough that two threads end together."""

PIECES = 64
"""Into how many pieces a step is cut at most, so that handing them out costs nothing beside the work."""
ALONE = 131072
"""Elements below which one thread does it all: waking another takes as long (about 50 µs) as half of the work."""


class Plan(NamedTuple):
    """Tables for compiled code, and the cuts between pieces of about equal work."""

    table: Table
    cuts: tuple[int, ...]

    @property
    def columns(self) -> tuple[HostArray, HostArray, HostArray, int]:
        """What compiled code takes."""
        return self.table.tensors, self.table.layouts, self.table.chunks, self.table.chunk


@final
class Ledger:
    """Tables for the last list of arrays."""

    def __init__(self, storage: str, itemsize: int) -> None:
        self._storage, self._itemsize = storage, itemsize
        self._known, self._seen = np.empty((0, 6), np.int64), b""
        self._plan: Plan | None = None
        self._starts = self._ends = np.empty(0, np.int64)

    def plan(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> Plan | None:
        """Return the plan for these arrays, or None when NumPy has to be asked about them (see :func:`asked`).

        Raises
        ------
        ValueError
            When arrays share memory of which one is written.
        """
        count = len(ps)
        tensors = np.empty((count, 6), np.int64)
        objects = np.fromiter(chain(ps, gs, ms, us), object, 4 * count)  # holds them until their addresses are used
        if not self._describe(objects, tensors, ps[0]):
            return None
        seen = tensors.tobytes()
        if self._plan is not None and seen == self._seen:
            return self._plan
        if not self._moved_gradients_only(tensors):
            self._settle(tensors, ps, gs, ms, us)
        if not gradients_apart(tensors, self._itemsize, self._starts, self._ends):
            self._forget()
            require_apart([*ps, *ms, *us], gs)
        self._known, self._seen = tensors, seen
        assert self._plan is not None
        self._plan = self._plan._replace(table=Table(tensors, _NONE, self._plan.table.chunks, CHUNK))
        return self._plan

    def _describe(self, objects: HostArray, tensors: HostArray, first: Any) -> bool:
        dtype = first.dtype
        if not readable() or type(first) is not np.ndarray or not _native(dtype, self._storage):
            return False
        return bool(describe(data_of(objects), id(np.ndarray), id(dtype), tensors) != REFUSED)

    def _moved_gradients_only(self, tensors: HostArray) -> bool:
        same_count = self._plan is not None and len(tensors) == len(self._known)
        return same_count and all(np.array_equal(tensors[:, at], self._known[:, at]) for at in (0, 2, 3, 4))

    def _settle(self, tensors: HostArray, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> None:
        """Sort what will be written, refuse overlaps, and cut the work into chunks."""
        self._forget()
        starts = tensors[:, (0, 2, 3)].ravel()
        ends = starts + np.repeat(tensors[:, 4] * self._itemsize, 3)
        order = np.argsort(starts[ends > starts], kind="stable")
        self._starts, self._ends = starts[ends > starts][order], ends[ends > starts][order]
        if (self._ends[:-1] > self._starts[1:]).any():
            require_apart([*ps, *ms, *us], gs)
        self._plan = _planned(Table(tensors, _NONE, _chunks(tensors[:, 4]), CHUNK))

    def _forget(self) -> None:
        self._plan = None


def asked(storage: str, quads: Sequence[tuple[HostArray, ...]]) -> Plan:
    """Make the tables by asking NumPy: for strided views and classes of arrays of somebody else's.

    Examples
    --------
    >>> quad = tuple(np.zeros((4, 6), np.float32)[:, :3])
    >>> asked("binary32", [quad]).table.tensors[0, 4:].tolist()
    [3, -2]
    """
    buffers = [tuple(Buffer(array.ctypes.data, array.shape, array.strides) for array in quad) for quad in quads]
    itemsize = FORMATS[storage].width // 8
    return _planned(build([(p, g, m, u) for p, g, m, u in buffers], itemsize, CHUNK))


def require_sound(storage: str, quads: Sequence[tuple[HostArray, ...]]) -> None:
    """Refuse what does not belong together, cannot be written, or shares memory; ValueError or TypeError."""
    for p, g, m, u in quads:
        require_alike(storage, p, g, m, u)
        for array in (p, m, u):
            require_updatable(array)
    require_apart([array for p, _, m, u in quads for array in (p, m, u)], [g for _, g, _, _ in quads])


def _planned(table: Table) -> Plan:
    """Cut the chunks into at most `PIECES` pieces of about equal work; little work stays in one piece."""
    sizes = table.tensors[table.chunks[:, 0], 4] - table.chunks[:, 1].astype(np.int64) * table.chunk
    total = np.cumsum(np.minimum(sizes, table.chunk))
    whole = int(total[-1]) if len(total) else 0
    piece = max(CHUNK, -(-whole // PIECES))
    inner = np.searchsorted(total, np.arange(piece, whole, piece)) if whole >= ALONE else ()
    return Plan(table, tuple(sorted({0, *(int(cut) for cut in inner), len(table.chunks)})))


def _chunks(sizes: HostArray) -> HostArray:
    counts = -(-sizes // CHUNK)
    tensor = np.repeat(np.arange(len(sizes)), counts)
    return np.stack([tensor, np.arange(len(tensor)) - np.repeat(np.cumsum(counts) - counts, counts)], axis=1).astype(np.int32)


@lru_cache(maxsize=64)
def _native(dtype: np.dtype[Any], storage: str) -> bool:
    return dtype.isnative and dtype.name == STORED[storage]


_NONE = np.empty(0, np.int64)


def rows_of(constants: Sequence[tuple[float, ...]], dtype: np.dtype[Any]) -> tuple[HostArray, HostArray]:
    """Return for each parameter the number of its row of constants, and the rows, each kept once."""
    count = len(constants)
    if count and all(one is constants[0] for one in constants):
        return np.zeros(count, np.int64), np.array([constants[0]], dtype).reshape(1, -1)
    number = {one: at for at, one in enumerate(dict.fromkeys(constants))}
    rows = np.fromiter((number[one] for one in constants), np.int64, count)
    return rows, np.array(list(number), dtype).reshape(len(number), -1)

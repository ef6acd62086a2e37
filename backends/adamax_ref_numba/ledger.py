"""The tables of a step: made afresh where arrays have moved, kept where they have not.

A ledger holds addresses, never references. Every call reads the addresses of its arrays again and compares, so memory
that was freed and given out anew cannot be taken for what it was.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref.backend import Arrays
from adamax_ref.law.profile import FORMATS
from adamax_ref.memory import STORED, HostArray, require_alike, require_apart, require_updatable
from adamax_ref.tables import DENSE, Buffer, Table, build

from .addresses import OTHERS, REFUSED, describe, gradients_apart, readable

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
    cuts: HostArray

    @property
    def columns(self) -> tuple[HostArray, HostArray, HostArray, int, HostArray]:
        """What compiled code takes."""
        return self.table.tensors, self.table.layouts, self.table.chunks, self.table.chunk, self.cuts


@final
class Ledger:
    """Tables for the last list of arrays; one that was left by an exception must not be used again."""

    def __init__(self, storage: str, itemsize: int) -> None:
        self._storage, self._itemsize = storage, itemsize
        self._tensors = np.empty((0, 6), np.int64)
        self._plan: Plan | None = None
        self._starts = self._ends = np.empty(0, np.int64)

    def plan(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> Plan | None:
        """Return the plan for these arrays, or None when NumPy has to be asked about them (see :func:`asked`).

        Raises
        ------
        ValueError
            When arrays share memory of which one is written.
        """
        lists = [arrays if type(arrays) in (list, tuple) else list(arrays) for arrays in (ps, gs, ms, us)]
        changed = self._describe(lists)
        if changed == REFUSED:
            self._plan = None
            return None
        if changed & OTHERS or self._plan is None:
            self._plan = self._settled(ps, gs, ms, us)
        if changed and not gradients_apart(self._tensors, self._itemsize, self._starts, self._ends):
            require_apart([*ps, *ms, *us], gs)
        return self._plan

    def _describe(self, lists: Sequence[Arrays]) -> int:
        first, count = lists[0][0], len(lists[0])
        if not readable() or type(first) is not np.ndarray or not _native(first.dtype, self._storage):
            return REFUSED
        if len(self._tensors) != count:
            self._tensors = np.full((count, 6), DENSE, np.int64)
            self._plan = None
        ps, gs, ms, us = map(id, lists)
        return int(describe((ps, gs, ms, us), id(list), id(np.ndarray), id(first.dtype), self._tensors))

    def _settled(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> Plan:
        """Sort what will be written, refuse overlaps, and cut the work into chunks."""
        starts = self._tensors[:, (0, 2, 3)].ravel()
        ends = starts + np.repeat(self._tensors[:, 4] * self._itemsize, 3)
        order = np.argsort(starts[ends > starts], kind="stable")
        self._starts, self._ends = starts[ends > starts][order], ends[ends > starts][order]
        if (self._ends[:-1] > self._starts[1:]).any():
            require_apart([*ps, *ms, *us], gs)
        return _planned(Table(self._tensors, _NONE, _chunks(self._tensors[:, 4]), CHUNK))


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
    return Plan(table, np.unique([0, *inner, len(table.chunks)]).astype(np.int64))


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
    if 0.0 not in constants[0] and constants.count(constants[0]) == count:  # without a zero equal numbers have equal bits
        return np.zeros(count, np.int64), np.array([constants[0]], dtype).reshape(1, -1)
    rows = {id(one): one for one in constants}  # by identity, which separates 0.0 from -0.0
    number = {key: at for at, key in enumerate(rows)}
    each = np.fromiter(map(number.__getitem__, map(id, constants)), np.int64, count)
    return each, np.array(list(rows.values()), dtype).reshape(len(rows), -1)

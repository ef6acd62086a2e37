"""Tables that let one call, or one launch, walk every buffer of a step.

An engine in compiled code gets no arrays but three integer tables: a row of addresses for each parameter, the layouts
of those that are not dense, and the chunks into which the elements are cut so that many threads share them. The tables
hold nothing but what they were made from, so they stay right for as long as that is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, final

import numpy as np

from .memory import HostArray, require_apart

COLUMNS = ("p", "g", "m", "u", "size", "layout")
"""What a row of :attr:`Table.tensors` holds: four addresses, a number of elements, and how they lie."""

WIDE, DENSE = -1, -2
"""Values of the column ``layout``: dense and aligned for 16-byte access; dense. Anything else is a place in ``layouts``."""

ALIGNMENT = 16
"""Bytes of the widest access of a thread (128 bits: the widest load of a GPU thread, and an SSE or NEON register)."""

IntArray = np.ndarray[Any, np.dtype[np.integer[Any]]]
Strides = tuple[int, ...]


class Buffer(NamedTuple):
    """Memory of an array: the address of its first element, its shape, and its strides in bytes."""

    address: int
    shape: tuple[int, ...]
    strides: Strides


Quad = tuple[Buffer, Buffer, Buffer, Buffer]
"""The buffers ``p``, ``g``, ``m``, ``u`` of one parameter, all of one shape."""


def extents(buffers: Sequence[Buffer], itemsize: int) -> IntArray:
    """Return for each buffer how many bytes it begins before its address, as a negative number, and ends after it.

    Examples
    --------
    >>> extents([Buffer(64, (3,), (-8,)), Buffer(64, (0, 2), (8, 4))], 4).tolist()
    [[-16, 4], [0, 0]]
    """
    rows = []
    for _, shape, strides in buffers:
        reach = [(length - 1) * step for length, step in zip(shape, strides, strict=True)]
        low, high = sum(min(0, step) for step in reach), sum(max(0, step) for step in reach) + itemsize
        rows.append((0, 0) if 0 in shape else (low, high))
    return np.array(rows, np.int64).reshape(-1, 2)


def reaches(buffers: Sequence[Buffer], itemsize: int) -> IntArray:
    """Return for each buffer the first address that it uses and the one after the last.

    Examples
    --------
    >>> reaches([Buffer(64, (3,), (-8,))], 4).tolist()
    [[48, 68]]
    """
    addresses = np.array([buffer.address for buffer in buffers], np.int64)
    return extents(buffers, itemsize) + addresses[:, None]


@final
@dataclass(frozen=True)
class Walk:
    """Common order of the elements of several arrays of one shape: the order in which the first one lies in memory.

    Attributes
    ----------
    shape : tuple of int
        With axes of length 1 gone and neighbouring axes merged; ``()`` for a single element.
    strides : tuple of tuple of int
        For each array, in bytes; those of the first array are positive and descend.
    offsets : tuple of int
        For each array, from its first element to where the walk begins, in bytes.
    """

    shape: tuple[int, ...]
    strides: tuple[Strides, ...]
    offsets: tuple[int, ...]

    def dense(self, itemsize: int) -> bool:
        """Return whether all arrays are walked from end to end without a gap."""
        return all(strides in ((), (itemsize,)) for strides in self.strides)


@lru_cache(maxsize=4096)
def collapse(shape: tuple[int, ...], strides: tuple[Strides, ...]) -> Walk:
    """Order, turn and merge the axes of arrays of one shape, so that dense arrays of any axis order become a line.

    Examples
    --------
    >>> collapse((3, 4), ((4, 12), (4, 12)))
    Walk(shape=(12,), strides=((4,), (4,)), offsets=(0, 0))
    >>> collapse((5,), ((-8,), (8,)))
    Walk(shape=(5,), strides=((8,), (-8,)), offsets=(-32, 32))
    """
    axes = [(length, steps) for length, *steps in zip(shape, *strides, strict=True) if length != 1]
    offsets = [0] * len(strides)
    for at, (length, steps) in enumerate(axes):
        if steps[0] < 0:
            offsets = [offset + (length - 1) * step for offset, step in zip(offsets, steps, strict=True)]
            axes[at] = (length, [-step for step in steps])
    merged: list[tuple[int, list[int]]] = []
    for length, steps in sorted(axes, key=lambda axis: -axis[1][0]):
        if merged and merged[-1][1] == [length * step for step in steps]:
            merged[-1] = (merged[-1][0] * length, steps)
        else:
            merged.append((length, steps))
    turned = tuple(tuple(steps[of] for _, steps in merged) for of in range(len(strides)))
    return Walk(tuple(length for length, _ in merged), turned, tuple(offsets))


@final
@dataclass(frozen=True, eq=False)
class Table:
    """Integer tables that describe the buffers of a step to compiled code.

    Attributes
    ----------
    tensors : int64 array of shape (n, 6)
        A row for each parameter: see :data:`COLUMNS`.
    layouts : int64 array of shape (k,)
        For each strided parameter, from the place that its row names: the number of axes, their lengths, then the
        strides in bytes of p, of g, of m and of u; the outermost axis first.
    chunks : int32 array of shape (c, 2)
        For each chunk its parameter's row and its number within the parameter. An empty parameter has none.
    chunk : int
        Elements of a full chunk.
    """

    tensors: IntArray
    layouts: IntArray
    chunks: IntArray
    chunk: int


def build(quads: Sequence[Quad], itemsize: int, chunk: int) -> Table:
    """Make the tables for the buffers of a step.

    Parameters
    ----------
    quads : sequence
        ``(p, g, m, u)`` of each parameter.
    itemsize : int
        Bytes of an element.
    chunk : int
        Elements of a chunk; a multiple of what 16 bytes hold, so that alignment is the same in every chunk.

    Raises
    ------
    ValueError
        When a buffer that is written shares memory with any other; nothing has been touched then.

    Examples
    --------
    >>> quad = tuple(Buffer(address, (5,), (4,)) for address in (0, 32, 64, 96))
    >>> table = build([quad], itemsize=4, chunk=4)
    >>> table.tensors.tolist(), table.chunks.tolist()
    ([[0, 32, 64, 96, 5, -1]], [[0, 0], [0, 1]])
    """
    if chunk * itemsize % ALIGNMENT:
        raise ValueError(
            f"a chunk of {chunk} elements of {itemsize} bytes is no multiple of {ALIGNMENT} bytes; pass a power of two"
        )
    walks = [collapse(quad[0].shape, tuple(buffer.strides for buffer in quad)) for quad in quads]
    tensors = np.empty((len(quads), len(COLUMNS)), dtype=np.int64)
    tensors[:, :4] = np.array([[b.address for b in quad] for quad in quads], dtype=np.int64).reshape(-1, 4)
    tensors[:, :4] += np.array([walk.offsets for walk in walks], dtype=np.int64).reshape(-1, 4)
    tensors[:, 4] = [prod(walk.shape) for walk in walks]
    dense = np.array([walk.dense(itemsize) for walk in walks], dtype=bool)
    _require_apart(quads, tensors, bool(dense.all()), itemsize)
    aligned = (tensors[:, :4] % ALIGNMENT == 0).all(axis=1)
    tensors[:, 5] = np.where(aligned, WIDE, DENSE)
    layouts = _layouts(tensors, walks, dense)
    return Table(tensors, layouts, _chunks(tensors[:, 4], chunk), chunk)


def _layouts(tensors: IntArray, walks: Sequence[Walk], dense: IntArray) -> IntArray:
    """Write the layouts of what is not dense one after another, and their places into the rows."""
    written: list[int] = []
    for at in np.flatnonzero(~dense).tolist():
        walk = walks[at]
        tensors[at, 5] = len(written)
        written += [len(walk.shape), *walk.shape, *(step for strides in walk.strides for step in strides)]
    return np.array(written, dtype=np.int64)


def _chunks(sizes: IntArray, chunk: int) -> IntArray:
    """Cut each parameter into chunks."""
    counts = -(-sizes // chunk)
    tensor = np.repeat(np.arange(len(sizes)), counts)
    number = np.arange(len(tensor)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([tensor, number], axis=1).astype(np.int32)


def _require_apart(quads: Sequence[Quad], tensors: IntArray, dense: bool, itemsize: int) -> None:
    """Refuse overlaps; for dense buffers that lie apart a sort is enough, the rest is looked at one by one."""
    if dense:
        first = tensors[:, :4].ravel()
        end = first + np.repeat(tensors[:, 4] * itemsize, 4)
        order = np.argsort(first, kind="stable")
        if (end[order][:-1] <= first[order][1:]).all():
            return
    ghosts = [tuple(ghost(buffer, itemsize) for buffer in quad) for quad in quads]
    require_apart([each for p, _, m, u in ghosts for each in (p, m, u)], [g for _, g, _, _ in ghosts])


def ghost(buffer: Buffer, itemsize: int) -> HostArray:
    """Return an array that lies where `buffer` lies and must never be read: NumPy's rules on memory apply to it.

    Examples
    --------
    >>> bool(np.shares_memory(ghost(Buffer(64, (4,), (4,)), 4), ghost(Buffer(72, (4,), (4,)), 4)))
    True
    """
    return np.asarray(_Ghost(buffer, itemsize))


class _Ghost:
    def __init__(self, buffer: Buffer, itemsize: int) -> None:
        self.__array_interface__ = {
            "data": (buffer.address or ALIGNMENT, False),  # NumPy takes address 0 of an empty buffer for a request to allocate
            "shape": buffer.shape,
            "strides": buffer.strides,
            "typestr": f"|V{itemsize}",
            "version": 3,
        }

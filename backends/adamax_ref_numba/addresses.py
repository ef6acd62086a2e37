"""Where a thousand arrays lie, found out in compiled code.

Asking NumPy from Python for the address of an array takes longer than stepping its elements. The fields that every C
extension reads through the macros ``PyArray_DATA``, ``PyArray_DIMS`` and so on are read here instead, by compiled code
that goes through the pointers of lists. Only plain arrays pass: dense, aligned, in native byte order. For all others
the caller asks NumPy. The layout of the fields is proved when this module is first used.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import carray, njit, types

from adamax_ref.memory import HostArray

from .intrinsics import pointer, prefetch

_HEAD = object.__basicsize__
# numpy/core/include/numpy/ndarraytypes.h, tagPyArrayObject_fields: data, nd, dimensions, strides, base, descr, flags.
DATA, AXES, LENGTHS, TYPE, FLAGS = _HEAD, _HEAD + 8, _HEAD + 16, _HEAD + 40, _HEAD + 48
CLASS = _HEAD - 8
ITEMS, TUPLE_ITEMS = _HEAD + 8, tuple.__basicsize__
C_ORDER, FORTRAN_ORDER, ALIGNED, WRITEABLE = 0x1, 0x2, 0x100, 0x400

REFUSED, GRADIENTS, OTHERS = -1, 1, 2
"""What :func:`describe` may have to say."""

NEAR, FAR = 4, 8
"""Rows by which memory is asked for the lengths, and before that for the fields, of arrays: an object is 100 ns away and
a row takes 10 ns."""


@njit("int64(int64)", nogil=True, cache=True)  # type: ignore[untyped-decorator]
def word(address: int) -> int:
    """Return the 64-bit word at an address."""
    found: int = carray(pointer(address, types.int64), 1)[0]
    return found


@njit("int64(int64)", nogil=True, cache=True)  # type: ignore[untyped-decorator]
def half(address: int) -> int:
    """Return the 32-bit word at an address."""
    found: int = carray(pointer(address, types.int32), 1)[0]
    return found


@njit("boolean(int64, int64, int64, int64)", nogil=True, cache=True)  # type: ignore[untyped-decorator]
def plain(array: int, kind: int, dtype: int, flags: int) -> bool:
    """Whether the object at that address is an array of this very class and dtype with all these flags."""
    same_kind = word(array + CLASS) == kind and word(array + TYPE) == dtype
    return bool(same_kind and (half(array + FLAGS) & flags) == flags)


@njit("boolean(int64, int64)", nogil=True, cache=True)  # type: ignore[untyped-decorator]
def alike(array: int, other: int) -> bool:
    """Whether two plain arrays have the same shape and the same dense order."""
    axes = half(array + AXES)
    if half(other + AXES) != axes or not half(array + FLAGS) & half(other + FLAGS) & (C_ORDER | FORTRAN_ORDER):
        return False
    differing = 0
    for axis in range(axes):
        differing += word(word(array + LENGTHS) + 8 * axis) != word(word(other + LENGTHS) + 8 * axis)
    return differing == 0


@njit("int64(int64, int64)", cache=True)  # type: ignore[untyped-decorator]
def items_of(sequence: int, list_kind: int) -> int:
    """Return the address of the pointers to the items of the list, or else tuple, at an address."""
    return word(sequence + ITEMS) if word(sequence + CLASS) == list_kind else sequence + TUPLE_ITEMS


@njit("int64(UniTuple(int64, 4), int64, int64, int64, int64[:, ::1])", cache=True)  # type: ignore[untyped-decorator]
def describe(lists: Any, list_kind: int, kind: int, dtype: int, tensors: Any) -> int:
    """Bring the rows of a table up to date, from the addresses of the lists or tuples of p, g, m and u.

    The interpreter's lock is kept, so nobody changes a list meanwhile. Returns `REFUSED` for any array that is not
    plain, and otherwise the sum of what has changed: `GRADIENTS`, `OTHERS`, or nothing.
    """
    count, changed = len(tensors), 0
    items = (
        items_of(lists[0], list_kind),
        items_of(lists[1], list_kind),
        items_of(lists[2], list_kind),
        items_of(lists[3], list_kind),
    )
    for at in range(count):
        far, near = 8 * min(at + FAR, count - 1), 8 * min(at + NEAR, count - 1)
        for column in range(4):
            prefetch(word(items[column] + far) + DATA)
            prefetch(word(items[column] + far) + FLAGS)
            prefetch(word(word(items[column] + near) + LENGTHS))
        first = word(items[0] + 8 * at)
        size = 1
        for column in range(4):
            array = word(items[column] + 8 * at)
            if not plain(array, kind, dtype, ALIGNED if column == 1 else ALIGNED | WRITEABLE) or not alike(first, array):
                return REFUSED
            data = word(array + DATA)
            if tensors[at, column] != data:
                tensors[at, column] = data
                changed |= GRADIENTS if column == 1 else OTHERS
        for axis in range(half(first + AXES)):
            size *= word(word(first + LENGTHS) + 8 * axis)
        if tensors[at, 4] != size:
            tensors[at, 4] = size
            changed |= OTHERS
    return changed


@njit("boolean(int64[:, ::1], int64, int64[::1], int64[::1])", nogil=True, cache=True)  # type: ignore[untyped-decorator]
def gradients_apart(tensors: Any, itemsize: int, starts: Any, ends: Any) -> bool:
    """Whether no gradient touches one of the written intervals, which are sorted and lie apart."""
    for at in range(len(tensors)):
        begin, size = tensors[at, 1], tensors[at, 4] * itemsize
        low, high = 0, len(starts)
        while low < high:  # the first interval that ends behind the begin
            middle = (low + high) // 2
            if ends[middle] > begin:
                high = middle
            else:
                low = middle + 1
        if size and low < len(starts) and starts[low] < begin + size:
            return False
    return True


@cache
def readable() -> bool:
    """Whether the fields lie where the header says, tried on arrays of which NumPy tells the truth.

    Examples
    --------
    >>> readable()
    True
    """
    swapped = np.zeros((3, 4), dtype=np.dtype(np.float64).newbyteorder())
    arrays: list[HostArray] = [np.zeros((2, 3)), np.zeros(7, np.float32)[::2], np.asfortranarray(swapped)]
    found = [[word(items_of(id(row), id(list)) + 8 * at) for at in range(3)] for row in (arrays, tuple(arrays))]
    return found == [list(map(id, arrays))] * 2 and all(_proved(array) for array in arrays)


def _proved(array: HostArray) -> bool:
    at = id(array)
    lengths = tuple(word(word(at + LENGTHS) + 8 * axis) for axis in range(half(at + AXES)))
    flags = tuple(half(at + FLAGS) & flag != 0 for flag in (C_ORDER, FORTRAN_ORDER, ALIGNED, WRITEABLE))
    told = (word(at + DATA), word(at + CLASS), word(at + TYPE), lengths, flags)
    know = array.flags
    known = (know.c_contiguous, know.f_contiguous, know.aligned, know.writeable)
    return told == (array.ctypes.data, id(type(array)), id(array.dtype), array.shape, known)

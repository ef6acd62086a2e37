"""Where a thousand arrays lie, found out in compiled code.

Asking NumPy from Python for the address of an array takes longer than stepping its elements. The fields that every C
extension reads through the macros ``PyArray_DATA``, ``PyArray_DIMS`` and so on are read here instead, by compiled code
that goes through a row of object pointers. Only plain arrays pass: dense, aligned, in native byte order. For all others
the caller asks NumPy. The layout of the fields is proved when this module is first used.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import carray, njit, types

from adamax_ref.memory import HostArray
from adamax_ref.tables import DENSE

from .intrinsics import pointer

_HEAD = object.__basicsize__
# numpy/core/include/numpy/ndarraytypes.h, tagPyArrayObject_fields: data, nd, dimensions, strides, base, descr, flags.
DATA, AXES, LENGTHS, TYPE, FLAGS = _HEAD, _HEAD + 8, _HEAD + 16, _HEAD + 40, _HEAD + 48
CLASS = _HEAD - 8
C_ORDER, FORTRAN_ORDER, ALIGNED, WRITEABLE = 0x1, 0x2, 0x100, 0x400

REFUSED = -1


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


@njit("int64(int64, int64, int64, int64[:, ::1])", nogil=True, cache=True)  # type: ignore[untyped-decorator]
def describe(objects: int, kind: int, dtype: int, tensors: Any) -> int:
    """Fill the rows of a table from object pointers ``p... g... m... u...``; return 0, or `REFUSED` for any other array."""
    count = len(tensors)
    for at in range(count):
        first = word(objects + 8 * at)
        for column in range(4):
            array = word(objects + 8 * (column * count + at))
            flags = ALIGNED if column == 1 else ALIGNED | WRITEABLE
            if not plain(array, kind, dtype, flags) or not alike(first, array):
                return REFUSED
            tensors[at, column] = word(array + DATA)
        size = 1
        for axis in range(half(first + AXES)):
            size *= word(word(first + LENGTHS) + 8 * axis)
        tensors[at, 4], tensors[at, 5] = size, DENSE
    return 0


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


def data_of(array: HostArray) -> int:
    """Return the address of an array's first element; six times as fast as ``array.ctypes.data``."""
    return int(word(id(array) + DATA))


@cache
def readable() -> bool:
    """Whether the fields lie where the header says, tried on arrays of which NumPy tells the truth.

    Examples
    --------
    >>> readable()
    True
    """
    swapped = np.zeros((3, 4), dtype=np.dtype(np.float64).newbyteorder())
    return all(_proved(array) for array in (np.zeros((2, 3)), np.zeros(7, np.float32)[::2], np.asfortranarray(swapped)))


def _proved(array: HostArray) -> bool:
    at = id(array)
    lengths = tuple(word(word(at + LENGTHS) + 8 * axis) for axis in range(half(at + AXES)))
    flags = tuple(half(at + FLAGS) & flag != 0 for flag in (C_ORDER, FORTRAN_ORDER, ALIGNED, WRITEABLE))
    told = (word(at + DATA), word(at + CLASS), word(at + TYPE), lengths, flags)
    know = array.flags
    known = (know.c_contiguous, know.f_contiguous, know.aligned, know.writeable)
    return told == (array.ctypes.data, id(type(array)), id(array.dtype), array.shape, known)

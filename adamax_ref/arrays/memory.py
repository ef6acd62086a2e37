"""Checks of the buffers of a step, and of the memory where NumPy arrays lie, before anything is written.

Every check names the array and says what to do. Engines share them; the rules are stricter than NumPy's, which would
broadcast, convert or compute something else instead of refusing.
"""

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, final

import numpy as np

from .dtypes import dtype_name
from .types import Array, Arrays
from .types import HostArray as HostArray

STORED = {"binary64": "float64", "binary32": "float32", "binary16": "float16", "bfloat16": "bfloat16"}
"""Name of the dtype that holds numbers of a format."""


def require_alike(storage: str, p: Array, g: Array, m: Array, u: Array) -> None:
    """Refuse buffers of which one has another shape, or another type than the recipe stores.

    Parameters
    ----------
    storage : str
        Name of the recipe's storage format.
    p, g, m, u : array
        Of any namespace.

    Raises
    ------
    ValueError, TypeError
        For the first buffer whose shape, or dtype, is wrong.

    Examples
    --------
    >>> require_alike("binary32", *np.zeros((4, 3), np.float32))
    """
    for name, array in (("parameter", p), ("gradient", g), ("exp_avg", m), ("exp_inf", u)):
        if array.shape != p.shape:
            raise ValueError(f"{name} has shape {tuple(array.shape)}, its parameter {tuple(p.shape)}; they must be equal")
        if dtype_name(array) != STORED[storage]:
            raise TypeError(f"{name} has dtype {array.dtype}, but this kernel stores {storage}; convert it")
        if isinstance(array, np.ma.MaskedArray):
            raise TypeError(f"{name} is a masked array, whose mask would be lost; pass what filled(0) returns, or its data")


def form_of(array: Array) -> tuple[object, ...]:
    """Return all but the elements of an array that the array itself may change in place.

    A tensor may be given other memory; an array of NumPy's may be resized, which changes its shape.

    Examples
    --------
    >>> x = np.zeros((2, 3))
    >>> before = form_of(x)
    >>> x.flags.writeable = False
    >>> form_of(x) == before
    False
    """
    if isinstance(array, np.ndarray):
        return array.shape, array.strides, array.dtype, array.flags.writeable
    if hasattr(array, "data_ptr"):
        tensor: Any = array
        return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, tensor.device
    return tuple(array.shape), dtype_name(array)


def bounds_of(arrays: Arrays) -> HostArray:
    """Return the first address of each NumPy array that has elements, and the one after its last: int64, shape (n, 2).

    Examples
    --------
    >>> first, end = bounds_of([np.zeros(3, np.float32), np.zeros(0)])[0]
    >>> int(end - first)
    12
    """
    host = [array for array in arrays if isinstance(array, np.ndarray) and array.size]
    return np.array([np.lib.array_utils.byte_bounds(array) for array in host], np.int64).reshape(-1, 2)


@final
class Cover:
    """Intervals of memory, asked whether others may meet them; strides are not looked at.

    Parameters
    ----------
    bounds : int64 array of shape (n, 2)
        From :func:`bounds_of`.

    Examples
    --------
    >>> a = np.zeros(9)
    >>> Cover(bounds_of([a[:3]])).may_meet(bounds_of([a[2:]])), Cover(bounds_of([a[:3]])).may_meet(bounds_of([a[3:]]))
    (True, False)
    """

    def __init__(self, bounds: HostArray) -> None:
        ordered = bounds[np.argsort(bounds[:, 0], kind="stable")]
        self._starts, self._ends = ordered[:, 0].copy(), np.maximum.accumulate(ordered[:, 1])

    def may_meet(self, bounds: HostArray) -> bool:
        """Return whether one of the others begins before the end of one of these that begins before its end."""
        if not len(self._starts):
            return False
        before = np.searchsorted(self._starts, bounds[:, 1])  # so many begin before its end
        return bool(((before > 0) & (self._ends[before - 1] > bounds[:, 0])).any())

    def is_apart(self) -> bool:
        """Return whether no two of these meet."""
        return bool((self._ends[:-1] <= self._starts[1:]).all())


def overlaps_itself(array: HostArray) -> bool:
    """Return whether two elements of `array` may lie in the same bytes.

    Sorted by stride, each axis must step over everything that the finer axes span. The rule is sufficient and costs
    nothing that grows with the array; a view that fails it and is sound all the same has to be copied.

    Examples
    --------
    >>> overlaps_itself(np.zeros((3, 4)).T[::-1])
    False
    >>> overlaps_itself(np.lib.stride_tricks.as_strided(np.zeros(3), shape=(5,), strides=(0,)))
    True
    """
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return False
    span = array.itemsize
    for stride, length in sorted((abs(stride), length) for stride, length in zip(array.strides, array.shape, strict=True)):
        if length > 1:
            if stride < span:
                return True
            span += stride * (length - 1)
    return False


_LARGE = 1 << 20
"""From so many bytes on, arrays come from the system in whole pages and begin at the same place of one."""

_PAGE = 4096
_PLACES = cycle((_PAGE // 4, _PAGE // 2, 3 * _PAGE // 4))


def zeros_apart(array: HostArray) -> HostArray:
    """Return zeros of the same shape, dtype and axis order, which the first cache can hold beside `array`.

    A step reads four arrays side by side. AMD's Zen finds a line in its first cache by twelve bits of the address and a
    hash of sixteen more, in which bits 12 and 27, 13 and 26, and so on cancel (Lipp et al. 2020, "Take A Way", section 3).
    Arrays of 128 MiB lie 128 MiB and a page apart, so all four claim one line, and a step takes twice as long. Here a large
    array begins at another place of its page than the given one, and than the one made before.

    Examples
    --------
    >>> given = np.ones(1 << 18, np.float32)
    >>> made = zeros_apart(given)
    >>> made.any(), (made.ctypes.data - given.ctypes.data) % 1024, (made.ctypes.data - given.ctypes.data) % 4096 != 0
    (np.False_, 0, True)
    """
    if array.nbytes < _LARGE:
        return np.zeros_like(array, subok=False)
    layout = np.empty_like(array, subok=False)  # never touched, so never really there
    memory = np.zeros(array.nbytes + _PAGE, np.uint8)
    skip = (array.ctypes.data + next(_PLACES) - memory.ctypes.data) % _PAGE
    return np.ndarray(layout.shape, layout.dtype, memory, skip, layout.strides)


def require_updatable(array: HostArray) -> None:
    """Refuse an array that cannot be updated where it lies.

    Raises
    ------
    ValueError
        When `array` is read-only or overlaps itself.

    Examples
    --------
    >>> require_updatable(np.broadcast_to(np.zeros(1), (3,)))
    Traceback (most recent call last):
    ...
    ValueError: cannot update a read-only array of shape (3,); pass a writable one, for example array.copy()
    """
    if not array.flags.writeable:
        raise ValueError(f"cannot update a read-only array of shape {array.shape}; pass a writable one, for example array.copy()")
    if overlaps_itself(array):
        raise ValueError(
            f"cannot update an array whose elements overlap in memory (shape {array.shape}, strides {array.strides}); "
            "pass a copy, for example array.copy()"
        )


def require_apart(written: Sequence[HostArray], read: Iterable[HostArray] = ()) -> None:
    """Refuse arrays of which one is written where another is read or written.

    Parameters
    ----------
    written, read : sequence of ndarray
        Of one step. Those that are only read may overlap each other.

    Raises
    ------
    ValueError
        When a written array shares memory with any other.

    Examples
    --------
    >>> a = np.zeros(4)
    >>> require_apart([a[::2], a[1::2]])
    >>> require_apart([a[:3]], [a[2:]])
    Traceback (most recent call last):
    ...
    ValueError: a written array of shape (3,) shares memory with another one of shape (2,); pass copies that lie apart
    """
    spans = [(*np.lib.array_utils.byte_bounds(array), True, array) for array in written if array.size]
    spans += [(*np.lib.array_utils.byte_bounds(array), False, array) for array in read if array.size]
    spans.sort(key=lambda span: span[0])
    open_spans: list[tuple[int, int, bool, HostArray]] = []
    for span in spans:
        open_spans = [earlier for earlier in open_spans if earlier[1] > span[0]]
        for earlier in open_spans:
            if (span[2] or earlier[2]) and np.shares_memory(span[3], earlier[3]):
                first, other = (span[3], earlier[3]) if span[2] else (earlier[3], span[3])
                raise ValueError(
                    f"a written array of shape {first.shape} shares memory with another one of shape {other.shape}; "
                    "pass copies that lie apart"
                )
        open_spans.append(span)

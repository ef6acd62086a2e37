"""Where a thousand arrays lie, asked in compiled code through the interfaces that C extensions use.

Asking NumPy or torch from Python for the address of an array takes longer than stepping its elements. Both also answer
C code: an array of NumPy's by the buffer protocol (https://docs.python.org/3/c-api/buffer.html), a tensor by the table
of functions that DLPack 1.2 calls its C exchange API (``__dlpack_c_exchange_api__``, torch 2.10 and later). Every
function here holds the interpreter's lock.

What is known of arrays stands in *records*, one after another: the object's identity, the address of its memory, the
number of axes, their lengths, and their strides in bytes.
"""

import ctypes
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numba import carray, njit, types

from adamax_ref.arrays.memory import HostArray
from adamax_ref.arrays.tables import Buffer

from .intrinsics import call, call_status, pointer

HEAD = 3
"""Words of a record before the lengths: identity, address, number of axes."""

MOVED, OTHER, WRITTEN = 1, 2, 4
"""How arrays may differ from their records, 0 aside: only addresses of gradients do; a type or a layout of a gradient does;
an array that is written does."""

_FORMATS = {"binary64": "d", "binary32": "f", "binary16": "e", "bfloat16": ""}
_DLPACK = {"binary64": (2, 64), "binary32": (2, 32), "binary16": (2, 16), "bfloat16": (4, 16)}
_ITEM, _BUFFER, _RELEASE, _CLEAR, _TENSOR, _KIND, _SIZE = range(7)


@njit("int64(int64)", cache=True)  # type: ignore[untyped-decorator]
def _word(address: int) -> int:
    """Return the 64-bit word at an address."""
    word: int = carray(pointer(address, types.int64), 1)[0]
    return word


@njit("boolean(int64, int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _ask_buffer(item: int, tools: Any, view: Any) -> bool:
    """Fill `view` with the address, whether it may not be written, the axes, and where lengths and strides stand."""
    strided, named = 0x18, 0x4  # PyBUF_STRIDES, PyBUF_FORMAT
    flags = strided | named if tools[_KIND] else strided
    answer = view.ctypes.data + 64
    if call_status(tools[_BUFFER], item, answer, flags) != 0:
        call(tools[_CLEAR], 0, 0)
        return False
    fits = bool(view[8 + 3] == tools[_SIZE])
    if tools[_KIND]:
        fits = fits and bool((_word(view[8 + 5]) & 0xFFFF) == tools[_KIND])  # the letter and the zero behind it
    view[0], view[1], view[2], view[3], view[4] = view[8], view[8 + 4] & 0xFFFFFFFF, view[8 + 4] >> 32, view[8 + 6], view[8 + 7]
    view[5] = 1
    return fits


@njit("boolean(int64, int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _ask_tensor(item: int, tools: Any, view: Any) -> bool:
    """Do the same for a tensor; its strides count elements."""
    if call_status(tools[_TENSOR], item, view.ctypes.data + 64, 0) != 0:
        call(tools[_CLEAR], 0, 0)
        return False
    view[0], view[1], view[2] = view[8] + view[8 + 5], 0, view[8 + 2] & 0xFFFFFFFF
    view[3], view[4], view[5] = view[8 + 3], view[8 + 4], tools[_SIZE]
    on_host = (view[8 + 1] & 0xFFFFFFFF) == 1  # kDLCPU of dlpack.h
    # A tensor without memory of its own (a wrapper of torch.func, an empty storage) answers with the address 0.
    return bool(on_host and view[8] != 0 and view[8 + 2] >> 32 == tools[_KIND] and (view[4] != 0 or view[2] == 0))


@njit("int64(int64, int64, int64[::1], int64, int64[::1], boolean)", cache=True)  # type: ignore[untyped-decorator]
def _differs(objects: int, count: int, tools: Any, at: int, records: Any, written: bool) -> int:
    """Compare the objects of a list with records from place `at` on; return what differs, or -1 - it for a new address."""
    view = np.empty(24, np.int64)
    found = 0
    for number in range(count):
        item = call(tools[_ITEM], objects, number)
        if written and item != records[at]:
            return OTHER
        answered = _ask_tensor(item, tools, view) if tools[_TENSOR] else _ask_buffer(item, tools, view)
        axes = records[at + 2]
        alike = answered and view[2] == axes and not (written and view[1] != 0)
        if alike:
            for axis in range(axes):
                same_length = _word(view[3] + 8 * axis) == records[at + HEAD + axis]
                alike = alike and same_length and _word(view[4] + 8 * axis) * view[5] == records[at + HEAD + axes + axis]
        if answered and not tools[_TENSOR]:
            call(tools[_RELEASE], view.ctypes.data + 64, 0)
        if not alike:
            return OTHER
        if view[0] != records[at + 1]:
            if written:
                return OTHER
            records[at + 1] = view[0]
            found |= MOVED
        at += HEAD + 2 * axes
    return found


@njit("int64(UniTuple(int64, 3), int64, int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _written_differ(lists: Any, count: int, tools: Any, records: Any) -> int:
    """Compare three lists with records that stand one after another, at places that the first three words name."""
    for which in range(3):
        if _differs(lists[which], count, tools, records[which], records, True):
            return OTHER
    return 0


@njit("int64(UniTuple(int64, 4), int64, int64[::1], int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _differ(lists: Any, count: int, tools: Any, records: Any, gradients: Any) -> int:
    """Compare parameters, moments, norms and gradients."""
    for which in range(3):
        if _differs(lists[which], count, tools, records[which], records, True):
            return WRITTEN
    found: int = _differs(lists[3], count, tools, 0, gradients, False)
    return found


def differ(lists: tuple[Sequence[Any], ...], tools: HostArray, records: HostArray, gradients: HostArray) -> int:
    """Return how parameters, moments, norms and gradients differ from their records, and bring addresses of gradients up to date.

    Parameters
    ----------
    lists : tuple of four lists
        Lists of Python, equally long.
    tools, records, gradients : array
        What reads all of them; the records of the first three lists, and those of the last.
    """
    ps, ms, us, gs = lists
    difference: int = _differ((id(ps), id(ms), id(us), id(gs)), len(ps), tools, records, gradients)
    return difference


def written_differ(ps: list[object], ms: list[object], us: list[object], tools: HostArray, records: HostArray) -> bool:
    """Whether an object of three lists is another than in their records, or lies elsewhere or otherwise."""
    return bool(_written_differ((id(ps), id(ms), id(us)), len(ps), tools, records))


def gradients_differ(objects: list[object], tools: HostArray, records: HostArray) -> int:
    """Return how a list differs from its records (0, `MOVED` or `OTHER`), and bring addresses up to date."""
    return int(_differs(id(objects), len(objects), tools, 0, records, False))


def record(objects: Sequence[object], layouts: Sequence[Buffer]) -> list[int]:
    """Return the records of a list."""
    words: list[int] = []
    for item, layout in zip(objects, layouts, strict=True):
        words += [id(item), layout.address, len(layout.shape), *layout.shape, *layout.strides]
    return words


@cache
def tools_for(storage: str, tensors: bool) -> HostArray | None:
    """Return the addresses of the functions that read arrays, or tensors, of a storage format; None where there are none."""
    interpreter = ctypes.pythonapi
    names = ("PyList_GetItem", "PyObject_GetBuffer", "PyBuffer_Release", "PyErr_Clear")
    addresses = [ctypes.cast(getattr(interpreter, name), ctypes.c_void_p).value or 0 for name in names]
    form, (code, width) = _FORMATS[storage], _DLPACK[storage]
    if not tensors:
        return np.array([*addresses, 0, ord(form) if form else 0, width // 8], np.int64)
    table = getattr(sys.modules["torch"].Tensor, "__dlpack_c_exchange_api__", None)
    if table is None:
        return None
    return np.array([*addresses, _reader_of(table), code | width << 8 | 1 << 16, width // 8], np.int64)


def _reader_of(capsule: Any) -> int:
    """Return the address of ``dltensor_from_py_object_no_sync`` of dlpack.h, the sixth word of ``DLPackExchangeAPI``."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int((ctypes.c_int64 * 6).from_address(get(capsule, b"dlpack_exchange_api"))[5])

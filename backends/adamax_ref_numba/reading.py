"""Addresses and layouts of arrays, read in compiled code as C extensions read them.

Asking NumPy or torch from Python for the address of an array takes longer than stepping its elements. A tensor answers
compiled code through the table of functions that DLPack 1.2 calls its C exchange API (``__dlpack_c_exchange_api__``,
torch 2.10 and later). For an array of NumPy's, compiled code reads the fields of ``PyArrayObject_fields``, which are the
same for every NumPy 2 and which each extension that uses ``PyArray_DATA`` and its like reads too. The buffer protocol
would be the other public way; it takes 72 ns an array where reading takes 7, and 4000 arrays make a step of 1000
parameters. The fields are read only where the interpreter has a lock and where, in this process, they are what NumPy
says of probe arrays. Every function here holds that lock.

The state of arrays stands in *records*, one after another: the object's identity, the address of its memory, its type,
the number of axes, their lengths, and their strides in bytes.
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

HEAD = 4
"""Words of a record before the lengths: identity, address, type, number of axes."""

MOVED, OTHER, WRITTEN = 1, 2, 4
"""How arrays may differ from their records, 0 aside: only addresses of gradients do; a type or a layout of a gradient does;
an array that is written does."""

_DLPACK = {"binary64": (2, 64), "binary32": (2, 32), "binary16": (2, 16), "bfloat16": (4, 16)}
_FIELDS = object.__basicsize__  # of an array begin behind the head of every object
_ALIGNED, _WRITEABLE = 0x0100, 0x0400  # NPY_ARRAY_ALIGNED and NPY_ARRAY_WRITEABLE of ndarraytypes.h


@njit("int64(int64)", cache=True)  # type: ignore[untyped-decorator]
def _word(address: int) -> int:
    """Return the 64-bit word at an address."""
    word: int = carray(pointer(address, types.int64), 1)[0]
    return word


@njit("UniTuple(int64, 7)(int64)", cache=True)  # type: ignore[untyped-decorator]
def _array(item: int) -> tuple[int, ...]:
    """Return the address, type, axes, where lengths and strides stand, the unit of strides, and whether it may be written.

    An array whose elements are not at multiples of their size has the type 0.
    """
    at = item + _FIELDS  # data, nd, dimensions, strides, base, descr, flags
    axes, flags = _word(at + 8) & 0xFFFFFFFF, _word(at + 48)
    kind = _word(at + 40) if flags & _ALIGNED else 0
    return _word(at), kind, axes, _word(at + 16), _word(at + 24), 1, flags & _WRITEABLE


@njit("UniTuple(int64, 7)(int64, int64[::1], int64)", cache=True)  # type: ignore[untyped-decorator]
def _tensor(item: int, reader: Any, answer: int) -> tuple[int, ...]:
    """Return the same of a tensor; its type is 0 where it has no memory of its own on the host."""
    if call_status(reader[1], item, answer, 0) != 0:
        call(reader[3], 0, 0)
        return 0, 0, 0, 0, 0, 0, 0
    kind, axes = _word(answer + 16) >> 32, _word(answer + 16) & 0xFFFFFFFF
    address, lengths = _word(answer) + _word(answer + 40), _word(answer + 24)
    on_host = (_word(answer + 8) & 0xFFFFFFFF) == 1  # kDLCPU of dlpack.h
    # A tensor without memory of its own (a wrapper of torch.func, an empty storage) answers with the address 0.
    own = on_host and _word(answer) != 0 and (_word(answer + 32) != 0 or axes == 0)
    return address, kind if own else 0, axes, lengths, _word(answer + 32), reader[2], 1


@njit("UniTuple(int64, 2)(int64, int64, int64[::1], int64[::1], int64, boolean)", cache=True)  # type: ignore[untyped-decorator]
def _differs(objects: int, count: int, reader: Any, records: Any, at: int, written: bool) -> tuple[int, int]:
    """Compare a list with records from place `at` on; return the difference, and the place behind them."""
    found = 0
    space = np.empty(8, np.int64)
    answer = space.ctypes.data
    for number in range(count):
        item = call(reader[0], objects, number)
        if written and item != records[at]:
            return OTHER, at
        address, kind, axes, lengths, strides, unit, free = _tensor(item, reader, answer) if reader[1] else _array(item)
        if kind != records[at + 2] or axes != records[at + 3] or (written and not free):
            return OTHER, at
        for axis in range(axes):
            place = at + HEAD + axis
            if _word(lengths + 8 * axis) != records[place] or _word(strides + 8 * axis) * unit != records[place + axes]:
                return OTHER, at
        if address != records[at + 1]:
            if written:
                return OTHER, at
            records[at + 1] = address
            found = MOVED
        at += HEAD + 2 * axes
    return found, at


@njit("int64(int64, int64, int64, int64, int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _written_differ(ps: int, ms: int, us: int, count: int, reader: Any, records: Any) -> int:
    """Compare three lists with records that stand one after another."""
    at = 0
    for objects in (ps, ms, us):
        found, at = _differs(objects, count, reader, records, at, True)
        if found:
            return WRITTEN
    return 0


@njit("int64(int64, int64, int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _gradients_differ(gs: int, count: int, reader: Any, gradients: Any) -> int:
    found: int = _differs(gs, count, reader, gradients, 0, False)[0]
    return found


@njit("int64(int64, int64, int64, int64, int64, int64[::1], int64[::1], int64[::1])", cache=True)  # type: ignore[untyped-decorator]
def _differ(ps: int, ms: int, us: int, gs: int, count: int, reader: Any, records: Any, gradients: Any) -> int:
    found: int = _written_differ(ps, ms, us, count, reader, records)
    return found if found else _differs(gs, count, reader, gradients, 0, False)[0]


def differ(
    ps: list[Any], ms: list[Any], us: list[Any], gs: list[Any], reader: HostArray, records: HostArray, gradients: HostArray
) -> int:
    """Return how parameters, moments, norms and gradients differ from their records, and bring addresses of gradients up to date.

    Parameters
    ----------
    ps, ms, us, gs : list
        Equally long.
    reader, records, gradients : array
        What reads all of them; the records of the first three lists, and those of the last.
    """
    difference: int = _differ(id(ps), id(ms), id(us), id(gs), len(ps), reader, records, gradients)
    return difference


def written_differ(ps: list[Any], ms: list[Any], us: list[Any], reader: HostArray, records: HostArray) -> bool:
    """Return whether an object of three lists is another than in their records, or lies elsewhere or otherwise."""
    return bool(_written_differ(id(ps), id(ms), id(us), len(ps), reader, records))


def gradients_differ(objects: list[Any], reader: HostArray, records: HostArray) -> int:
    """Return how a list differs from its records (0, `MOVED` or `OTHER`), and bring addresses up to date."""
    return int(_gradients_differ(id(objects), len(objects), reader, records))


def record(objects: Sequence[Any], layouts: Sequence[Buffer], storage: str) -> list[int]:
    """Return the records of a list; the types of arrays are the identities of their dtypes, which the caller keeps alive."""
    words: list[int] = []
    for item, layout in zip(objects, layouts, strict=True):
        kind = id(item.dtype) if isinstance(item, np.ndarray) else _tensor_type(storage)
        words += [id(item), layout.address, kind, len(layout.shape), *layout.shape, *layout.strides]
    return words


@cache
def reader_of(storage: str, tensors: bool) -> HostArray | None:
    """Return what reads arrays, or tensors, of a storage format: addresses of functions; None where there are none."""
    interpreter = ctypes.pythonapi
    get, clear = (ctypes.cast(getattr(interpreter, name), ctypes.c_void_p).value or 0 for name in ("PyList_GetItem", "PyErr_Clear"))
    if not tensors:
        return np.array([get, 0, 0, clear], np.int64) if _fields_are_known() else None
    table = getattr(sys.modules["torch"].Tensor, "__dlpack_c_exchange_api__", None)
    return None if table is None else np.array([get, _exchange(table), _DLPACK[storage][1] // 8, clear], np.int64)


def _tensor_type(storage: str) -> int:
    """Return the type of a tensor as dlpack.h writes it: code, bits, and one lane."""
    code, width = _DLPACK[storage]
    return code | width << 8 | 1 << 16


def _exchange(capsule: Any) -> int:
    """Return the address of ``dltensor_from_py_object_no_sync`` of dlpack.h, the sixth word of ``DLPackExchangeAPI``."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int((ctypes.c_int64 * 6).from_address(get(capsule, b"dlpack_exchange_api"))[5])


@cache
def _fields_are_known() -> bool:
    """Return whether the fields of arrays lie where they are read, and nobody else can change them meanwhile."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)() or sys.byteorder != "little":
        return False
    if np.ndarray.__basicsize__ < _FIELDS + 56:
        return False
    fixed = np.zeros((3, 0, 2), np.float64)
    fixed.flags.writeable = False
    probes: list[HostArray] = [np.zeros(5, np.float32), np.zeros((7, 6), np.float16)[::-2, 1:4], np.zeros(()), fixed]
    return all(_says(probe) for probe in probes)


def _says(probe: HostArray) -> bool:
    """Return whether the fields of one array hold what NumPy says of it."""
    address, kind, axes, lengths, strides, _, free = _array(id(probe))
    if (address, kind, axes, bool(free)) != (probe.ctypes.data, id(probe.dtype), probe.ndim, probe.flags.writeable):
        return False
    at = range(axes)
    return probe.shape == tuple(_word(lengths + 8 * axis) for axis in at) and probe.strides == tuple(
        _word(strides + 8 * axis) for axis in at
    )

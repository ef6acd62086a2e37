"""Stand-ins for the simulator: what only a device has, on the host's own memory and arithmetic.

Numba's CUDA simulator runs a kernel as plain Python and offers neither libdevice nor intrinsics. Each function here
does on NumPy scalars what its namesake does on the device, so that the kernel's source need not know the difference.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np

from adamax_ref.arrays.fma import exactly, fma_binary32
from adamax_ref.recipe.profile import Format

Real = TypeVar("Real", np.float32, np.float64)

_quiet = np.errstate(all="ignore")  # overflow and NaN are results like others


@_quiet
def _add(a: Any, b: Any) -> Any:
    return a + b


@_quiet
def _sub(a: Any, b: Any) -> Any:
    return a - b


@_quiet
def _mul(a: Any, b: Any) -> Any:
    return a * b


@_quiet
def _div(a: Any, b: Any) -> Any:
    return a / b


@_quiet
def _fmaf(a: Any, b: Any, c: Any) -> Any:
    return fma_binary32(np, np.asarray(a), np.asarray(b), np.asarray(c))[()]


@_quiet
def _fma(a: Any, b: Any, c: Any) -> Any:
    return np.float64(exactly(float(a), float(b), float(c)))


libdevice = SimpleNamespace(
    fadd_rn=_add,
    fsub_rn=_sub,
    fmul_rn=_mul,
    fdiv_rn=_div,
    fmaf_rn=_fmaf,
    fabsf=abs,
    dadd_rn=_add,
    dmul_rn=_mul,
    ddiv_rn=_div,
    fma_rn=_fma,
    fabs=abs,
)
"""The rounded functions of libdevice that a recipe may need."""


def larger(a: Real, b: Real) -> Real:
    """Return the larger value; NaN from either side wins."""
    return a if a >= b or a != a else b


def greater(a: Real, b: Real) -> Real:
    """Return the greater value; an unordered pair yields the first."""
    return b if a < b else a


def flushed(x: Real) -> Real:
    """Turn a subnormal number into a zero of the same sign."""
    return np.copysign(type(x)(0), x) if abs(x) < np.finfo(x).smallest_normal else x


def _view(address: Any, dtype: Any, count: int = 1) -> Any:
    """Return the host memory at an address as an array."""
    size = np.dtype(dtype).itemsize * count
    return np.frombuffer((ctypes.c_char * size).from_address(int(address)), dtype)


def load_int32(address: int) -> np.int32:
    """Read an integer of a table."""
    number: np.int32 = _view(address, np.int32)[0]
    return number


def load_int64(address: int) -> np.int64:
    """Read an integer of a table."""
    number: np.int64 = _view(address, np.int64)[0]
    return number


def quotient(a: int, b: int) -> int:
    """Divide natural numbers."""
    return a // b


def remainder(a: int, b: int) -> int:
    """Return the remainder of that division."""
    return a % b


def _dtype(form: Format) -> Any:
    if form.name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(f"f{form.width // 8}")


@cache
def accessors(storage: Format, working: Format) -> dict[str, Callable[..., object]]:
    """Return the functions by which a simulated kernel reaches elements; see :func:`.access.accessors`."""
    stored, number = _dtype(storage), _dtype(working)
    lanes = 128 // storage.width

    def load_pack(address: Any) -> Any:
        _require_aligned(address)
        return tuple(_view(address, stored, lanes).astype(number))

    @_quiet
    def store_one(address: Any, value: Any) -> None:
        _view(address, stored)[0] = value

    @_quiet
    def store_pack(address: Any, values: Any) -> None:
        _require_aligned(address)
        _view(address, stored, lanes)[:] = values

    @_quiet
    def rounded(value: Any) -> Any:
        return number.type(stored.type(value))

    return {
        "load_one": lambda address: number.type(_view(address, stored)[0]),
        "load_working": lambda address: _view(address, number)[0],
        "load_pack": load_pack,
        "store_one": store_one,
        "store_pack": store_pack,
        "rounded": rounded,
    }


def _require_aligned(address: Any) -> None:
    """Do what a device does with a wide access off its boundary: fail."""
    if address % 16:
        raise RuntimeError(f"a 16-byte access at address {int(address):#x}, which is no multiple of 16")

"""A fused multiply-add on blocks of contiguous memory, for engines that go through them call by call."""

from functools import cache
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from .intrinsics import fma

Block = np.ndarray[Any, Any]


def fma_into(a: Any, b: Any, c: Any, out: Block) -> None:
    """Write ``a * b + c``, rounded once, into a block.

    Compiled once for a type and for which of the operands are scalars, and kept on disk. A scalar stays in a register,
    and a sum that replaces its addend has a loop of its own, as only there the compiler knows that the two are one.

    Parameters
    ----------
    a, b, c : array or scalar
        Contiguous float32 or float64 of one type; not all of them scalars.
    out : array
        Of the same type and length; it may be one of the operands.

    Examples
    --------
    >>> out = np.array([-1.0])
    >>> fma_into(np.float64(10), np.array([0.1]), out, out)
    >>> float(out[0])
    5.551115123125783e-17
    """
    if not np.ndim(a):
        a, b = b, a
    if not np.ndim(a):
        a = np.full_like(out, a)
    if c is out and a is not out and b is not out:
        _compiled(out.dtype.name, np.ndim(b), None)(a, b, out)
    else:
        _compiled(out.dtype.name, np.ndim(b), np.ndim(c))(a, b, c, out)


@cache
def _compiled(name: str, b: int, c: int | None) -> Any:
    scalar: Any = getattr(types, name)
    kinds = scalar, types.Array(scalar, 1, "C", readonly=True)  # arrays that may be written to are taken as well
    out = types.Array(scalar, 1, "C")
    signature = (kinds[1], kinds[b], out) if c is None else (kinds[1], kinds[b], kinds[c], out)
    return njit(signature, error_model="numpy", nogil=True, cache=True)(_added if c is None else _fused)


def _fused(a: Any, b: Any, c: Any, out: Any) -> None:
    for at in range(out.size):
        out[at] = fma(a[at], _entry(b, at), _entry(c, at))


def _added(a: Any, b: Any, out: Any) -> None:
    for at in range(out.size):
        out[at] = fma(a[at], _entry(b, at), out[at])


def _entry(x: Any, at: Any) -> Any:
    """Return an entry of an array, or a scalar."""
    raise NotImplementedError("compiled code has its own")


@overload(_entry, strict=False)  # type: ignore[untyped-decorator] # Numba publishes no types
def _entry_of(x: Any, at: Any) -> Any:
    if isinstance(x, types.Array):
        return lambda x, at: x[at]
    return lambda x, at: x

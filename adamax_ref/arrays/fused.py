"""The processor's fused multiply-add, by Numba: for compiled code, and on blocks of contiguous memory.

Importing this imports Numba.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic, overload

Block = np.ndarray[Any, np.dtype[Any]]
Operand = Block | np.floating[Any]


@intrinsic  # type: ignore[untyped-decorator] # Numba publishes no types
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c`` of three numbers of one type with a single rounding."""
    return a(a, a, a), lambda _context, builder, _signature, operands: builder.fma(*operands)


def fma_into(a: Operand, b: Operand, c: Operand, out: Block) -> None:
    """Write ``a * b + c``, rounded once, into a block.

    Compiled when types and scalars are first met in this combination, and cached on disk. A scalar stays in a register,
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
    if not isinstance(a, np.ndarray):
        a, b = b, a
    if not isinstance(a, np.ndarray):
        a = np.full_like(out, a)
    if c is out and a is not out and b is not out:
        _added(a, b, out)
    else:
        _fused(a, b, c, out)


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile at the first call, and keep on disk what was compiled where Numba finds a folder for it."""
    options = {"error_model": "numpy", "nogil": True}
    try:
        made: Callable[..., None] = njit(cache=True, **options)(function)
    except RuntimeError:
        made = njit(**options)(function)
    return made


@_compiled
def _fused(a: Any, b: Any, c: Any, out: Any) -> None:
    for at in range(out.size):
        out[at] = fma(a[at], _entry(b, at), _entry(c, at))


@_compiled
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

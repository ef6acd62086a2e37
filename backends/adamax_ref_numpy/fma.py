"""Sources of the fused multiply-add: the processor, through Numba, or exact emulation by ordinary ufuncs.

A provider is proved before it is used: it has to answer a few triples, on which every near miss that we know of is
wrong, to the last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, final

import numpy as np

from adamax_ref.arrays.fma import exactly, fma_binary32, fma_binary64, two_sum
from adamax_ref.backend import BackendUnavailable
from adamax_ref.backend.arithmetic import wrong_triples
from adamax_ref.recipe.profile import BINARY32

Block = np.ndarray[Any, Any]
FmaInto = Callable[[Any, Any, Any, Block], object]
"""``fma(a, b, c, out)``: blocks or scalars of one type; `out` may be one of the operands."""


@final
@dataclass(frozen=True)
class Provider:
    """A fused multiply-add on blocks.

    Attributes
    ----------
    kind : {"hardware", "emulated"}
        Who does it.
    make : callable
        ``make(dtype, size)`` returns it for blocks of up to `size` elements.
    scratch : callable
        ``scratch(dtype)``: bytes an element that it keeps.
    """

    kind: Literal["hardware", "emulated"]
    make: Callable[[np.dtype[Any], int], FmaInto]
    scratch: Callable[[np.dtype[Any]], int]


@cache
def provider(wish: Literal["auto", "emulated"]) -> Provider:
    """Return the proved provider.

    Raises
    ------
    BackendUnavailable
        When its answers are wrong, which means that the process rounds or flushes in a way of its own.
    """
    found = (_hardware() if wish == "auto" else None) or _emulation()
    for name in ("binary32", "binary64"):
        wrong = wrong_triples(name, partial(_call, found))
        if wrong:
            raise BackendUnavailable(f"the {found.kind} fused multiply-add of NumPy is wrong here: {wrong[0]}")
    return found


def _call(found: Provider, a: Block, b: Block, c: Block) -> Block:
    out = np.empty_like(a)
    with np.errstate(all="ignore"):
        found.make(a.dtype, a.size)(a, b, c, out)
    return out


def _hardware() -> Provider | None:
    try:
        from adamax_ref.arrays.fused import fma_into
    except ImportError:
        return None
    return Provider("hardware", lambda dtype, size: fma_into, lambda dtype: 0)


def _emulation() -> Provider:
    return Provider("emulated", _emulated, lambda dtype: _Screened.SCRATCH if dtype.itemsize == 4 else 0)


def _emulated(dtype: np.dtype[Any], size: int) -> FmaInto:
    return _Screened(size) if dtype.itemsize == 4 else _transformed


def _transformed(a: Any, b: Any, c: Any, out: Block) -> None:
    """Float64: error-free transformations, and exact rationals for the elements near the ends of the range."""
    for start in range(0, out.size, _PIECE):
        piece = slice(start, start + _PIECE)
        operands = np.broadcast_arrays(*(operand[piece] if np.ndim(operand) else operand for operand in (a, b, c)), out[piece])
        result, safe = fma_binary64(np, *operands[:3])
        for at in np.flatnonzero(~safe):
            result[at] = exactly(*(float(operand[at]) for operand in operands[:3]))
        out[piece] = result


_PIECE = 4096
"""Elements at a time: some twenty temporary arrays are alive at once and are to stay in the cache together."""


@final
class _Screened:
    """Float32 by way of float64, with one rounding too many only where that can do harm.

    A float64 sum in the middle of two float32 ends in 1 and 28 zeros; below 2**-126 the middles lie elsewhere. Nearly
    always a block holds neither; where it does, those few elements are computed by the exact form.
    """

    SCRATCH = 20
    """Bytes an element."""

    __slots__ = ("_addend", "_factor", "_total")

    def __init__(self, size: int) -> None:
        self._total, self._addend = np.empty((2, size), np.float64)
        self._factor = np.empty(size, np.float32)

    def __call__(self, a: Any, b: Any, c: Any, out: Block) -> None:
        total, addend, factor = (scratch[: out.size] for scratch in (self._total, self._addend, self._factor))
        if np.ndim(a) == 0:
            a, b = b, a
        if a is out or b is out:  # the result takes its place before it is known to be right
            np.copyto(factor, out)
            a, b = (factor if operand is out else operand for operand in (a, b))
        # A conversion of its own is faster than one inside an operation.
        np.copyto(total, a)
        if np.ndim(b):
            np.copyto(addend, b)
        np.multiply(total, addend if np.ndim(b) else np.float64(b), out=total)
        np.copyto(addend, c)
        np.add(total, addend, out=total)
        np.copyto(out, total, casting="same_kind")
        if not _is_clear(total, out):
            _correct(a, b, addend, out)


def _is_clear(total: Block, single: Block) -> bool:
    """Return whether no sum is a middle, and none is zero or so small that its result could be subnormal; `total` is lost."""
    ends, sizes = total.view(np.int64), total.view(np.float32)[: total.size]
    np.left_shift(ends, 35, out=ends)  # the 29 bits that float32 has no room for
    if ends.min() == _MIDDLE:
        return False
    np.absolute(single, out=sizes)
    return bool(sizes.min() > _SMALLEST_NORMAL)


def _correct(a: Any, b: Any, addend: Block, out: Block) -> None:
    """Compute anew what had one rounding too many where that may matter: an inexact sum on a middle, or near zero."""
    for start in range(0, out.size, _PIECE):
        piece = slice(start, start + _PIECE)
        a_piece, b_piece = (operand[piece] if np.ndim(operand) else operand for operand in (a, b))
        total, error = map(np.asarray, two_sum(np.multiply(a_piece, b_piece, dtype=np.float64), addend[piece]))
        risky = (total.view(np.int64) << 35 == _MIDDLE) | (np.absolute(total) < _SMALLEST_NORMAL)
        suspects = np.flatnonzero(risky & (error != 0))  # numbers of 16 bits lie on middles all the time, but exactly
        if suspects.size:
            a_few, b_few = (operand[suspects] if np.ndim(operand) else operand for operand in (a_piece, b_piece))
            out[piece][suspects] = fma_binary32(np, a_few, b_few, addend[piece][suspects].astype(np.float32))


_MIDDLE = np.iinfo(np.int64).min
_SMALLEST_NORMAL = BINARY32.smallest_normal

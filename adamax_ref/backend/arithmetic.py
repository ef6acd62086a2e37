"""Proofs that the floating-point arithmetic of this process is what a bit-exact step needs.

Libraries switch the processor to flushing subnormal numbers without saying so (one linked with ``-ffast-math`` does it
when it is loaded, ``torch.set_flush_denormal(True)`` on demand), and a fused multiply-add may turn out to be two
roundings. Engines ask here first and refuse to answer wrongly.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from adamax_ref.arrays.types import HostArray
from adamax_ref.recipe.profile import FORMATS

from .contract import BackendUnavailable

_NAMES = {"binary32": "float32", "binary64": "float64"}
# From its bits: a literal, a conversion or a product is 0 for good when this line runs in a process that flushes.
(_TINY,) = struct.unpack("<d", bytes([1, 0, 0, 0, 0, 0, 0, 0]))

HARD_TRIPLES: dict[str, tuple[tuple[str, str, str, str, str], ...]] = {
    "binary32": (
        ("middle, tail above", "0x1.001p+0", "0x1.001p+0", "0x1p-60", "0x1.002002p+0"),
        ("middle, tail below", "0x1.003p+0", "0x1.001p+0", "-0x1p-60", "0x1.004002p+0"),
        ("subnormal middle", "0x1.00001p-75", "0x1.ffffep-76", "0x1.000004p-127", "0x1.000004p-127"),
        ("cancellation", "0x1.001p+0", "0x1.001p+0", "-0x1p+0", "0x1.0008p-11"),
        ("subnormal", "0x1.16c2p-133", "0x1p+0", "0x0p+0", "0x1.16c2p-133"),
    ),
    "binary64": (
        ("middle, tail above", "0x1.0000004p+0", "0x1.0000002p+0", "0x1p-105", "0x1.0000006000001p+0"),
        ("middle, tail below", "0x1.000000cp+0", "0x1.0000002p+0", "-0x1p-110", "0x1.000000e000001p+0"),
        ("cancellation", "0x1.999999999999ap-4", "0x1.4p+3", "-0x1p+0", "0x1p-54"),
        ("subnormal", "0x1p-1074", "0x1p-1", "0x1p-1074", "0x1p-1073"),
        ("overflow on the way", "0x1p+1023", "0x1p+1", "-0x1p+1023", "0x1p+1023"),
    ),
}
"""Name, operands and fused result in hexadecimal: each is one that a known wrong evaluation misses."""


def wrong_triples(form: Literal["binary32", "binary64"], fma: Callable[[HostArray, HostArray, HostArray], HostArray]) -> list[str]:
    """Return a sentence for each hard triple that `fma` gets wrong.

    Parameters
    ----------
    form : {"binary32", "binary64"}
        Format of the operands.
    fma : callable
        Takes and returns NumPy arrays of that format.

    Raises
    ------
    BackendUnavailable
        When this thread flushes subnormal numbers.

    Examples
    --------
    >>> wrong_triples("binary32", lambda a, b, c: a * b + c)[0]
    'middle, tail above: fma(0x1.0010000000000p+0, 0x1.0010000000000p+0, 0x1.0000000000000p-60) is not 0x1.0020000000000p+0'
    """
    require_gradual_underflow()  # else the triples themselves become zeros, and prove nothing
    return list(_wrong(form, fma))


def _wrong(form: Literal["binary32", "binary64"], fma: Callable[[HostArray, HostArray, HostArray], HostArray]) -> Iterator[str]:
    dtype = np.dtype(_NAMES[FORMATS[form].name])
    rows = HARD_TRIPLES[form]
    a, b, c, want = (np.array([float.fromhex(row[column]) for row in rows], dtype) for column in range(1, 5))
    with np.errstate(all="ignore"):
        got = np.asarray(fma(a, b, c))
    for at, row in enumerate(rows):
        if got[at].tobytes() != want[at].tobytes():
            operands = ", ".join(float(operand[at]).hex() for operand in (a, b, c))
            yield f"{row[0]}: fma({operands}) is not {float(got[at]).hex()}"


def flushes() -> bool:
    """Return whether the processor turns subnormal numbers into zeros in this thread; each thread has a switch of its own.

    Examples
    --------
    >>> flushes()
    False
    """
    # One product sees both switches of x86: DAZ takes the operand for zero, FTZ the result.
    return bool(_TINY * 1.0 == 0.0)


def require_gradual_underflow() -> None:
    """Refuse to compute while the processor turns subnormal numbers into zeros.

    Raises
    ------
    BackendUnavailable
        When it does so in this thread.

    Examples
    --------
    >>> require_gradual_underflow()
    """
    if flushes():
        raise BackendUnavailable(
            "this process flushes subnormal numbers to zero, so a step would not be exact; call "
            "torch.set_flush_denormal(False) in the thread that steps, or do not load libraries that were linked with -ffast-math"
        )

"""The one operation that Numba does not offer: a fused multiply-add, by LLVM's own intrinsic."""

from functools import cache
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic


@intrinsic  # type: ignore[untyped-decorator] # Numba publishes no types
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return ``a * b + c`` of three numbers of one type with a single rounding; for use in compiled code."""

    def generate(_: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return builder.fma(*operands)

    return a(a, a, a), generate


@cache
def fma_ufunc() -> "np.ufunc":
    """Return a ufunc of three float32 or float64 operands that rounds once; compiled at the first call, kept on disk.

    Examples
    --------
    >>> float(fma_ufunc()(np.float64(0.1), np.float64(10), np.float64(-1)))
    5.551115123125783e-17
    """
    signatures = ["float32(float32, float32, float32)", "float64(float64, float64, float64)"]
    made: np.ufunc = numba.vectorize(signatures, cache=True)(_fused)
    return made


def _fused(a: Any, b: Any, c: Any) -> Any:
    return fma(a, b, c)

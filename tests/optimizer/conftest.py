"""Fixtures of the optimizer's tests: comparison of bits, and real gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

_WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def _patterns(array: Any) -> np.ndarray[Any, Any]:
    """Return the bits of a real array, with one pattern for every NaN."""
    host = np.ascontiguousarray(array)
    words = host.view(_WORDS[host.dtype.itemsize]).copy()
    words[np.isnan(host.astype(np.float64))] = 0
    words[np.isnan(host.astype(np.float64))] -= 1
    return words


def _host(value: Any) -> np.ndarray[Any, Any]:
    from adamax_ref.optimizer.loading import to_host

    return to_host(value) if hasattr(value, "shape") else np.asarray(value)


def _same(got: Any, want: Any) -> bool:
    mine, theirs = _host(got), _host(want)
    if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return False
    if mine.dtype.kind == "c":
        return _same(mine.real, theirs.real) and _same(mine.imag, theirs.imag)
    return bool(np.array_equal(_patterns(mine), _patterns(theirs)))


@pytest.fixture
def same() -> Callable[[Any, Any], bool]:
    """Whether two arrays of any namespaces have the same shape, dtype and bits; any NaN equals any other."""
    return _same

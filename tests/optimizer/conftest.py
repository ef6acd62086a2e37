"""Fixtures of the optimizer's tests."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adamax_ref.optimizer.loading import to_host
from adamax_ref.truth.compare import first_difference


def _same(got: Any, want: Any) -> bool:
    mine, theirs = (to_host(value) if hasattr(value, "shape") else np.asarray(value) for value in (got, want))
    if mine.shape != theirs.shape or mine.dtype.name != theirs.dtype.name:
        return False
    return first_difference(mine, theirs) is None


@pytest.fixture
def same() -> Callable[[Any, Any], bool]:
    """Whether two arrays of any namespaces have the same shape, dtype and bits; any NaN equals any other."""
    return _same

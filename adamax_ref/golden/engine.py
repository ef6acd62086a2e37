"""Canonical bits from an array engine in place of the stepper: a corpus regenerated so must have the same bytes.

Exact values and bounds come from the same oracle as ever, so the engine's bits are held against them too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import numpy as np

from adamax_ref.arrays.memory import STORED
from adamax_ref.backend import AbstractBackend, get_backend
from adamax_ref.optimizer.tensors import bfloat16

from .oracle import ELEMENTS, Element, Made


@contextmanager
def computing(name: str | None) -> Iterator[None]:
    """Let the engine of that name compute every canonical step meanwhile; None leaves it to the stepper.

    Raises
    ------
    ValueError
        When no engine is registered under `name`.
    BackendUnavailable
        When it cannot run here.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> from adamax_ref.golden.oracle import State, canonical, step
    >>> torch, start = get("torch"), State(0, (1.0,), (0.0,), (0.0,))
    >>> with computing("numpy"):
    ...     step(canonical(torch, "f32"), start, [1.0], torch.defaults).theta
    (0.9980000257492065,)
    """
    if name is None:
        yield
        return
    backend = get_backend(name)
    _ = backend.capabilities
    token = ELEMENTS.set(lambda laws, rows: _elements(backend, laws, rows))
    try:
        yield
    finally:
        ELEMENTS.reset(token)


def lacking(name: str | None, profiles: Sequence[str]) -> list[str]:
    """Return the profiles that an engine does not compute in; the stepper computes in all."""
    return [] if name is None else sorted(set(profiles) - get_backend(name).capabilities.profiles)


def _elements(backend: AbstractBackend, laws: Sequence[Made], rows: Sequence[Element]) -> list[tuple[float, float, float]]:
    """Step elements in one call for each recipe; those of a recipe lie side by side."""
    made: list[tuple[float, float, float]] = []
    for (recipe, scalars), group in groupby(zip(laws, rows, strict=True), key=lambda pair: pair[0]):
        dtype = _dtype(recipe.storage)
        columns = zip(*(row for _, row in group), strict=True)
        p, g, m, u = (backend.from_host(np.array(column, dtype=np.float64).astype(dtype)) for column in columns)
        results = backend.step(recipe, [p], [g], [m], [u], [scalars])
        backend.synchronize()
        made += zip(*(backend.to_host(array[0]).astype(np.float64).tolist() for array in results), strict=True)
    return made


def _dtype(storage: str) -> np.dtype[Any]:
    made: np.dtype[Any] = bfloat16() if storage == "bfloat16" else np.dtype(STORED[storage])
    return made

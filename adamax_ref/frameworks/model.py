"""The dialect's side of a comparison: the same run as a framework's, computed from the recipe, and what differs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import PROFILES

from .protocol import Array, Start, Trajectory


def follow(name: str, start: Start, gradients: Sequence[Array | None], rates: Sequence[float] | None = None) -> Trajectory:
    """Run a dialect from `start` over the gradients, with the scalars that this machine's C library gives.

    Parameters
    ----------
    name : str
        Of the dialect.
    start : Start
        Where to begin; a real profile.
    gradients : sequence of array or None
        One entry a step; None skips the step.
    rates : sequence of float, optional
        Learning rate of each step; ``start.hyper.lr`` otherwise.

    Examples
    --------
    >>> from adamax_ref.recipe.hyper import Hyperparameters
    >>> zero = np.zeros(2)
    >>> follow("paper", Start("f64", Hyperparameters(lr=0.5, eps=0.0), zero, zero, zero), [np.ones(2)]).p
    [array([-0.5, -0.5])]
    """
    dialect = get(name)
    cut = _edge(dialect, start)
    parts = [(slice(None, cut), "body"), (slice(cut, None), "tail")]
    runs = [_run(dialect, start, part, place, gradients, rates) for part, place in parts if start.p.reshape(-1)[part].size]
    if not runs:
        return Trajectory(*([array] * len(gradients) for array in (start.p, start.m, start.u)))
    shape = start.p.shape
    joined = ([np.concatenate(step).reshape(shape) for step in zip(*quantity, strict=True)] for quantity in zip(*runs, strict=True))
    return Trajectory(*joined)


def _edge(dialect: Dialect, start: Start) -> int:
    """Return the index of the tail's first element; only 16-bit kernels have a tail."""
    form = PROFILES[start.profile]
    size = start.p.size
    return size // dialect.vector * dialect.vector if dialect.vector and form.storage is not form.working else size


def _run(dialect: Dialect, start: Start, part: slice, place: Any, gradients: Sequence[Array | None], rates: Any) -> Trajectory:
    recipe = dialect.recipe(start.hyper, start.profile, place)
    p, m, u = ([array.reshape(-1)[part].copy()] for array in (start.p, start.m, start.u))
    prepared = get_backend("numpy").compile(recipe).prepare(p, m, u)
    seen = Trajectory([], [], [])
    t = start.t
    for at, g in enumerate(gradients):
        if g is not None:
            t += 1
            h = start.hyper if rates is None else replace(start.hyper, lr=rates[at])
            prepared.run([g.reshape(-1)[part]], [dialect.scalars(h, t, recipe)])
        for kept, now in zip(seen, (p, m, u), strict=True):
            kept.append(now[0].copy())
    return seen


def mismatches(got: Sequence[Array], wanted: Sequence[Array]) -> int:
    """Count the elements that differ as bits; any NaN equals any NaN.

    Examples
    --------
    >>> mismatches([np.array([0.0, np.nan])], [np.array([-0.0, np.nan])])
    1
    """
    return sum(int(np.count_nonzero(_patterns(a) != _patterns(b))) for a, b in zip(got, wanted, strict=True))


def _patterns(array: Array) -> Any:
    """Return bit patterns, with one for all NaN."""
    patterns = np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}")
    return np.where(np.isnan(array), np.iinfo(patterns.dtype).max, patterns)

"""Values on which engines go wrong, and the oracle that says what is right."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from adamax_ref.exact.stepper import run
from adamax_ref.recipe.profile import PROFILES, Format
from adamax_ref.recipe.recipe import Recipe

Arrays = tuple[np.ndarray, ...]


def _grid(form: Format) -> list[float]:
    """Zeros, ends of the subnormal and normal ranges, ordinary numbers, infinities, NaN: numbers of the format."""
    tiny, small, large = form.smallest, form.smallest_normal, form.largest
    positive = [0.0, tiny, small - tiny, small, large, 1.0, form.round(1e-8), form.round(0.1), 3.5, np.inf]
    return [*positive, *(-x for x in positive), np.nan]


@pytest.fixture
def hard() -> Callable[[str, int], Arrays]:
    """Return ``p, g, m, u`` as doubles: grid values, normals and random bit patterns mixed; u holds no sign."""

    def make(profile: str, size: int) -> Arrays:
        form = PROFILES[profile].storage
        rng = np.random.default_rng(20240229)
        grid = np.array(_grid(form))
        patterns = [form.decode(int(bits)) for bits in rng.integers(0, 1 << form.width, size, dtype=np.uint64)]
        normals = [form.round(float(x)) for x in rng.standard_normal(size)]
        p, g, m, u = (
            np.choose(rng.integers(0, 3, size), [rng.choice(grid, size), rng.permutation(patterns), rng.permutation(normals)])
            for _ in "pgmu"
        )
        return p, g, m, np.abs(u)

    return make


@pytest.fixture
def oracle() -> Callable[[Recipe, Arrays, Sequence[float]], Arrays]:
    """Step each element exactly and return the new ``p, m, u`` as doubles."""

    def step(recipe: Recipe, values: Arrays, scalars: Sequence[float]) -> Arrays:
        rows = [run(recipe, p, g, m, u, scalars) for p, g, m, u in zip(*(value.tolist() for value in values), strict=True)]
        return tuple(np.array(rows).T)

    return step


@pytest.fixture
def same() -> Callable[[Any, Any], bool]:
    """Compare two arrays bit for bit, NaN by class."""

    def compare(got: np.ndarray, want: np.ndarray) -> bool:
        got, want = np.asarray(got).astype(np.float64), np.asarray(want).astype(np.float64)
        return bool(np.all((got.view(np.uint64) == want.view(np.uint64)) | (np.isnan(got) & np.isnan(want))))

    return compare

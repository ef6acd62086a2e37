"""Numbers for comparing a framework with its dialect: named families of parameters and gradients.

Every family is drawn from a generator seeded by its name, so that two runs see the same numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from adamax_ref.recipe.profile import PROFILES

from .protocol import Array

FAMILIES = ("wide", "normal", "zeros", "huge", "subnormal", "special")
"""Wide: twelve decades. Zeros: a third of the gradients is 0. Huge: up to overflow. Subnormal: parameters and gradients
below the smallest normal number. Special: infinities, NaN, signed zeros, far too large and far too small ones."""

_DECADES = {"f16": (-7, 4)}  # float16 has no twelve decades: from its least subnormal to overflow there are 12.1
_SPECIALS = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-30, -1e-30, 3e38, -3e38, 1e-44)


def dtype_of(profile: str) -> np.dtype[Any]:
    """Return the NumPy type of a profile's storage; bfloat16 is that of ``ml_dtypes``.

    Examples
    --------
    >>> dtype_of("f16")
    dtype('float16')
    """
    if profile == "bf16":
        import ml_dtypes

        brain: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return brain
    return np.dtype({"f64": "f8", "f32": "f4", "f16": "f2"}[profile])


def draw(family: str, profile: str, size: int, steps: int) -> tuple[Array, list[Array]]:
    """Return a parameter and the gradients of all steps.

    Parameters
    ----------
    family : str
        One of :data:`FAMILIES`.
    profile : str
        A real profile.
    size, steps : int
        Number of elements and of steps.

    Examples
    --------
    >>> p, gradients = draw("wide", "f32", 5, 3)
    >>> p.dtype, len(gradients)
    (dtype('float32'), 3)
    """
    rng = np.random.default_rng(list(f"{family}/{profile}".encode()))
    dtype = dtype_of(profile)
    p = rng.normal(size=size) * (_tiny(profile) if family == "subnormal" else 1.0)
    with np.errstate(over="ignore"):
        return p.astype(dtype), [_GRADIENT[family](rng, profile, size).astype(dtype) for _ in range(steps)]


def _wide(rng: np.random.Generator, profile: str, size: int) -> Array:
    return rng.normal(size=size) * 10.0 ** rng.uniform(*_DECADES.get(profile, (-9, 3)), size)


def _normal(rng: np.random.Generator, profile: str, size: int) -> Array:
    return rng.normal(size=size)


def _zeros(rng: np.random.Generator, profile: str, size: int) -> Array:
    return np.where(rng.random(size) < 1 / 3, 0.0, _wide(rng, profile, size))


def _huge(rng: np.random.Generator, profile: str, size: int) -> Array:
    largest = PROFILES[profile].storage.largest
    decades = 2 if profile == "f16" else 8
    return rng.choice([-1.0, 1.0], size) * largest * 10.0 ** rng.uniform(-decades, 0, size)


def _subnormal(rng: np.random.Generator, profile: str, size: int) -> Array:
    return rng.normal(size=size) * _tiny(profile)


def _special(rng: np.random.Generator, profile: str, size: int) -> Array:
    return np.where(rng.random(size) < 0.15, rng.choice(_SPECIALS, size), _wide(rng, profile, size))


def _tiny(profile: str) -> float:
    return PROFILES[profile].storage.smallest_normal / 16


_GRADIENT: dict[str, Callable[[np.random.Generator, str, int], Array]] = {
    "wide": _wide,
    "normal": _normal,
    "zeros": _zeros,
    "huge": _huge,
    "subnormal": _subnormal,
    "special": _special,
}

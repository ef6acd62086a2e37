"""Turn cases into NumPy arrays and back, for targets that run in this process.

A malformed pattern, a wrong length or a negative counter cannot become arrays: a target was never asked about those.
"""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.golden.case import Case
from adamax_ref.golden.patterns import decode, encode
from adamax_ref.recipe.profile import PROFILES, Format

_DTYPES = {"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "c64": "complex64", "c128": "complex128"}

Array = np.ndarray[Any, Any]


class Unaskable(Exception):
    """A case that cannot be put to a target in this process; it counts neither for nor against it."""


@final
@dataclass(frozen=True)
class Start:
    """Parameter and state as arrays of the profile, gradients one for each step or None where it is skipped."""

    theta: Array
    m: Array
    u: Array
    grads: tuple[Array | None, ...]


def dtype_of(profile: str) -> np.dtype[Any]:
    """Return the NumPy type of a profile; bfloat16 needs the package ml_dtypes.

    Examples
    --------
    >>> dtype_of("c64")
    dtype('complex64')
    """
    if profile == "bf16":
        from ml_dtypes import bfloat16

        made: np.dtype[Any] = np.dtype(bfloat16)
        return made
    return np.dtype(_DTYPES[profile])


def start_of(case: Case) -> Start:
    """Turn a case into arrays.

    Raises
    ------
    Unaskable
        When a pattern is malformed, a length does not fit the shape, or the counter is negative.
    """
    if case.init.t < 0:
        raise Unaskable("a negative counter")
    grads = tuple(None if each.grad is None else _array(each.grad, case) for each in case.steps)
    theta, m, u = (_array(getattr(case.init, name), case) for name in ("theta", "m", "u"))
    return Start(theta, m, u, grads)


def _array(text: str, case: Case) -> Array:
    try:
        numbers = decode(text, case.form)
    except ValueError as error:
        raise Unaskable("malformed arrays") from error
    parts = 2 if PROFILES[case.profile].is_complex else 1
    count = parts * math.prod(case.shape)
    if len(numbers) != count:
        raise Unaskable("malformed arrays")
    real = np.array(numbers, dtype=np.float64)
    dtype = dtype_of(case.profile)
    made = real.astype(dtype) if parts == 1 else real.astype(dtype.type(0).real.dtype).view(dtype)
    return made.reshape(case.shape)


def text_of(array: Array, form: Format) -> str:
    """Write an array as patterns; a complex number is two.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> text_of(np.array([1 - 2j], dtype=np.complex64), BINARY32)
    '3f800000 c0000000'
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.kind == "c":
        flat = flat.view(flat.real.dtype)
    return encode(flat.astype(np.float64).tolist(), form)

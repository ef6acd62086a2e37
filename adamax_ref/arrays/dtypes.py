"""Names of the types of arrays, whatever library they belong to."""

from functools import lru_cache

from .types import Array

PROFILE_OF_DTYPE = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "complex64": "c64",
    "complex128": "c128",
}


def dtype_name(array: Array) -> str:
    """Name of an array's dtype without namespace or byte order, e.g. ``"float32"``.

    Examples
    --------
    >>> import numpy as np
    >>> dtype_name(np.zeros(1, dtype=">f4"))
    'float32'
    """
    return _name_of_dtype(array.dtype)


@lru_cache(maxsize=256, typed=True)  # dtypes of different namespaces must not be compared
def _name_of_dtype(dtype: object) -> str:
    """Return the bare name; cached, for NumPy takes 5 microseconds to make one."""
    return str(getattr(dtype, "name", dtype)).rsplit(".", 1)[-1]


def profile_of(array: Array) -> str:
    """Name of the profile whose storage type an array has.

    Raises
    ------
    TypeError
        When it is of another type; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> profile_of(np.zeros(3, dtype=np.complex64))
    'c64'
    """
    name = dtype_name(array)
    if name not in PROFILE_OF_DTYPE:
        raise TypeError(f"Adamax needs a floating or complex dtype, not {name}; one of {', '.join(PROFILE_OF_DTYPE)}")
    return PROFILE_OF_DTYPE[name]

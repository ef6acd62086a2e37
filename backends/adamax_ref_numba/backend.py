"""The Numba engine: its name, its abilities, and arrays in and out of it."""

from functools import cache
from importlib.util import find_spec
from typing import Any, final

import numpy as np

from adamax_ref.arrays.memory import zeros_apart
from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import PROFILE_OF_DTYPE, AbstractBackend, BackendUnavailable, Capabilities, Kernel, dtype_name
from adamax_ref.optimizer.tensors import is_plain_tensor
from adamax_ref.recipe.recipe import Recipe


@final
class NumbaBackend(AbstractBackend):
    """Compiles a recipe into one loop over memory, run on every core, on the arrays of the NumPy engine.

    Examples
    --------
    >>> BACKEND.owns(np.zeros(3, np.float32)), BACKEND.owns(np.zeros(3, int))
    (True, False)
    """

    name = "numba"
    priority = 10
    remedy = "pip install 'adamax-ref[numba]'"

    @property
    def capabilities(self) -> Capabilities:
        """Return that all profiles are computed in place, and subnormal numbers survive."""
        if find_spec("numba") is None:
            raise BackendUnavailable(f"backend 'numba' needs the package numba, which is missing; {self.remedy}")
        return Capabilities()

    def owns(self, array: Array) -> bool:
        """Return whether `array` is an ndarray, or a plain tensor of torch on the CPU, of a type that Adamax knows.

        A masked array is not, for its mask would be lost.
        """
        is_array = isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray)
        return (is_array or is_plain_tensor(array)) and dtype_name(array) in PROFILE_OF_DTYPE

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes; compiled code is cached on disk."""
        _ = self.capabilities
        return _kernel(recipe)

    def from_host(self, value: HostArray, like: Any = None) -> HostArray:
        """Return a copy, of the dtype of `like` when that is given."""
        return np.array(value, dtype=None if like is None else like.dtype)

    def to_host(self, array: Array) -> HostArray:
        """Return a copy."""
        return np.array(array)

    def zeros_like(self, array: Any) -> HostArray:
        """Return zeros of the same shape, dtype and axis order."""
        return zeros_apart(array)


@cache
def _kernel(recipe: Recipe) -> Kernel:
    from .kernel import kernel_for

    return kernel_for(recipe)


BACKEND = NumbaBackend()

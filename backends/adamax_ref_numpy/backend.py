"""The NumPy engine: its name, its abilities, and arrays in and out of it."""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal, final

import numpy as np

from adamax_ref.arrays.memory import zeros_apart
from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import PROFILE_OF_DTYPE, AbstractBackend, Capabilities, Kernel, dtype_name
from adamax_ref.recipe.recipe import Recipe

from .fma import Provider, provider
from .kernel import kernel_for


@final
class NumpyBackend(AbstractBackend):
    """Runs a recipe as ufuncs with ``out=`` on blocks that stay in the cache, on any array that NumPy can describe.

    Parameters
    ----------
    name : str
        Name of the entry point.
    fma : {"auto", "emulated"}
        ``"auto"`` takes the processor's instruction through Numba where Numba is installed; the bits are the same.
        A thread keeps less than 1 MiB of scratch with it, and up to 4 MiB for the emulation.

    Examples
    --------
    >>> NumpyBackend("numpy-emulated", fma="emulated").capabilities.fma
    'emulated'
    """

    priority = 0

    def __init__(self, name: str = "numpy", fma: Literal["auto", "emulated"] = "auto") -> None:
        self.name = name
        self._fma = fma
        self._compiled = lru_cache(maxsize=None)(self._compile)

    @property
    def capabilities(self) -> Capabilities:
        """Return that all profiles are computed in place, and subnormal numbers survive."""
        present = self._fma == "auto" and find_spec("numba") is not None
        return Capabilities(fma="hardware" if present else "emulated")

    def owns(self, array: Array) -> bool:
        """Return whether `array` is an ndarray of a type that Adamax knows; a masked array is not, its mask would be lost."""
        is_array = isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray)
        return is_array and dtype_name(array) in PROFILE_OF_DTYPE

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes."""
        return self._compiled(recipe)

    def from_host(self, value: HostArray, like: Any = None) -> HostArray:
        """Return a copy, of the dtype of `like` when that is given."""
        return np.array(value, dtype=None if like is None else like.dtype)

    def to_host(self, array: Array) -> HostArray:
        """Return a copy."""
        return np.array(array)

    def zeros_like(self, array: Any) -> HostArray:
        """Return zeros of the same shape, dtype and axis order."""
        return zeros_apart(array)

    def _provider(self) -> Provider:
        return provider(self._fma)

    def _compile(self, recipe: Recipe) -> Kernel:
        needed = any(operation.name == "fma" for operation in recipe.operations)
        return kernel_for(recipe, self._provider() if needed else None)


BACKEND = NumpyBackend()
EMULATED = NumpyBackend("numpy-emulated", fma="emulated")

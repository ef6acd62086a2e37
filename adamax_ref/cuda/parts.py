"""Real and imaginary parts of complex CUDA arrays, as views."""

import sys
from typing import Any, final

import numpy as np

from .arrays import library, place_of


@final
class Part:
    """The real or imaginary numbers of a complex array, for libraries whose arrays cannot show them.

    Parameters
    ----------
    whole : array
        Complex, with the CUDA array interface.
    number : int
        0 for the real part, 1 for the imaginary part.
    """

    def __init__(self, whole: Any, number: int) -> None:
        address, self.shape, strides, dtype = place_of(whole)
        self.dtype = np.dtype(f"f{dtype.itemsize // 2}")
        self.device = getattr(whole, "device", None)
        self.whole = whole
        self.__cuda_array_interface__ = {
            "data": (address + number * self.dtype.itemsize, False),
            "shape": self.shape,
            "strides": strides,
            "typestr": self.dtype.str,
            "version": 3,
        }


def parts_of(array: Any) -> list[Any]:
    """Return views of the real and of the imaginary part of a complex array."""
    name = library(array)
    if name == "cupy":
        return [array.real, array.imag]
    if name == "torch":
        pairs = sys.modules["torch"].view_as_real(array.detach())
        return [pairs[..., 0], pairs[..., 1]]
    return [Part(array, 0), Part(array, 1)]

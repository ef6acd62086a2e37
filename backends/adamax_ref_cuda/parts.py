"""Parts of CUDA arrays as views: real and imaginary numbers, and pieces that have recipes of their own."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from adamax_ref.arrays.tables import Buffer, ghost
from adamax_ref.arrays.types import Array
from adamax_ref.backend import Arrays, Cut, Pieces

from .arrays import View, library, place_of


def parts_of(array: Array) -> list[Array]:
    """Return views of the real and of the imaginary part of a complex array."""
    own: Any = array
    name = library(array)
    if name == "cupy":
        return [own.real, own.imag]
    if name == "torch":
        pairs = sys.modules["torch"].view_as_real(own.detach())
        return [pairs[..., 0], pairs[..., 1]]
    address, shape, strides, dtype = place_of(array)
    real = np.dtype(f"f{dtype.itemsize // 2}")
    return [View(array, Buffer(address + number * real.itemsize, shape, strides), real) for number in (0, 1)]


def pieces_of(arrays: Arrays, cut: Cut) -> Pieces:
    """Cut arrays in the way in which `cut` cuts NumPy arrays that lie in the same places.

    Nothing is read: `cut` is given arrays that only know where they lie, and what it makes of them is turned back.
    """
    places = [place_of(array) for array in arrays]
    body, tail = cut(tuple(ghost(Buffer(*place[:3]), int(place[3].itemsize)) for place in places))
    return [_views(arrays, piece) for piece in body], [_views(arrays, piece) for piece in tail]


def _views(arrays: Sequence[Any], shadows: Sequence[Any]) -> tuple[View, ...]:
    return tuple(
        View(array, Buffer(shadow.__array_interface__["data"][0], shadow.shape, shadow.strides), array.dtype)
        for array, shadow in zip(arrays, shadows, strict=True)
    )

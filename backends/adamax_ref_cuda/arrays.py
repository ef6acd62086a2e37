"""Arrays on a CUDA device as addresses, whoever made them: CuPy, torch, or anything with the CUDA array interface.

No library is imported: an array tells its own, and what belongs to that library is reached through it. Nothing is
copied; a view stays a view.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any, Protocol, final

from adamax_ref.arrays.memory import overlaps_itself
from adamax_ref.arrays.tables import Buffer, Quad, ghost
from adamax_ref.arrays.types import Array
from adamax_ref.backend import Arrays, dtype_name
from adamax_ref.recipe.recipe import Recipe

STORED = {"binary64": "float64", "binary32": "float32", "binary16": "float16", "bfloat16": "bfloat16"}
"""Name of the dtype that holds each storage format."""


class ItemType(Protocol):
    """The dtype of a library, as far as an address needs it."""

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""


Place = tuple[int, tuple[int, ...], tuple[int, ...], ItemType]
"""Address, shape, strides in bytes, and the library's own dtype: all that a table depends on."""


@final
class View:
    """A part of a CUDA array, for what its own library could not show without copying.

    Parameters
    ----------
    whole : array
        Owner of the memory, which stays alive with this.
    place : Buffer
        Where the part lies.
    dtype : dtype
        NumPy's or the library's own.
    """

    def __init__(self, whole: object, place: Buffer, dtype: ItemType) -> None:
        self.whole: Any = whole.whole if isinstance(whole, View) else whole
        self.shape, self.dtype, self.device = place.shape, dtype, getattr(whole, "device", None)
        self.__cuda_array_interface__ = {
            "data": (place.address, False),
            "shape": place.shape,
            "strides": place.strides,
            "typestr": f"|V{int(dtype.itemsize)}",
            "version": 3,
        }


def library(array: object) -> str:
    """Name of the package an array's type comes from.

    Examples
    --------
    >>> library([])
    'builtins'
    """
    return type(array).__module__.partition(".")[0]


def is_cuda_array(array: object) -> bool:
    """Return whether `array` lies on a CUDA device; nothing is imported to find out.

    Examples
    --------
    >>> is_cuda_array(memoryview(b""))
    False
    """
    if hasattr(array, "is_cuda"):  # torch: a tensor on the CPU has the interface too, and raises when it is asked
        return bool(array.is_cuda)
    names = ("__cuda_array_interface__", "__cuda_ndarray__")  # the class is asked first: making the interface takes time
    return any(hasattr(type(array), name) for name in names) or hasattr(array, names[0])


def _of_cupy(array: Any) -> Place:
    return array.data.ptr, array.shape, array.strides, array.dtype


def _of_torch(array: Any) -> Place:
    size = array.element_size()
    return array.data_ptr(), tuple(array.shape), tuple([size * step for step in array.stride()]), array.dtype


def interface_of(array: Any) -> Mapping[str, Any]:
    """Return the CUDA array interface; under Numba's simulator arrays lie on the host and have NumPy's."""
    found: Mapping[str, Any] = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    return found


def _of_interface(array: Any) -> Place:
    interface = interface_of(array)
    shape = tuple(interface["shape"])
    strides = interface.get("strides")
    if strides is None:
        size = int(interface["typestr"][2:])
        strides = tuple(size * prod(shape[at + 1 :]) for at in range(len(shape)))
    return int(interface["data"][0] or 0), shape, tuple(strides), array.dtype


_DESCRIBE: dict[str, Callable[[Any], Place]] = {"cupy": _of_cupy, "torch": _of_torch}


def place_of(array: object) -> Place:
    """Return where an array lies.

    Raises
    ------
    AttributeError
        When it is no CUDA array.
    """
    return _DESCRIBE.get(library(array), _of_interface)(array)


def places_of(*lists: Arrays) -> list[list[Place]]:
    """Return where the arrays of several lists lie; the key of their tables."""
    return [
        list(map(_DESCRIBE.get(library(arrays[0]), _of_interface) if _alike(arrays) else place_of, arrays)) if arrays else []
        for arrays in lists
    ]


def _alike(arrays: Arrays) -> bool:
    return len(set(map(type, arrays))) == 1


def device_of(array: object) -> int | None:
    """Return the number of the device an array lies on, or None when the array does not say."""
    device = getattr(array, "device", None)
    number = getattr(device, "id", getattr(device, "index", None))
    return number if isinstance(number, int) else None


def stream_of(array: object) -> int:
    """Return the handle of the stream on which the array's library works now; 0 is the default stream."""
    own: Any = array.whole if isinstance(array, View) else array
    name = library(own)
    if name == "cupy":
        return int(sys.modules["cupy"].cuda.get_current_stream().ptr)
    if name == "torch":
        return int(sys.modules["torch"].cuda.current_stream(own.device).cuda_stream)
    return 0


def require_updatable(array: Array) -> None:
    """Refuse an array that cannot be updated where it lies.

    Raises
    ------
    ValueError
        When it is read-only or overlaps itself.
    """
    address, shape, strides, dtype = place_of(array)
    if library(array) not in _DESCRIBE and interface_of(array)["data"][1]:
        raise ValueError(f"cannot update a read-only CUDA array of shape {shape}; pass a writable copy")
    if overlaps_itself(ghost(Buffer(address, shape, strides), int(dtype.itemsize))):
        raise ValueError(
            f"cannot update a CUDA array whose elements overlap in memory (shape {shape}, strides {strides}); pass a copy"
        )


def require_together(recipe: Recipe, lists: Mapping[str, Arrays]) -> None:
    """Refuse arrays that do not belong into one launch of a recipe.

    Parameters
    ----------
    recipe : Recipe
        What is to be computed.
    lists : mapping of str to sequence of array
        By what messages call them; parameters first.

    Raises
    ------
    TypeError
        When an array has another dtype than the recipe stores.
    ValueError
        When shapes differ, an address or stride is not a multiple of the element's size, or two devices take part.
    """
    stored, size = STORED[recipe.storage], recipe.storage_format.width // 8
    for arrays in zip(*lists.values(), strict=True):
        for name, array in zip(lists, arrays, strict=True):
            address, shape, strides, dtype = place_of(array)
            if dtype_name(array) != stored:
                raise TypeError(f"{name} has dtype {dtype}, but this kernel stores {stored}; convert it")
            if shape != tuple(arrays[0].shape):
                raise ValueError(f"{name} has shape {shape}, its parameter {tuple(arrays[0].shape)}; they must be equal")
            if address % size or any(step % size for step in strides):
                raise ValueError(f"{name} does not lie on multiples of its {size} bytes; pass a copy")
    require_one_device(array for arrays in lists.values() for array in arrays)


def require_one_device(arrays: Iterable[object]) -> None:
    """Refuse arrays of several devices."""
    devices = sorted({number for number in map(device_of, arrays) if number is not None})
    if len(devices) > 1:
        raise ValueError(f"the arrays of a step lie on CUDA devices {devices}; use one optimizer for each device")


def buffer_of(place: Place) -> Buffer:
    """Return a place without its dtype."""
    return Buffer(*place[:3])


def quads_of(places: Sequence[Sequence[Place]]) -> list[Quad]:
    """Turn four lists of places into the rows that tables are built from."""
    return [(Buffer(*p[:3]), Buffer(*g[:3]), Buffer(*m[:3]), Buffer(*u[:3])) for p, g, m, u in zip(*places, strict=True)]

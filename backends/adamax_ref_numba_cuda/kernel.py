"""From a recipe to a function that Numba compiles for the device, or runs under its simulator."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numba import config, cuda, types

from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.geometry import CHUNK

from .source import element_source, kernel_source, lanes

SIMULATED = bool(config.ENABLE_CUDASIM)
"""Whether Numba was told to simulate (``NUMBA_ENABLE_CUDASIM=1``) before it was imported."""

device: Any = import_module(f"{__package__}.{'twins' if SIMULATED else 'access'}")
libdevice: Any = device.libdevice

SIGNATURE = types.void(types.int64, types.int64, types.int64, types.int64)
"""Addresses of tensors, layouts, chunks and constants (an address fits 63 bits)."""


class Dispatcher(Protocol):
    """A kernel that waits for blocks, threads of a block, and a stream."""

    def __getitem__(self, configuration: tuple[int, int, object], /) -> Callable[..., None]: ...


def kernel_function(recipe: Recipe, name: str = "adamax_step", chunk: int = CHUNK) -> Callable[..., None]:
    """Return the kernel of a recipe as a Python function, for :func:`numba.cuda.jit`.

    Parameters
    ----------
    recipe : Recipe
        What to compute.
    name : str
        Name of the function, as profilers show it.
    chunk : int
        Elements of a block's share, a power of two.

    Raises
    ------
    KeyError
        When the recipe computes in a format that the device has no arithmetic for.
    """
    scope = _scope(recipe, chunk)
    exec(compile(element_source(recipe), f"<element of {name}>", "exec"), scope)
    scope["element"] = scope["element"] if SIMULATED else cuda.jit(device=True, inline="always")(scope["element"])
    exec(compile(kernel_source(recipe, name), f"<kernel {name}>", "exec"), scope)
    kernel: Callable[..., None] = scope[name]
    return kernel


def _scope(recipe: Recipe, chunk: int) -> dict[str, Any]:
    """Return the names that the source uses."""
    return {
        "cuda": cuda,
        "int64": np.int64 if SIMULATED else types.int64,
        "libdevice": libdevice,
        "load_int32": device.load_int32,
        "load_int64": device.load_int64,
        "quotient": device.quotient,
        "remainder": device.remainder,
        "larger": device.larger,
        "greater": device.greater,
        "flushed": device.flushed,
        **device.accessors(recipe.storage_format, recipe.working_format),
        "INT32": 4,
        "INT64": 8,
        "WORKING": recipe.working_format.width // 8,
        "STORAGE": recipe.storage_format.width // 8,
        "LANE_BITS": lanes(recipe).bit_length() - 1,
        "CHUNK_BITS": chunk.bit_length() - 1,
    }


@cache
def compiled(recipe: Recipe) -> Dispatcher:
    """Return the kernel to launch; it is compiled for the device at hand at its first launch."""
    dispatcher: Dispatcher = cuda.jit(kernel_function(recipe))
    return dispatcher


def ptx(function: Callable[..., None], capability: tuple[int, int]) -> str:
    """Compile a kernel to PTX; needs no GPU, but not the simulator.

    Parameters
    ----------
    function : callable
        From :func:`kernel_function`.
    capability : tuple of int
        Such as ``(9, 0)``.
    """
    text, _ = cuda.compile(function, SIGNATURE, cc=capability, device=False, abi="numba", output="ptx")
    return str(text)

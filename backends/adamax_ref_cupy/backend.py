"""The CuPy engine: its name, its abilities, and arrays in and out of it."""

from typing import TYPE_CHECKING, final

import numpy as np

from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import BackendUnavailable, dtype_name
from adamax_ref_cuda.arrays import library
from adamax_ref_cuda.driver import first_line, no_room, require_device
from adamax_ref_cuda.engine import CudaBackend
from adamax_ref_cuda.launcher import Launcher

from .compiler import REMEDY, nvrtc_version

if TYPE_CHECKING:
    import cupy


@final
class CupyBackend(CudaBackend):
    """Runs a recipe as one CUDA kernel on arrays of CuPy, torch, or anything with the CUDA array interface.

    Examples
    --------
    >>> CupyBackend().owns(np.zeros(3))
    False
    """

    name = "cupy"
    priority = 20
    remedy = REMEDY

    def ask(self) -> None:
        """Ask for CuPy, for a driver and a device that it can use, and for the compiler, in this order."""
        try:
            import cupy
        except ImportError as error:
            raise BackendUnavailable(f"CuPy is not installed or cannot be loaded ({first_line(error)}); {REMEDY}") from error
        require_device(int(cupy.cuda.runtime.runtimeGetVersion()), "CuPy")
        nvrtc_version()

    def new_launcher(self) -> Launcher:
        """Return a new launcher."""
        from .launcher import CupyLauncher

        return CupyLauncher()

    def supports_bfloat16(self) -> bool:
        """Return whether the current device can round to bfloat16."""
        import cupy

        return int(cupy.cuda.Device().compute_capability) >= 80

    def own_from_host(self, value: HostArray) -> "cupy.ndarray":
        """Return a new CuPy array; the bits of bfloat16 travel as integers."""
        import cupy

        bare = value.view(np.uint16) if dtype_name(value) == "bfloat16" else value
        try:
            array = cupy.array(bare, order="K")
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room("a copied array", value.nbytes) from error
        return array.view(value.dtype)

    def own_to_host(self, array: Array) -> HostArray:
        """Return a NumPy copy."""
        import cupy

        own: cupy.ndarray = array if library(array) == "cupy" else cupy.asarray(array)
        if dtype_name(own) == "bfloat16":
            bare: HostArray = cupy.asnumpy(own.view(np.uint16)).view(own.dtype)
            return bare
        host: HostArray = cupy.asnumpy(own)
        return host

    def own_zeros_like(self, array: Array) -> "cupy.ndarray":
        """Return CuPy zeros."""
        import cupy

        own: cupy.ndarray = array if library(array) == "cupy" else cupy.asarray(array)
        try:
            return cupy.zeros_like(own)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room("state", own.size * own.dtype.itemsize) from error

    def synchronize(self) -> None:
        """Wait for the current device."""
        import cupy

        cupy.cuda.Device().synchronize()


BACKEND = CupyBackend()

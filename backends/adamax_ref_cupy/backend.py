"""What the CuPy engine is called, when it can run, and how arrays get in and out of it."""

from typing import Any, final

import numpy as np

from adamax_ref.backend import BackendUnavailable, dtype_name
from adamax_ref_cuda.arrays import library
from adamax_ref_cuda.driver import first_line, no_room, require_device
from adamax_ref_cuda.engine import CudaBackend
from adamax_ref_cuda.launcher import Launcher

from .compiler import REMEDY, nvrtc_version


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
        """Whether the current device can round to bfloat16."""
        import cupy

        return int(cupy.cuda.Device().compute_capability) >= 80

    def own_from_host(self, value: np.ndarray[Any, Any]) -> Any:
        """Return a new CuPy array; the bits of bfloat16 travel as integers."""
        import cupy

        bare = value.view(np.uint16) if dtype_name(value) == "bfloat16" else value
        try:
            array = cupy.array(bare, order="K")
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room("a copied array", value.nbytes) from error
        return array.view(value.dtype)

    def own_to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """Return a NumPy copy."""
        import cupy

        if library(array) != "cupy":
            array = cupy.asarray(array)
        if dtype_name(array) == "bfloat16":
            bare: np.ndarray[Any, Any] = cupy.asnumpy(array.view(np.uint16)).view(array.dtype)
            return bare
        host: np.ndarray[Any, Any] = cupy.asnumpy(array)
        return host

    def own_zeros_like(self, array: Any) -> Any:
        """Return CuPy zeros."""
        import cupy

        try:
            return cupy.zeros_like(array if library(array) == "cupy" else cupy.asarray(array))
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room("state", array.size * array.dtype.itemsize) from error

    def synchronize(self) -> None:
        """Wait for the current device."""
        import cupy

        cupy.cuda.Device().synchronize()


BACKEND = CupyBackend()

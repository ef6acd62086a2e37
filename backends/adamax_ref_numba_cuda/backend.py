"""The Numba-CUDA engine: its name, its abilities, and arrays in and out of it."""

import importlib.util
import os
from importlib import import_module
from typing import Any, Literal, final

import numpy as np

from adamax_ref.arrays.types import Array, HostArray, StepCounter
from adamax_ref.backend import BackendUnavailable, dtype_name
from adamax_ref_cuda.arrays import place_of
from adamax_ref_cuda.driver import first_line, no_room, require_device
from adamax_ref_cuda.engine import CudaBackend
from adamax_ref_cuda.launcher import Launcher

REMEDY = "pip install 'adamax-ref[numba-cuda]'"


@final
class NumbaCudaBackend(CudaBackend):
    """Runs a recipe as one Numba-CUDA kernel on arrays of Numba, CuPy, torch, or anything with the CUDA array interface.

    With ``NUMBA_ENABLE_CUDASIM=1`` in the environment it runs under Numba's simulator, on the host and very slowly.

    Examples
    --------
    >>> NumbaCudaBackend().owns(np.zeros(3))
    False
    """

    name = "numba-cuda"
    priority = 10
    remedy = REMEDY

    def ask(self) -> None:
        """Ask for numba-cuda, and for a driver and a device that its toolkit can use."""
        try:
            import_module("numba_cuda")  # without it Numba has an old CUDA target of its own, which lacks what we need
        except ImportError as error:
            raise BackendUnavailable(f"numba-cuda is not installed or cannot be loaded ({first_line(error)}); {REMEDY}") from error
        if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") in ("", "0"):
            require_device(_toolkit(), "numba-cuda")
            _require_started()

    def new_launcher(self) -> Launcher:
        """Return a new launcher."""
        from .launcher import NumbaLauncher

        return NumbaLauncher()

    def supports_bfloat16(self) -> bool:
        """Return whether the current device can round to bfloat16; the simulator can if NumPy has the type."""
        from numba import cuda

        from .kernel import SIMULATED

        if SIMULATED:
            return importlib.util.find_spec("ml_dtypes") is not None
        return tuple(cuda.get_current_device().compute_capability) >= (8, 0)

    def own_from_host(self, value: HostArray) -> Array:
        """Return a new Numba device array; the bits of bfloat16 travel as integers."""
        from numba import cuda

        bare = value.view(np.uint16) if dtype_name(value) == "bfloat16" else value
        try:
            array = cuda.to_device(np.array(bare, order="K"))
        except Exception as error:
            if "OUT_OF_MEMORY" in str(error):
                raise no_room("a copied array", value.nbytes) from error
            raise
        made: Array = array.view(value.dtype) if bare is not value else array
        return made

    def own_to_host(self, array: Array) -> HostArray:
        """Return a NumPy copy."""
        from numba import cuda

        own: Any = array if hasattr(array, "copy_to_host") else cuda.as_cuda_array(array)
        if dtype_name(own) == "bfloat16":
            bits: HostArray = own.view(np.uint16).copy_to_host()
            return bits.view(own.dtype)
        host: HostArray = own.copy_to_host()
        return host

    def own_zeros_like(self, array: Array) -> Array:
        """Return Numba zeros, in the order of axes of a dense array."""
        _, shape, strides, _ = place_of(array)
        dtype: Any = array.dtype
        order: Literal["C", "F"] = "F" if len(shape) > 1 and strides[0] == dtype.itemsize and shape[0] != 1 else "C"
        return self.own_from_host(np.zeros(shape, dtype, order=order))

    def own_count(self, step: StepCounter, number: int) -> StepCounter:
        """Return an advanced counter; Numba's arrays have no arithmetic, so theirs is written, by an asynchronous copy."""
        from numba import cuda

        if not hasattr(step, "copy_to_device"):
            return super().own_count(step, number)
        own: Any = step
        own.copy_to_device(np.full(own.shape, number, dtype=own.dtype), stream=cuda.default_stream())
        return step

    def synchronize(self) -> None:
        """Wait for the current device."""
        from numba import cuda

        cuda.synchronize()


def _toolkit() -> int:
    """Return the version of the CUDA toolkit that numba-cuda compiles with, as CUDA counts."""
    try:
        from cuda.bindings import nvrtc

        _, major, minor = nvrtc.nvrtcVersion()
    except (ImportError, RuntimeError, OSError) as error:
        raise BackendUnavailable(f"the CUDA compiler of numba-cuda cannot be loaded ({first_line(error)}); {REMEDY}") from error
    return 1000 * int(major) + 10 * int(minor)


def _require_started() -> None:
    """Ask Numba itself, once a device is known to be there."""
    from numba import cuda

    try:
        cuda.current_context()
    except Exception as error:
        raise BackendUnavailable(f"numba-cuda cannot use the CUDA device ({first_line(error)}); {REMEDY}") from error


BACKEND = NumbaCudaBackend()

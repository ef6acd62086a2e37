"""Put the interpreter where the device would be; a plugin of pytest, and called by ``rehearse.py``."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import adamax_ref_cuda.driver as driver

from . import cupy_stand_in
from .memory import ARCHITECTURE, STREAMS, Driver, numba_kernel


class NumbaArray(cupy_stand_in.ndarray):
    """An array that Numba made."""

    __module__ = "numba.cuda"

    def copy_to_host(self) -> Any:
        """Return a copy on the host."""
        return np.array(self, order="K", subok=False)

    def copy_to_device(self, host: Any, stream: Any = 0) -> None:
        """Copy from the host, in the order of a stream."""
        STREAMS[getattr(stream, "handle", 0)].require_not_recording()
        self[...] = host


class NumbaEvent:
    """A moment."""

    def record(self, stream: Any) -> None:
        """Mark it."""

    def query(self) -> bool:
        """Tell that it has passed."""
        return True

    def wait(self, stream: Any) -> None:
        """Nothing is under way."""


def to_device(host: Any, stream: Any = 0) -> Any:
    """Return a copy on the device."""
    STREAMS[getattr(stream, "handle", 0)].require_not_recording()
    return cupy_stand_in.placed(np.asarray(host)).view(NumbaArray)


class Compiled:
    """Numba's kernel of a recipe, with blocks, threads and stream in brackets."""

    def __init__(self, recipe: Any) -> None:
        self.kernel = numba_kernel(recipe)

    def __getitem__(self, configuration: tuple[int, int, Any]) -> Any:
        blocks, threads, stream = configuration
        return lambda *addresses: STREAMS[getattr(stream, "handle", 0)].launch(self.kernel, blocks, threads, addresses)


def cubin_file(source: str, arch: str) -> Path:
    """Compile for the device with NVRTC, and write PTX where CuPy would find machine code."""
    from adamax_ref_cupy.compiler import compile_source

    folder = Path(tempfile.mkdtemp())
    (folder / "kernel.ptx").write_bytes(compile_source(source, arch, "ptx"))
    return folder / "kernel.ptx"


def install() -> None:
    """Replace what reaches a device."""
    if "cupy" in sys.modules and sys.modules["cupy"] is not cupy_stand_in:
        raise RuntimeError("CuPy is loaded already; install the stand-in first")
    sys.modules["cupy"] = cupy_stand_in
    libcuda: Any = Driver()
    driver.require_device.__defaults__ = (lambda: libcuda,)
    driver._loaded = lambda: libcuda  # type: ignore[assignment]
    launcher: Any = import_module("adamax_ref_cupy.launcher")
    launcher.cubin_file = cubin_file
    _install_numba()


def _install_numba() -> None:
    from numba import cuda

    device = SimpleNamespace(compute_capability=ARCHITECTURE)
    replaced: dict[str, Any] = {
        "to_device": to_device,
        "pinned_array": lambda shape, dtype: np.empty(shape, dtype),
        "event": NumbaEvent,
        "external_stream": lambda handle: STREAMS[handle],
        "default_stream": lambda: 0,
        "get_current_device": lambda: device,
        "current_context": lambda: None,
        "as_cuda_array": lambda array: np.asarray(array).view(NumbaArray),
        "synchronize": lambda: None,
        "gpus": [cupy_stand_in.Device()],
    }
    for name, value in replaced.items():
        assert hasattr(cuda, name), name
        setattr(cuda, name, value)
    launcher: Any = import_module("adamax_ref_numba_cuda.launcher")
    launcher.compiled = Compiled


def pytest_configure() -> None:
    """Install for a run of pytest that names this module as a plugin."""
    install()

"""CuPy's part in a launch: memory from its pools, its streams and events, and kernels loaded from compiled files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, final

import cupy
import numpy as np

from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.driver import is_capturing, no_room
from adamax_ref_cuda.geometry import THREADS
from adamax_ref_cuda.launcher import HostArray, Launcher

from .compiler import cubin_file
from .source import PROLOGUE, kernel_name, kernel_source


@final
class CupyLauncher(Launcher):
    """Launches through CuPy, on the stream that the arrays' library works on."""

    @contextmanager
    def on(self, device: int | None, stream: int) -> Iterator[int]:
        """Make a device and a stream current, so that memory comes from their pools."""
        number = cupy.cuda.Device().id if device is None else device
        with cupy.cuda.Device(number), _stream(stream, number):
            yield stream

    def upload(self, host: HostArray, stream: int) -> cupy.ndarray:
        """Return a device copy; CuPy copies through page-locked memory that it keeps until the copy is done."""
        try:
            return cupy.asarray(host)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room("tables", host.nbytes) from error

    def locked(self, like: HostArray) -> HostArray:
        """Return an array in page-locked memory."""
        memory = cupy.cuda.alloc_pinned_memory(like.nbytes)
        array: HostArray = np.frombuffer(memory, like.dtype, like.size).reshape(like.shape)
        return array

    def refresh(self, target: cupy.ndarray, locked: HostArray, stream: int) -> cupy.cuda.Event:
        """Start the copy and mark its end."""
        cupy.cuda.runtime.memcpyAsync(
            target.data.ptr, locked.ctypes.data, locked.nbytes, cupy.cuda.runtime.memcpyHostToDevice, stream
        )
        return self.mark(stream)

    def mark(self, stream: int) -> cupy.cuda.Event:
        """Record an event; the stream is the current one here."""
        event = cupy.cuda.Event(disable_timing=True)
        event.record()
        return event

    def has_passed(self, event: cupy.cuda.Event) -> bool:
        """Ask the event."""
        return bool(event.done)

    def wait(self, event: cupy.cuda.Event, stream: int) -> None:
        """Let the stream wait."""
        cupy.cuda.runtime.streamWaitEvent(stream, event.ptr)

    def is_capturing(self, stream: int) -> bool:
        """Ask the driver."""
        return is_capturing(stream)

    def launch(self, recipe: Recipe, blocks: int, addresses: Sequence[int], stream: int) -> None:
        """Launch on the current stream."""
        kernel = _kernel(recipe, cupy.cuda.Device().id)
        kernel((blocks,), (THREADS,), tuple(np.uint64(address) for address in addresses))


@cache
def _kernel(recipe: Recipe, device: int) -> Any:
    """Return the loaded kernel of a recipe; each device has its own machine code."""
    arch = f"sm_{cupy.cuda.Device(device).compute_capability}"
    file = cubin_file(PROLOGUE + kernel_source(recipe), arch)
    return cupy.RawModule(path=str(file)).get_function(kernel_name(recipe))


@lru_cache(maxsize=256)
def _stream(handle: int, device: int) -> Any:
    """Return CuPy's object for a stream that may belong to another library."""
    if hasattr(cupy.cuda.Stream, "from_external"):  # CuPy 14
        return cupy.cuda.Stream.from_external(_Handle(handle))
    return cupy.cuda.ExternalStream(handle, device)


@final
class _Handle:
    """A stream by the CUDA stream protocol (https://nvidia.github.io/cuda-python/cuda-core/latest/interoperability.html)."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._handle

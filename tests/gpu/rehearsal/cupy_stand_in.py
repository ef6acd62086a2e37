"""As much of CuPy as the CuPy engine and ``proof.py`` use, on the interpreter's memory.

Arrays are NumPy's, placed where the interpreter can reach them; kernels are PTX in a file, where CuPy would load machine code.
"""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import numpy as np

from tests.backends_cuda.ptx.parser import parse

from .memory import ARCHITECTURE, DEFAULT, MACHINE, STREAMS
from .memory import Stream as Queue

CURRENT = [DEFAULT]


class OutOfMemoryError(Exception):
    """The device is full."""


class ndarray(np.ndarray):
    """An array on the device."""

    __module__ = "cupy"

    @property
    def data(self) -> Any:
        """Where it lies."""
        return SimpleNamespace(ptr=self.ctypes.data)

    @property
    def device(self) -> Any:
        """The only device."""
        return SimpleNamespace(id=0)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """The address, for other libraries."""
        return dict(self.__array_interface__) | {"strides": self.strides, "stream": 1}

    def __array_function__(self, function: Any, types: Any, given: Any, named: Any) -> Any:
        """Make what is to be like an array on the device there too."""
        if function is np.empty_like:
            fresh = np.empty_like(np.asarray(given[0]), **named)
            return placed(fresh)
        return super().__array_function__(function, types, given, named)

    def copy(self, order: Any = "C") -> "ndarray":
        """Return a copy on the device."""
        return placed(np.array(self, order=order, subok=False))

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "ndarray":
        return self.copy()

    def set(self, host: Any) -> None:
        """Copy from the host, in the order of the current stream."""
        CURRENT[-1].require_not_recording()
        self[...] = host


def placed(host: Any) -> ndarray:
    """Return a copy on the device."""
    CURRENT[-1].require_not_recording()
    host = np.asarray(host)
    if host.nbytes > 1 << 27:
        raise OutOfMemoryError(f"Out of memory allocating {host.nbytes:,} bytes")
    if not host.dtype.itemsize % 2:
        there: ndarray = MACHINE.memory.place(host).view(ndarray)
        return there
    copied: ndarray = host.copy(order="K").view(ndarray)
    return copied


def array(host: Any, order: str = "K") -> ndarray:
    """Return a copy on the device, or of an array there."""
    return placed(np.asarray(host))


def asarray(host: Any) -> ndarray:
    """Return an array of the device as it is, else a copy there."""
    return host if isinstance(host, ndarray) else placed(np.asarray(host))


def asnumpy(array: Any, stream: Any = None) -> Any:
    """Return a copy on the host."""
    return np.array(array, order="K", subok=False)


def zeros(shape: Any, dtype: Any = float) -> ndarray:
    """Return zeros on the device."""
    return placed(np.zeros(shape, dtype))


def ones(shape: Any, dtype: Any = float) -> ndarray:
    """Return ones on the device."""
    return placed(np.ones(shape, dtype))


empty = zeros


def zeros_like(array: Any) -> ndarray:
    """Return zeros on the device."""
    size = array.size * array.dtype.itemsize
    if size > 1 << 27:
        raise OutOfMemoryError(f"Out of memory allocating {size:,} bytes")
    return placed(np.zeros_like(array, subok=False))


copyto: Callable[..., None] = np.copyto
sort: Callable[..., Any] = np.sort
float32 = np.float32
random = SimpleNamespace(standard_normal=lambda size: np.zeros(min(size, 1 << 10)).view(ndarray))
lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=lambda *given, **named: _strided(*given, **named)))


def _strided(array: Any, shape: Any, strides: Any) -> ndarray:
    view: Any = np.lib.stride_tricks.as_strided(array, shape, strides, subok=True)
    strided: ndarray = view
    return strided


class RawModule:
    """Kernels from a file; the file holds PTX here."""

    def __init__(self, path: str) -> None:
        self.kernels = parse(Path(path).read_text(encoding="utf-8"))

    def get_function(self, name: str) -> Callable[..., None]:
        """Return a function ``kernel(blocks, threads, arguments)``."""
        kernel = self.kernels[name]
        return lambda blocks, threads, given: CURRENT[-1].launch(kernel, blocks[0], threads[0], given)


class Stream:
    """A stream by its handle."""

    def __init__(self, non_blocking: bool = False, queue: Queue | None = None) -> None:
        self.queue = queue or Queue()
        self.ptr = self.queue.handle

    @classmethod
    def from_external(cls, other: Any) -> "Stream":
        """Return the stream of another library."""
        return cls(queue=STREAMS[other.__cuda_stream__()[1]])

    def __enter__(self) -> "Stream":
        CURRENT.append(self.queue)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        CURRENT.pop()

    def synchronize(self) -> None:
        """Wait: everything has happened."""
        self.queue.require_not_recording()

    def begin_capture(self) -> None:
        """Record what follows."""
        self.queue.recorded = []

    def end_capture(self) -> "Graph":
        """Return what was recorded."""
        recorded, self.queue.recorded = self.queue.recorded or [], None
        return Graph(recorded)


class Graph:
    """Recorded launches."""

    def __init__(self, launches: list[Callable[[], None]]) -> None:
        self.launches = launches

    def launch(self, stream: Stream) -> None:
        """Do them again."""
        for launch in self.launches:
            launch()


class Event:
    """A moment."""

    done, ptr = True, 0

    def __init__(self, disable_timing: bool = False) -> None:
        self.moment = 0.0

    def record(self) -> None:
        """Remember now."""
        self.moment = time.perf_counter()

    def synchronize(self) -> None:
        """Wait: it has passed."""


class Device:
    """The only device."""

    def __init__(self, number: int = 0) -> None:
        self.id = number
        self.compute_capability = "".join(map(str, ARCHITECTURE))

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to restore."""

    def synchronize(self) -> None:
        """Wait: everything has happened."""


def _copy(target: int, source: int, size: int, kind: int, stream: int) -> None:
    import ctypes

    STREAMS[stream].require_not_recording()
    ctypes.memmove(target, source, size)


runtime = SimpleNamespace(
    getDeviceProperties=lambda number: {"name": b"PTX interpreter on the CPU", "multiProcessorCount": 1, "l2CacheSize": 0},
    memGetInfo=lambda: (1 << 28, 1 << 28),
    driverGetVersion=lambda: 13050,
    runtimeGetVersion=lambda: 13050,
    getDeviceCount=lambda: 1,
    memcpyAsync=_copy,
    memcpyHostToDevice=1,
    streamWaitEvent=lambda stream, event: None,
)
cuda = SimpleNamespace(
    Device=Device,
    Event=Event,
    Stream=Stream,
    alloc_pinned_memory=lambda size: bytearray(size),
    get_elapsed_time=lambda start, stop: 1e3 * (stop.moment - start.moment),
    get_current_stream=lambda: Stream(queue=CURRENT[-1]),
    memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
    runtime=runtime,
)

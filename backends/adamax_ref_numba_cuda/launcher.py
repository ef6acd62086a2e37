"""Numba's part in a launch: device arrays, its streams and events, and the compiled kernel."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any, final

from numba import cuda

from adamax_ref.arrays.types import Array
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.driver import is_capturing, no_room
from adamax_ref_cuda.geometry import THREADS
from adamax_ref_cuda.launcher import HostArray, Launcher

from .kernel import SIMULATED, compiled

SIMULATED_THREADS = 8
"""Threads of a simulated block: each is a thread of the host, which takes milliseconds to start."""


@final
class NumbaLauncher(Launcher):
    """Launches through Numba, on the stream that the arrays' library works on."""

    @contextmanager
    def on(self, device: int | None, stream: int) -> Iterator[int]:
        """Make the device current that the arrays name, if they do; streams are named in each call."""
        with nullcontext() if device is None else cuda.gpus[device]:
            yield stream

    def upload(self, host: HostArray, stream: int) -> Array:
        """Return a device copy; the driver has read pageable memory by the time it returns."""
        try:
            made: Array = cuda.to_device(host, stream=_stream(stream))
        except Exception as error:
            if "OUT_OF_MEMORY" in str(error):
                raise no_room("tables", host.nbytes) from error
            raise
        return made

    def locked(self, like: HostArray) -> HostArray:
        """Return an array in page-locked memory."""
        array: HostArray = cuda.pinned_array(like.shape, dtype=like.dtype)
        return array

    def refresh(self, target: Array, locked: HostArray, stream: int) -> object:
        """Start the copy and mark its end."""
        own: Any = target
        own.copy_to_device(locked, stream=_stream(stream))
        return self.mark(stream)

    def mark(self, stream: int) -> object:
        """Record an event."""
        event = cuda.event()
        event.record(_stream(stream))
        return event

    def has_passed(self, event: object) -> bool:
        """Ask the event; the simulator does everything at once."""
        return SIMULATED or _queried(event)

    def wait(self, event: object, stream: int) -> None:
        """Let the stream wait."""
        own: Any = event
        own.wait(_stream(stream))

    def is_capturing(self, stream: int) -> bool:
        """Ask the driver; the simulator has no streams."""
        return not SIMULATED and is_capturing(stream)

    def launch(self, recipe: Recipe, blocks: int, addresses: Sequence[int], stream: int) -> None:
        """Launch on the stream."""
        _configured(recipe, blocks, stream)(*addresses)


def _queried(event: Any) -> bool:
    return bool(event.query())


def _configure(recipe: Recipe, blocks: int, stream: int) -> Any:
    """Return the kernel for so many blocks, without Numba's warning that few blocks leave a device idle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compiled(recipe)[blocks, SIMULATED_THREADS if SIMULATED else THREADS, _stream(stream)]


_configured = _configure if SIMULATED else lru_cache(maxsize=1024)(_configure)  # a simulated kernel has one configuration


@lru_cache(maxsize=256)
def _stream(handle: int) -> Any:
    """Return Numba's object for a stream that may belong to another library."""
    return cuda.external_stream(handle) if handle and not SIMULATED else 0

"""The device that is not there: one memory, one interpreter, streams that do everything at once or record it."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, final

from adamax_ref.recipe.recipe import Recipe
from tests.backends_cuda.ptx.machine import Launch, Machine
from tests.backends_cuda.ptx.memory import Memory
from tests.backends_cuda.ptx.parser import Kernel, parse

MACHINE = Machine(Memory(1 << 28))
ARCHITECTURE = (9, 0)
STREAMS: dict[int, "Stream"] = {}


@final
class Stream:
    """A stream; 0 is the default one, which cannot be captured."""

    def __init__(self) -> None:
        self.handle = len(STREAMS)
        self.recorded: list[Callable[[], None]] | None = None
        STREAMS[self.handle] = self

    def launch(self, kernel: Kernel, blocks: int, threads: int, addresses: Sequence[int]) -> None:
        """Run a kernel, or record it for a graph."""

        def run() -> None:
            MACHINE.run(kernel, Launch(blocks, threads, tuple(map(int, addresses))))

        if self.recorded is None:
            run()
        else:
            self.recorded.append(run)

    def require_not_recording(self) -> None:
        """Refuse what a device refuses while a stream is captured."""
        if self.recorded is not None:
            raise RuntimeError("operation not permitted when stream is capturing")


DEFAULT = Stream()


@cache
def numba_kernel(recipe: Recipe) -> Kernel:
    """Return Numba-CUDA's kernel for a recipe."""
    from adamax_ref_numba_cuda.kernel import kernel_function, ptx

    return only(ptx(kernel_function(recipe), ARCHITECTURE))


def only(text: str) -> Kernel:
    """Return the kernel of a text that has one."""
    (kernel,) = parse(text).values()
    return kernel


@final
class Driver:
    """What the engines ask NVIDIA's driver library."""

    def cuInit(self, flags: int) -> int:
        """Start."""
        return 0

    def cuDeviceGetCount(self, count: Any) -> int:
        """Say that there is one device."""
        count._obj.value = 1
        return 0

    def cuDriverGetVersion(self, version: Any) -> int:
        """Name the version of CUDA that the compilers here are of."""
        version._obj.value = 13050
        return 0

    def cuStreamIsCapturing(self, stream: Any, status: Any) -> int:
        """Say whether a stream is captured."""
        status._obj.value = int(STREAMS[stream.value or 0].recorded is not None)
        return 0

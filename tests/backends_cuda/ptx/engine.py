"""A CUDA engine whose kernels are executed by the interpreter: everything above the launch is the code of a device."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np

from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.engine import CudaBackend
from adamax_ref_cuda.geometry import THREADS
from adamax_ref_cuda.launcher import HostArray, Launcher

from .machine import Launch, Machine
from .memory import Memory
from .parser import Kernel

KernelOf = Callable[[Recipe], Kernel]


@final
class DeviceArray:
    """An array in the interpreter's memory.

    Parameters
    ----------
    host : array
        A view of that memory.
    """

    def __init__(self, host: HostArray) -> None:
        self.host = host
        self.shape, self.dtype = host.shape, host.dtype
        self.device: Any = None

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """The address by which the device knows it."""
        return dict(self.host.__array_interface__) | {"strides": self.host.strides}


@final
class PtxLauncher(Launcher):
    """Executes PTX; everything has happened when a call returns.

    Attributes
    ----------
    launches : int
        How many kernels were launched.
    kernels : set of str
        Their names.
    """

    def __init__(self, machine: Machine, kernel_of: KernelOf) -> None:
        self.machine, self.kernel_of = machine, kernel_of
        self.kernels = set[str]()
        self.launches = 0

    @contextmanager
    def on(self, device: int | None, stream: int) -> Iterator[int]:
        """Change nothing."""
        yield stream

    def upload(self, host: HostArray, stream: int) -> Any:
        """Copy to memory that kernels can only read."""
        return DeviceArray(self.machine.memory.place(host, writable=False))

    def locked(self, like: HostArray) -> HostArray:
        """Return ordinary memory."""
        return np.empty_like(like)

    def refresh(self, target: Any, locked: HostArray, stream: int) -> Any:
        """Copy."""
        target.host[...] = locked
        return self.mark(stream)

    def mark(self, stream: int) -> Any:
        """Return an event that has passed."""
        return None

    def has_passed(self, event: Any) -> bool:
        """Everything has."""
        return True

    def wait(self, event: Any, stream: int) -> None:
        """Nothing is under way."""

    def is_capturing(self, stream: int) -> bool:
        """Nothing is captured here."""
        return False

    def launch(self, recipe: Recipe, blocks: int, addresses: Sequence[int], stream: int) -> None:
        """Execute all threads of all blocks."""
        kernel = self.kernel_of(recipe)
        self.launches += 1
        self.kernels.add(kernel.name)
        self.machine.run(kernel, Launch(blocks, THREADS, addresses))


@final
class PtxBackend(CudaBackend):
    """The CUDA engine over the interpreter.

    Parameters
    ----------
    kernel_of : callable
        Returns the kernel of a recipe.
    machine : Machine, optional
        With a memory of its own.
    """

    name = "cuda-interpreted"

    def __init__(self, kernel_of: KernelOf, machine: Machine | None = None) -> None:
        super().__init__()
        self.machine = machine or Machine(Memory())
        self.ptx_launcher = PtxLauncher(self.machine, kernel_of)

    def ask(self) -> None:
        """Every machine will do."""

    def new_launcher(self) -> Launcher:
        """Return the interpreter's."""
        return self.ptx_launcher

    def supports_bfloat16(self) -> bool:
        """Yes."""
        return True

    def own_from_host(self, value: HostArray) -> Any:
        """Return a copy."""
        return DeviceArray(self.machine.memory.place(value))

    def own_to_host(self, array: Any) -> HostArray:
        """Return a copy."""
        copied: HostArray = array.host.copy()
        return copied

    def own_zeros_like(self, array: Any) -> Any:
        """Return zeros."""
        return self.own_from_host(np.zeros_like(array.host))

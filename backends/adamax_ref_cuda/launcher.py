"""Interface of a CUDA library for :class:`adamax_ref_cuda.kernel.TableKernel`: memory, copies, events, the launch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

from adamax_ref.arrays.types import Array
from adamax_ref.arrays.types import HostArray as HostArray
from adamax_ref.recipe.recipe import Recipe


class Launcher(ABC):
    """A CUDA library, as far as a step needs one. Streams are handles, addresses are integers."""

    @abstractmethod
    def on(self, device: int | None, stream: int) -> AbstractContextManager[int]:
        """Make a device and a stream current for the library; gives the stream's handle."""

    @abstractmethod
    def upload(self, host: HostArray, stream: int) -> Array:
        """Return a new device array with what `host` holds, which is not empty; it arrives in the order of `stream`."""

    @abstractmethod
    def locked(self, like: HostArray) -> HostArray:
        """Return an array in page-locked memory, of the shape and dtype of `like`."""

    @abstractmethod
    def refresh(self, target: Array, locked: HostArray, stream: int) -> object:
        """Start copying page-locked memory to a device array; an event that passes when the copy is done."""

    @abstractmethod
    def mark(self, stream: int) -> object:
        """Return an event that passes when everything that `stream` was given so far is done."""

    @abstractmethod
    def has_passed(self, event: object) -> bool:
        """Return whether an event has passed; does not wait."""

    @abstractmethod
    def wait(self, event: object, stream: int) -> None:
        """Let `stream`, not the host, wait for an event."""

    @abstractmethod
    def is_capturing(self, stream: int) -> bool:
        """Return whether what `stream` is given goes into a graph."""

    @abstractmethod
    def launch(self, recipe: Recipe, blocks: int, addresses: Sequence[int], stream: int) -> None:
        """Launch the recipe's kernel: addresses of tensors, layouts, chunks and constants, one block for each chunk."""

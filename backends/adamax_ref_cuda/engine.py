"""Base class of the two CUDA engines: the arrays that they take, and one kernel for each recipe."""

from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache

from adamax_ref.arrays.types import Array, HostArray, StepCounter
from adamax_ref.backend import PROFILE_OF_DTYPE, AbstractBackend, Arrays, Capabilities, Cut, Kernel, Pieces, dtype_name, profile_of
from adamax_ref.recipe.recipe import Recipe

from .arrays import is_cuda_array, library, require_updatable
from .kernel import table_kernel
from .launcher import Launcher
from .parts import parts_of, pieces_of
from .tensors import tensor_bits, tensor_from, tensor_zeros_like


class CudaBackend(AbstractBackend):
    """An engine for arrays on a CUDA device, whichever library they belong to.

    An engine that derives from it says how to find out whether it can run, and brings a launcher and its own arrays.
    """

    def __init__(self) -> None:
        self._kernels: Callable[[Recipe], Kernel] = lru_cache(maxsize=None)(self._kernel)
        self._usable = False
        self._launcher: Launcher | None = None

    def require(self) -> None:
        """Raise :class:`~adamax_ref.backend.BackendUnavailable` when the engine cannot run here; quick when it can."""
        if not self._usable:
            self.ask()
            self._usable = True

    def launcher(self) -> Launcher:
        """Return the engine's launcher."""
        if self._launcher is None:
            self._launcher = self.new_launcher()
        return self._launcher

    @abstractmethod
    def ask(self) -> None:
        """Ask for everything that the engine needs; raise :class:`~adamax_ref.backend.BackendUnavailable`."""

    @abstractmethod
    def new_launcher(self) -> Launcher:
        """Return a new launcher."""

    @abstractmethod
    def supports_bfloat16(self) -> bool:
        """Return whether the device can round to bfloat16 (compute capability 8.0 and above)."""

    @abstractmethod
    def own_from_host(self, value: HostArray) -> Array:
        """Return a new array of the engine's own library."""

    @abstractmethod
    def own_to_host(self, array: Array) -> HostArray:
        """Return a NumPy copy of an array with the CUDA array interface."""

    @abstractmethod
    def own_zeros_like(self, array: Array) -> Array:
        """Return zeros like an array with the CUDA array interface."""

    def own_count(self, step: StepCounter, number: int) -> StepCounter:
        """Return a counter on the device advanced by one, to `number`, in the order of the stream."""
        step += 1
        return step

    @property
    def capabilities(self) -> Capabilities:
        """Return that the device's profiles are computed in place, and subnormal numbers survive."""
        self.require()
        profiles = frozenset(PROFILE_OF_DTYPE.values())
        return Capabilities(profiles=profiles if self.supports_bfloat16() else profiles - {"bf16"}, device="cuda")

    def owns(self, array: Array) -> bool:
        """Return whether `array` lies on a CUDA device and has a type that Adamax knows."""
        return is_cuda_array(array) and dtype_name(array) in PROFILE_OF_DTYPE

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes."""
        return self._kernels(recipe)

    def from_host(self, value: HostArray, like: Array | None = None) -> Array:
        """Return a new array, a torch tensor when `like` is one."""
        self.require()
        if library(like) == "torch":
            tensor: Array = tensor_from(value, self.own_from_host)
            return tensor
        return self.own_from_host(value)

    def to_host(self, array: Array) -> HostArray:
        """Return a NumPy copy."""
        return tensor_bits(array, self.own_to_host) if library(array) == "torch" else self.own_to_host(array)

    def zeros_like(self, array: Array) -> Array:
        """Return zeros of the same library, shape, dtype, device and order of axes."""
        return tensor_zeros_like(array) if library(array) == "torch" else self.own_zeros_like(array)

    def check(self, array: Array) -> None:
        """Refuse what cannot be written to, or overlaps itself."""
        require_updatable(array)

    def count(self, step: StepCounter, number: int) -> StepCounter:
        """Advance a counter in the order of the stream."""
        return self.own_count(step, number)

    def split(self, array: Array) -> list[Array]:
        """Return the real buffers an array consists of."""
        return parts_of(array) if profile_of(array).startswith("c") else [array]

    def pieces(self, arrays: Arrays, cut: Cut) -> Pieces:
        """Cut buffers into views of their memory, whatever their strides."""
        return pieces_of(arrays, cut)

    def _kernel(self, recipe: Recipe) -> Kernel:
        self.require()
        return table_kernel(recipe, self.launcher())

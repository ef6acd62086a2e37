"""What an optimizer under test is lent to work on: parameters with gradients, over arrays of NumPy or torch."""

from abc import ABC, abstractmethod
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

import numpy as np

from adamax_ref.arrays.types import Array as AnyArray
from adamax_ref.optimizer.parameter import Parameter
from adamax_ref.optimizer.types import Param

from .arrays import Array

if TYPE_CHECKING:
    from torch import Tensor


class Lender(ABC):
    """Makes parameters and state of one library from NumPy arrays, and reads them back."""

    @abstractmethod
    def parameter(self, array: Array) -> Param:
        """Return a parameter, with ``data`` and ``grad``, that holds a copy of these numbers."""

    @abstractmethod
    def array(self, numbers: Array) -> AnyArray:
        """Return a copy of these numbers as gradients and state have them."""

    @abstractmethod
    def count(self, t: int, like: object) -> object:
        """Return a step counter of the kind that the optimizer itself keeps."""

    @abstractmethod
    def read(self, value: object) -> Array:
        """Return the numbers of a parameter or of state; a parameter's where they are now."""


@final
class NumpyLender(Lender):
    """NumPy arrays in :class:`adamax_ref.Parameter`.

    Examples
    --------
    >>> NumpyLender().parameter(np.zeros(2))
    Parameter(name=None, shape=(2,), dtype=float64, grad=None)
    """

    def parameter(self, array: Array) -> Param:
        """Return a parameter of ours."""
        return Parameter(array.copy())

    def array(self, numbers: Array) -> AnyArray:
        """Return a copy."""
        return numbers.copy()

    def count(self, t: int, like: object) -> object:
        """Return a whole number of the same type."""
        kind: Any = type(like)
        made: object = kind(t)
        return made

    def read(self, value: object) -> Array:
        """Return the array."""
        return np.asarray(value.data if isinstance(value, Parameter) else value)


@final
class TorchLender(Lender):
    """Tensors on the CPU.

    Parameters
    ----------
    torch : module
        PyTorch.
    """

    def __init__(self, torch: ModuleType) -> None:
        self._torch = torch

    def parameter(self, array: Array) -> "Tensor":
        """Return a leaf that requires gradients."""
        return self.array(array).requires_grad_()

    def array(self, numbers: Array) -> "Tensor":
        """Return a tensor; bfloat16 goes through binary32, which holds it exactly."""
        if numbers.dtype.name == "bfloat16":
            return self._torch.from_numpy(numbers.astype("float32")).to(self._torch.bfloat16)
        return self._torch.from_numpy(numbers.copy())

    def count(self, t: int, like: object) -> object:
        """Return a number, or a tensor in double, as PyTorch makes it under a default type of double."""
        kind: Any = type(like)
        return self._torch.tensor(float(t), dtype=self._torch.float64) if self._torch.is_tensor(like) else kind(t)

    def read(self, value: "Tensor") -> Array:
        """Return the numbers as an array; those of bfloat16 in binary32."""
        tensor = value.detach()
        made: Array = (tensor.float() if tensor.dtype == self._torch.bfloat16 else tensor).numpy()
        return made

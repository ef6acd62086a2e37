"""A parameter: an array that is to be optimised, with a gradient and a name."""

from typing import Any, final

import numpy as np

from adamax_ref.arrays.types import Array

from .tensors import is_tensor


@final
class Parameter:
    """An array with a gradient.

    Parameters
    ----------
    data : array
        Floating or complex array of any namespace. A mutable one (NumPy, CuPy, torch) is updated where it lies; an
        immutable one (JAX, read-only namespaces) is replaced, so read it from here after a step.
    grad : array or None
        Of the shape, dtype and namespace of `data`. A parameter without gradient is skipped by a step.
    name : str or None
        What errors and reports call it.

    Raises
    ------
    TypeError
        When `data` is not an array.

    Examples
    --------
    >>> import numpy as np
    >>> Parameter(np.zeros((2, 3)), name="weight")
    Parameter(name='weight', shape=(2, 3), dtype=float64, grad=None)
    """

    __slots__ = ("__weakref__", "data", "grad", "name")

    def __init__(self, data: Array, grad: Array | None = None, name: str | None = None) -> None:
        if not (hasattr(data, "shape") and hasattr(data, "dtype")):
            raise TypeError(f"data must be an array, not {type(data).__name__}; numpy.asarray(data, dtype=float) makes one")
        self.data: Any = np.array(data) if isinstance(data, np.generic) else data  # a scalar of NumPy's cannot be written to
        self.grad: Any = grad
        self.name = name

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `data`."""
        return tuple(self.data.shape)

    @property
    def dtype(self) -> Any:
        """Dtype of `data`."""
        return self.data.dtype

    def __repr__(self) -> str:
        gradient = "None" if self.grad is None else "..."
        return f"Parameter(name={self.name!r}, shape={self.shape}, dtype={self.dtype}, grad={gradient})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the gradient out of pickles and copies, as PyTorch does."""
        return Parameter, (self.data, None, self.name)


def is_parameter(value: object) -> bool:
    """Return whether the optimizer takes `value` as a parameter: ours, or a torch tensor.

    Examples
    --------
    >>> import numpy as np
    >>> is_parameter(np.zeros(3)), is_parameter(Parameter(np.zeros(3)))
    (False, True)
    """
    return isinstance(value, Parameter) or is_tensor(value)


def type_name(value: object) -> str:
    """Name of a value's type as PyTorch's messages write it.

    Examples
    --------
    >>> import numpy as np
    >>> type_name(np.zeros(3)), type_name("x")
    ('numpy.ndarray', 'str')
    """
    if is_tensor(value):
        return str(value.type())
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"

"""Messages between two Pythons that need not have the same NumPy.

NumPy 1 cannot read the arrays that NumPy 2 pickles, and the other way round only with a warning; so an array travels as
its type, shape and bytes, which every NumPy understands.
"""

import pickle
from typing import IO, Any

import numpy as np

from .protocol import Array


def send(message: object, target: IO[bytes]) -> None:
    """Write a message.

    Examples
    --------
    >>> import io
    >>> wire = io.BytesIO()
    >>> send((np.arange(3.0), 7), wire)
    >>> receive(io.BytesIO(wire.getvalue()))
    (array([0., 1., 2.]), 7)
    """
    _Writer(target).dump(message)
    target.flush()


def receive(source: IO[bytes]) -> Any:
    """Read the next message; EOFError when there is none."""
    return pickle.load(source)


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return (_rebuilt, (value.dtype, value.shape, value.tobytes())) if isinstance(value, np.ndarray) else NotImplemented


def _rebuilt(dtype: np.dtype[Any], shape: tuple[int, ...], data: bytes) -> Array:
    return np.frombuffer(data, dtype).reshape(shape).copy()

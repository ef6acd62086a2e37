"""Arrays of any framework as NumPy arrays with the same bits."""

from typing import Any

import numpy as np

from adamax_ref.arrays.types import HostArray
from adamax_ref.optimizer.state_dict import to_host
from adamax_ref.optimizer.tensors import bfloat16, is_tensor


def host(name: str, value: object) -> HostArray:
    """Return a NumPy array with the bits of any array, in the machine's byte order; not always a copy.

    Parameters
    ----------
    name : str
        What it is, for the message.
    value : array
        Of NumPy, torch (on any device, with or without gradients, bfloat16 as well), JAX, CuPy,
        Numba, MLX, TensorFlow, Keras, Paddle, MXNet or MindSpore; or a number.

    Raises
    ------
    TypeError
        When it is nothing of numbers.

    Examples
    --------
    >>> host("m", np.ones(2, ">f4")).dtype
    dtype('float32')
    """
    array = _array(value)
    if array.dtype.kind not in "fiucV" or array.dtype.names is not None:
        kind = f"{type(value).__name__} of {array.dtype}"
        raise TypeError(f"{name} must be an array of numbers, got {kind}")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _array(value: Any) -> HostArray:
    if is_tensor(value):
        return to_host(value)
    # MXNet and MindSpore; TensorFlow, Keras and Paddle; Numba; CuPy
    for method in ("asnumpy", "numpy", "copy_to_host", "get"):
        if callable(getattr(value, method, None)):
            return np.asarray(getattr(value, method)())
    if type(value).__module__.startswith("mlx") and str(value.dtype).endswith("bfloat16"):
        import mlx.core as mx

        return np.asarray(value.view(mx.uint16)).view(bfloat16())
    return np.asarray(value)

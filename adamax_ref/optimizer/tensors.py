"""Torch tensors without importing torch: views that share their memory, and what else a step needs of them.

A CPU tensor is lent to a backend as a NumPy array over the same memory, so a step writes into the tensor itself and
the arithmetic is that of a backend, not of torch. Only a process that has imported torch can hold a tensor; so
``sys.modules`` is asked, and nothing is imported.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np


def is_tensor(value: Any) -> bool:
    """Whether `value` is a torch tensor.

    Examples
    --------
    >>> is_tensor(np.zeros(3))
    False
    """
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    return tensor is not None and isinstance(value, tensor)


def is_plain_tensor(value: Any) -> bool:
    """Whether `value` is a real tensor whose elements lie in host memory as they are, and of no subclass but Parameter.

    Examples
    --------
    >>> is_plain_tensor(np.zeros(3))
    False
    """
    if not is_tensor(value):
        return False
    torch = sys.modules["torch"]
    known = type(value) in (torch.Tensor, torch.nn.Parameter) and value.layout is torch.strided
    return known and value.device.type == "cpu" and not (value.is_complex() or value.is_neg())


def lend(array: Any) -> Any:
    """Return what a backend computes on: a NumPy view over a CPU tensor's memory; anything else as it is.

    Examples
    --------
    >>> x = np.zeros(3)
    >>> lend(x) is x
    True
    """
    if not is_tensor(array) or array.device.type != "cpu" or array.layout is not sys.modules["torch"].strided:
        return array
    bare = array.detach().resolve_conj().resolve_neg()
    if bare.dtype is sys.modules["torch"].bfloat16:
        return bare.view(sys.modules["torch"].int16).numpy().view(bfloat16())
    return bare.numpy()


def bfloat16() -> Any:
    """Return the dtype that NumPy lacks.

    Raises
    ------
    ModuleNotFoundError
        When ml_dtypes is not installed; a note says what to install.
    """
    try:
        import ml_dtypes
    except ModuleNotFoundError as error:
        error.add_note("bfloat16 arrays need ml_dtypes: pip install ml-dtypes")
        raise
    return np.dtype(ml_dtypes.bfloat16)


def bump(tensors: list[Any]) -> None:
    """Tell autograd that the memory of tensors was written through views that it does not know of."""
    sys.modules["torch"].autograd.graph.increment_version(tensors)


def tensor_zeros_like(like: Any) -> Any:
    """Return zeros with the dtype, device and memory layout of a tensor."""
    return sys.modules["torch"].zeros_like(like.detach())


def tensor_like(value: np.ndarray[Any, Any], like: Any) -> Any:
    """Return a new tensor with the bits of `value`, and the device of the tensor `like`."""
    torch = sys.modules["torch"]
    fresh = np.array(value, copy=True, order="K")
    if fresh.dtype.name == "bfloat16":
        return torch.from_numpy(fresh.view(np.int16)).view(torch.bfloat16).to(like.device)
    return torch.from_numpy(fresh).to(like.device)


def grad_enabled() -> AbstractContextManager[Any]:
    """Return a context in which torch, if it is loaded, records gradients."""
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.enable_grad()

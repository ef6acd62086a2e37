"""Torch tensors without importing torch: views that share their memory, and what else a step needs of them.

A backend gets a CPU tensor as a NumPy array over the same memory, so a step writes into the tensor itself and
the arithmetic is that of a backend, not of torch. Only a process that has imported torch can hold a tensor; so
``sys.modules`` is asked, and nothing is imported.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from adamax_ref.arrays.types import Array, HostArray, HostType

if TYPE_CHECKING:
    from torch import Tensor


def is_tensor(value: object) -> TypeGuard["Tensor"]:
    """Return whether `value` is a torch tensor.

    Examples
    --------
    >>> is_tensor(np.zeros(3))
    False
    """
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    return tensor is not None and isinstance(value, tensor)


def is_plain_tensor(value: object) -> TypeGuard["Tensor"]:
    """Return whether `value` is a real tensor whose elements lie in host memory as they are, and of no subclass but Parameter.

    Examples
    --------
    >>> is_plain_tensor(np.zeros(3))
    False
    """
    if not is_tensor(value):
        return False
    torch = sys.modules["torch"]
    known = type(value) in (torch.Tensor, torch.nn.Parameter) and value.layout is torch.strided
    return known and value.device.type == "cpu" and not (value.is_complex() or value.is_neg() or value._is_zerotensor())


def host_view(array: Array) -> Any:
    """Return what a backend computes on: a NumPy view over a CPU tensor's memory; anything else as it is.

    Raises
    ------
    ValueError
        When the numbers of a tensor do not lie in memory of its own, so that what is written there would be lost.

    Examples
    --------
    >>> x = np.zeros(3)
    >>> host_view(x) is x
    True
    """
    view = memory_of(array)
    if view is None:
        raise ValueError(_homeless(array))
    return view


def memory_of(array: Array) -> Array | None:
    """Return the same, and None for a tensor whose numbers do not lie in memory of its own."""
    if not is_tensor(array):
        return array
    return _memory_of_tensor(array)


def _memory_of_tensor(array: Any) -> HostArray | Any | None:
    address = _address(array)
    if address is None or _is_lazy(array):
        return None
    if not _is_on_the_host(array):
        return array
    try:
        view = _viewed(array)
    except (RuntimeError, TypeError):  # a subclass that intercepts what is done to it
        return None
    # The one test that no copy, wrapper or placeholder passes: NumPy looks where the tensor says that it lies.
    return view if view.ctypes.data == address or not view.size else None


def readable(array: Array) -> Any:
    """Return :func:`host_view` of an array that is only read; of a tensor with a lazy sign or without memory, a copy.

    Raises
    ------
    ValueError
        As :func:`host_view`, for every other tensor whose numbers do not lie in memory of its own.
    """
    if is_tensor(array) and _is_on_the_host(array) and (_is_lazy(array) or array._is_zerotensor()):
        return _viewed(array.detach().resolve_conj().resolve_neg().clone())
    return host_view(array)


def sample(array: Array) -> Array:
    """Return an empty array of the kind that :func:`host_view` returns; the tensor's memory is not looked at."""
    return np.empty(0, _numpy_type(array.dtype)) if is_tensor(array) and _is_on_the_host(array) else array


def refuse_recorded() -> None:
    """Raise where torch records a graph of what is done, which a step that writes to memory would be no part of.

    Raises
    ------
    RuntimeError
        With the remedy.

    Examples
    --------
    >>> refuse_recorded()
    """
    torch, proxies = sys.modules.get("torch"), sys.modules.get("torch.fx.experimental.proxy_tensor")
    if torch is None:
        return
    tracing = "torch.jit.trace" if torch.jit.is_tracing() else None
    if proxies is not None and proxies.get_proxy_mode() is not None:
        tracing = "make_fx"
    if tracing is not None:
        raise RuntimeError(
            f"{tracing} records a graph, and a step that writes to the memory of tensors would be no part of it; "
            "step outside of what is recorded, or pass differentiable=True"
        )


def _address(array: "Tensor") -> int | None:
    """Return where a tensor's first element lies, or None when there is no such place."""
    if not (array.is_cpu or array.is_cuda or array.is_meta):
        return 0  # an engine for another device need not know it
    try:
        address = int(array.data_ptr())
    except (RuntimeError, UserWarning):  # wrappers of torch.func, layouts without strides, tensors that are only shapes
        return None
    return address if address or not array.numel() else None


def _is_lazy(array: "Tensor") -> bool:
    """Return whether the memory holds other numbers, which are negated or conjugated when they are read."""
    return bool(array.is_neg() or array.is_conj())


def _is_on_the_host(array: "Tensor") -> bool:
    return bool(array.is_cpu) and array.layout is sys.modules["torch"].strided


def _viewed(array: "Tensor") -> HostArray:
    bare = array.detach() if array.requires_grad else array
    if bare.dtype is sys.modules["torch"].bfloat16:
        view: HostArray = bare.view(sys.modules["torch"].int16).numpy().view(bfloat16())
    else:
        view = bare.numpy()
    return view


def _homeless(array: "Tensor") -> str:
    """Return a sentence about a tensor whose numbers a step would not reach."""
    where = f"{type(array).__name__} on {array.device.type}"
    kind, remedy = f"a placeholder, or wrapped by a subclass or by torch.func ({where})", "step plain tensors"
    if _is_lazy(array):
        kind, remedy = "a lazily negated or conjugated view", "pass what resolve_conj().resolve_neg() returns"
    return (
        f"the numbers of a tensor of shape {tuple(array.shape)} do not lie in memory of its own: it is {kind}, "
        f"and a step would not reach them; {remedy}, or pass differentiable=True"
    )


@cache
def _numpy_type(dtype: object) -> HostType:
    """Return NumPy's dtype for one of torch."""
    name = str(dtype).rpartition(".")[2]
    return bfloat16() if name == "bfloat16" else np.dtype(name)


def bfloat16() -> HostType:
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
    made: HostType = np.dtype(ml_dtypes.bfloat16)
    return made


def bump(tensors: "list[Tensor]") -> None:
    """Tell autograd that the memory of tensors was written through views that it does not know of."""
    sys.modules["torch"].autograd.graph.increment_version(tensors)


def tensor_zeros_like(like: "Tensor") -> "Tensor":
    """Return zeros with the dtype, device and memory layout of a tensor."""
    return sys.modules["torch"].zeros_like(like.detach())


def tensor_like(value: HostArray, like: "Tensor") -> "Tensor":
    """Return a new tensor with the bits of `value`, and the device of the tensor `like`."""
    torch = sys.modules["torch"]
    fresh = np.array(value, copy=True, order="K")
    if fresh.dtype.name == "bfloat16":
        return torch.from_numpy(fresh.view(np.int16)).view(torch.bfloat16).to(like.device)
    return torch.from_numpy(fresh).to(like.device)


def grad_disabled() -> AbstractContextManager[None]:
    """Return a context in which torch, if it is loaded, records no gradients."""
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.no_grad()


def grad_enabled() -> AbstractContextManager[None]:
    """Return a context in which torch, if it is loaded, records gradients."""
    torch = sys.modules.get("torch")
    return nullcontext() if torch is None else torch.enable_grad()

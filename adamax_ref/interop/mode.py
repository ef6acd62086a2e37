"""Arithmetic that a live optimizer computes in, as far as its groups and its torch tell it."""

import platform
import sys
from typing import Any

import numpy as np

from adamax_ref.optimizer.hooks import Hookable
from adamax_ref.optimizer.tensors import is_tensor
from adamax_ref.optimizer.types import Group

_GRAIN = 32768
"""Elements below which torch does not share a loop among threads (at::internal::GRAIN_SIZE)."""


def mode(optimizer: object, group: Group, dialect: str) -> str:
    """Return the name of the dialect or variant that a group of an optimizer should follow.

    Parameters
    ----------
    optimizer : object
        One of this package follows its dialect as it is, whatever its flags; torch's own has variants for them.
    group : mapping
        One of its groups.
    dialect : str
        The dialect asked for.

    Raises
    ------
    ValueError
        When torch computes on a device, or in a combination of flags, whose bits no dialect describes.

    Examples
    --------
    >>> mode(None, {"params": [], "foreach": True, "lr": 0.1}, "torch")
    'torch/foreach'
    >>> mode(None, {"params": [], "foreach": True, "lr": 0.1}, "paper")
    'paper'
    """
    if group.get("capturable"):
        return f"{dialect.removesuffix('/capturable')}/capturable"
    if dialect != "torch" or is_own(optimizer):
        return dialect
    devices = {param.device.type for param in group["params"] if is_tensor(param)}
    unknown = devices - {"cpu", "cuda"}
    if unknown:
        raise ValueError(f"no dialect describes torch on the device {min(unknown)!r}; name one with shadow(..., dialect=)")
    if "cuda" in devices:
        return "torch/cuda"
    parts = [*(["tensor-lr"] if _is_single(group["lr"]) else []), *(["foreach"] if group.get("foreach") else [])]
    if devices and _is_unfused():
        if parts:
            raise ValueError(f"no dialect describes a torch without fused kernels together with {' and '.join(parts)}")
        return "torch/unfused"
    return "/".join(["torch", "-".join(parts)]) if parts else "torch"


def is_own(optimizer: object) -> bool:
    """Whether an optimizer is one of this package, also as a subclass of torch's."""
    return isinstance(optimizer, Hookable) or hasattr(optimizer, "adamax_ref_dialect")


def share(size: int) -> int:
    """Return how many elements of so many each of torch's threads takes; the last one takes what is left.

    A loop over 16-bit numbers rounds what its last full vector leaves over in another way, and each thread has a loop.

    Raises
    ------
    ValueError
        When this torch does not share its loops by OpenMP, whose rule this is.

    Examples
    --------
    >>> share(1000)
    1000
    """
    torch: Any = sys.modules.get("torch")
    threads = 1 if torch is None else min(torch.get_num_threads(), -(-size // _GRAIN))
    if threads <= 1:
        return size
    if "parallel backend: OpenMP" not in torch.__config__.parallel_info():
        raise ValueError("torch shares 16-bit numbers among its threads in an unknown way; call torch.set_num_threads(1)")
    return -(-size // threads)


def _is_single(lr: Any) -> bool:
    """Whether torch divides in float32 because its learning rate is of that type."""
    return isinstance(lr, np.float32) or (is_tensor(lr) and str(lr.dtype) == "torch.float32")


def _is_unfused() -> bool:
    """Whether torch runs its kernels for any x86-64 processor, which have no fused multiply-add."""
    capability = getattr(sys.modules["torch"].backends.cpu, "get_cpu_capability", lambda: "")()
    return capability == "DEFAULT" and platform.machine() in ("x86_64", "AMD64")

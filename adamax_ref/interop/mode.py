"""Which of torch's ways of computing a live optimizer takes, told from its groups."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from adamax_ref.optimizer.hookable import Hookable
from adamax_ref.optimizer.tensors import is_tensor


def mode(optimizer: Any, group: Mapping[str, Any], dialect: str) -> str:
    """Return the name of the dialect or variant that a group of an optimizer should follow.

    Parameters
    ----------
    optimizer : object
        One of this package follows its dialect as it is, whatever its flags; torch's own has variants for them.
    group : mapping
        One of its groups.
    dialect : str
        What it is supposed to be.

    Examples
    --------
    >>> mode(None, {"params": [], "foreach": True, "lr": 0.1}, "torch")
    'torch/foreach'
    >>> mode(None, {"params": [], "foreach": True, "lr": 0.1}, "paper")
    'paper'
    """
    if group.get("capturable"):
        return f"{dialect.removesuffix('/capturable')}/capturable"
    if dialect != "torch" or isinstance(optimizer, Hookable) or hasattr(optimizer, "adamax_ref_dialect"):
        return dialect
    if any(is_tensor(param) and param.device.type == "cuda" for param in group["params"]):
        return "torch/cuda"
    parts = [*(["tensor-lr"] if _is_single(group["lr"]) else []), *(["foreach"] if group.get("foreach") else [])]
    return "/".join(["torch", "-".join(parts)]) if parts else "torch"


def _is_single(lr: Any) -> bool:
    """Whether torch divides in float32 because its learning rate is of that type."""
    return isinstance(lr, np.float32) or (is_tensor(lr) and str(lr.dtype) == "torch.float32")

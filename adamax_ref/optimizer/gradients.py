"""Taking gradients away between steps."""

import sys
from typing import Any

import numpy as np

from .groups import engine
from .tensors import is_tensor
from .types import Param


def reset(param: Param, set_to_none: bool, backend: str | None) -> None:
    """Set a parameter's gradient to None or, in place where that is possible, to zero; None stays None.

    Examples
    --------
    >>> from adamax_ref.optimizer.parameter import Parameter
    >>> weight = Parameter(np.zeros(2), grad=np.array([1.0, np.nan]))
    >>> reset(weight, False, None)
    >>> weight.grad
    array([0., 0.])
    """
    if param.grad is None or set_to_none:
        param.grad = None
    elif is_tensor(param.grad):
        _reset_tensor(param.grad)
    elif isinstance(param.grad, np.ndarray) and param.grad.flags.writeable:
        param.grad[...] = 0
    else:
        param.grad = engine(param.grad, backend).zeros_like(param.grad)


def _reset_tensor(grad: Any) -> None:
    """Cut a tensor off its graph and fill it with zeros."""
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    with sys.modules["torch"].no_grad():
        grad.zero_()

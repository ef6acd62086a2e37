"""The derivative of a fused multiply-add, for namespaces whose autograd would look for it in the emulation.

The emulation consists of error terms and comparisons; what autograd makes of those is not ``d(a*b + c)``. So the rule
is given: the value is that of the emulation, the derivative that of the product and the sum. Nothing is imported that
is not already there.
"""

import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, cast

from .types import StandardArray

Fma = Callable[[StandardArray, StandardArray, StandardArray], StandardArray]


def with_derivative(xp: ModuleType, fma: Fma) -> Fma:
    """Return `fma` with its derivative, if `xp` is a namespace that differentiates.

    Examples
    --------
    >>> import numpy as np
    >>> with_derivative(np, min) is min
    True
    """
    name = xp.__name__
    if name.startswith("jax"):
        return _for_jax(fma)
    return _for_torch(fma) if name.endswith("torch") else fma


def _for_jax(fma: Fma) -> Fma:
    jax = sys.modules["jax"]
    ruled: Any = jax.custom_jvp(fma)

    def rule(primals: Any, tangents: Any) -> Any:
        (a, b, c), (da, db, dc) = primals, tangents
        return ruled(a, b, c), da * b + a * db + dc

    ruled.defjvp(rule)
    return cast(Fma, ruled)


def _for_torch(fma: Fma) -> Fma:
    torch = sys.modules["torch"]

    def ruled(a: Any, b: Any, c: Any) -> Any:
        if not (torch.is_grad_enabled() and any(x.requires_grad for x in (a, b, c))):
            return fma(a, b, c)
        return _torch_function().apply(fma, a, b, c)

    return ruled


@cache
def _torch_function() -> Any:
    """Return the autograd function; made once, when the first graph is recorded."""
    torch = sys.modules["torch"]

    class Fma(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(context: Any, fma: Any, a: Any, b: Any, c: Any) -> Any:
            context.save_for_backward(a, b)
            context.shapes = a.shape, b.shape, c.shape
            return fma(a, b, c)

        @staticmethod
        def backward(context: Any, cotangent: Any) -> Any:
            a, b = context.saved_tensors
            parts = (cotangent * b, cotangent * a, cotangent)
            summed = (part.sum_to_size(shape) for part, shape in zip(parts, context.shapes, strict=True))
            return None, *summed

    return Fma

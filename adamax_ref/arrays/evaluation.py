"""A recipe evaluated on arrays of any namespace that follows the array-API standard, one operation after another.

It writes to nothing, so arrays may be read-only or immutable; it uses no function that the standard lacks, so a
namespace that is as strict as it can be is enough. Where a namespace has no fused multiply-add, and none has, the
exact emulation of :mod:`adamax_ref.arrays.fma` is used.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import ModuleType
from typing import Any

import array_api_compat as compat
import numpy as np

from adamax_ref.recipe.recipe import INPUTS, Recipe

from .derivative import with_derivative
from .dtypes import dtype_name
from .fma import fma_binary32, fma_binary64, repair
from .memory import STORED
from .types import Array, HostArray, StandardArray

Step = Callable[..., tuple[Array, Array, Array]]
"""``step(p, g, m, u, scalars) -> (p, m, u)``."""

Operations = dict[str, Callable[..., StandardArray]]
"""A function for each operation of a recipe, with as many arrays as it has operands."""


def evaluator(recipe: Recipe) -> Step:
    """Return a step ``(p, g, m, u, scalars) -> (p, m, u)`` that evaluates a recipe operation by operation.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> paper = get("paper")
    >>> recipe = paper.recipe(paper.defaults, "f64")
    >>> p, _, _ = evaluator(recipe)(*(np.array([x]) for x in (1.0, 0.5, 0.0, 0.0)), paper.scalars(paper.defaults, 1, recipe))
    >>> float(p[0])
    0.998
    """

    def run(p: Any, g: Any, m: Any, u: Any, scalars: Sequence[float]) -> tuple[Any, Any, Any]:
        xp = compat.array_namespace(p, g, m, u)
        with np.errstate(all="ignore"), in_double(xp):
            working, storage = getattr(xp, STORED[recipe.working]), p.dtype
            values = {name: xp.astype(array, working) for name, array in zip(INPUTS, (p, g, m, u), strict=True)}
            values |= {name: _scalar(xp, x, p, working) for name, x in zip(recipe.constants, scalars, strict=True)}
            table = operations(xp, recipe, storage)
            if compat.is_jax_namespace(xp):
                from .jax_arrays import as_written, barrier

                table, values = as_written(table), {name: barrier(value) for name, value in values.items()}
            p, m, u = recipe.evaluate(table, values)
            return xp.astype(p, storage), xp.astype(m, storage), xp.astype(u, storage)

    return run


def operations(xp: ModuleType, recipe: Recipe, storage: object) -> Operations:
    """Return the operations of a recipe on arrays of the working type."""
    single = recipe.working == "binary32"
    normal = recipe.working_format.smallest_normal
    return {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "abs": xp.abs,
        "max": xp.maximum,
        "greater": lambda a, b: xp.where(a < b, b, a),
        "flush": lambda a: xp.where(xp.abs(a) < normal, a * 0.0, a),
        "round": lambda a: xp.astype(xp.astype(a, storage), a.dtype),
        "fma": with_derivative(xp, lambda a, b, c: fma_binary32(xp, a, b, c) if single else _fma_double(xp, a, b, c)),
    }


def _fma_double(xp: ModuleType, a: Any, b: Any, c: Any) -> Any:
    """Take the error-free transformations where they hold; send the other elements through exact rationals."""
    a, b, c = xp.broadcast_arrays(a, b, c)
    result, safe = fma_binary64(xp, a, b, c)
    if compat.is_jax_array(a):
        from .jax_arrays import repaired

        return repaired(result, safe, a, b, c)
    if bool(xp.all(safe)):
        return result
    return xp.asarray(repair(*map(to_host, (result, safe, a, b, c))), dtype=result.dtype, device=compat.device(result))


def in_double(xp: ModuleType) -> AbstractContextManager[None]:
    """Let JAX have float64 for a while: without it arrays, constants and the emulation would silently be cut short."""
    if not compat.is_jax_namespace(xp):
        return nullcontext()
    from .jax_arrays import float64

    return float64()


def _scalar(xp: ModuleType, value: Any, like: Any, dtype: Any) -> Any:
    """Return a constant as an array without axes, beside the arrays it meets; one that is traced stays traced."""
    if compat.is_array_api_obj(value):
        return xp.astype(value, dtype)
    return xp.asarray(value, dtype=dtype, device=None if compat.is_jax_array(like) else compat.device(like))


def to_host(array: Array) -> HostArray:
    """Return a NumPy copy; a bfloat16 tensor becomes an array of ml_dtypes' type."""
    if not compat.is_torch_array(array):
        return np.array(array)
    return _tensor_to_host(array)


def _tensor_to_host(tensor: Any) -> HostArray:
    tensor = tensor.detach().cpu()
    if dtype_name(tensor) == "bfloat16":
        bits = tensor.contiguous().view(compat.array_namespace(tensor).uint16).numpy()
        return np.array(bits.view(import_module("ml_dtypes").bfloat16))
    return np.array(tensor.numpy())


def from_host(xp: ModuleType, value: HostArray) -> Array:
    """Return a new array of a namespace that holds `value`."""
    value = value.astype(value.dtype.newbyteorder("="), copy=False)
    if compat.is_torch_namespace(xp) and dtype_name(value) == "bfloat16":
        tensor: Array = xp.asarray(value.view(np.uint16)).view(xp.bfloat16)
        return tensor
    made: Array = xp.asarray(value)
    return made

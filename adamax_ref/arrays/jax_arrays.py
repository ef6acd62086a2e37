"""Support for JAX beside the array-API standard: float64 for a while, compilation, and a way to the host from a trace.

XLA rewrites arithmetic, also that of a single operation. Of what its algebraic simplifier
(xla/hlo/transforms/simplifiers/algebraic_simplifier.cc) and its code generator do, these change bits of a step: a division
by a broadcast scalar becomes a product with the reciprocal; ``(a / b) / c`` becomes ``a / (b * c)`` and ``a / (b / c)``
becomes ``(a * c) / b``; constants of two sums or two products are joined; a sum with a constant 0 loses the sign of a
zero; a conversion to 16 bits and back is left out; and a product that only a sum reads is fused with it. Nothing of this
passes :func:`barrier`. What stays is that XLA's CPU runtime makes zeros of subnormal numbers.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from .fma import repair
from .types import Array, HostArray, StandardArray

Step = Callable[..., tuple[Array, Array, Array]]
Operations = dict[str, Callable[..., StandardArray]]


def float64() -> AbstractContextManager[None]:
    """Return a context in which this thread has float64.

    Examples
    --------
    >>> with float64():
    ...     jax.numpy.ones(1).dtype
    dtype('float64')
    """
    context: AbstractContextManager[None] = jax.enable_x64(True)
    return context


def as_written(table: Operations) -> Operations:
    """Return operations that are computed as they are written, in a trace too, where XLA sees them together.

    Examples
    --------
    >>> p, c = jax.numpy.asarray([0.1, 0.7]), jax.numpy.asarray(0.271)
    >>> divide = as_written({"div": lambda a, b: a / b})["div"]
    >>> bool((np.asarray(divide(p, c)) == np.asarray(p) / np.asarray(c)).all())
    True
    """
    return {name: _behind_barrier(_by_arrays(function) if name == "div" else function) for name, function in table.items()}


def _behind_barrier(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: barrier(function(*operands))


def _by_arrays(divide: Callable[..., Any]) -> Callable[..., Any]:
    """Return the division with a divisor of the dividend's shape; a scalar one would be turned into its reciprocal."""
    return lambda a, b: divide(a, barrier(jax.numpy.broadcast_to(b, jax.numpy.broadcast_shapes(a.shape, b.shape))))


def barrier(x: jax.Array) -> jax.Array:
    """Return `x` such that XLA knows nothing of where it comes from; outside of a trace it does not look anyway.

    Examples
    --------
    >>> a, b, c = (jax.numpy.asarray([x], "float32") for x in (1 + 2**-12, 1 + 2**-12, -1))
    >>> for product in (lambda a, b: a * b, lambda a, b: barrier(a * b)):
    ...     print(float(jax.jit(lambda a, b, c: product(a, b) + c)(a, b, c)[0]) == 2.0**-11)
    False
    True
    """
    return _hidden(x) if isinstance(x, jax.core.Tracer) else x


@jax.custom_jvp  # type: ignore[untyped-decorator] # the derivative is that of the identity, of NaN too
def _hidden(x: Any) -> Any:
    # The barrier is for the simplifier. The code generator takes it away again and would fuse a product with a sum, were
    # it not for the comparison, which needs the product itself.
    return jax.lax.optimization_barrier(jax.numpy.where(x == x, x, jax.numpy.nan))


@_hidden.defjvp  # type: ignore[untyped-decorator]
def _hidden_jvp(primals: Any, tangents: Any) -> Any:
    return _hidden(*primals), *tangents


def jitted(step: Step) -> Step:
    """Compile a step ``(p, g, m, u, scalars) -> (p, m, u)``; the scalars are arguments, so that later steps find it compiled."""
    compiled = jax.jit(step)

    def run(p: Any, g: Any, m: Any, u: Any, scalars: Sequence[float]) -> tuple[Any, Any, Any]:
        with float64():
            p, m, u = compiled(p, g, m, u, tuple(scalars))
        return p, m, u

    return run


def repaired(result: jax.Array, safe: jax.Array, a: jax.Array, b: jax.Array, c: jax.Array) -> jax.Array:
    """Repair a float64 fma where it is not safe, also inside a trace, where nobody can look at the values.

    That takes a call back to the host, made only when it is needed. It runs in a thread in which JAX has no float64,
    and would cut it short; so numbers travel as pairs of 32-bit words.

    Examples
    --------
    >>> from .fma import fma_binary64
    >>> def fused(a, b, c):
    ...     result, safe = fma_binary64(jax.numpy, a, b, c)
    ...     return repaired(result, safe, a, b, c)
    >>> with float64():
    ...     float(jax.jit(fused)(*(jax.numpy.asarray([x]) for x in (2.0**1000, 4.0, -(2.0**1001))))[0]) == 2.0**1001
    True
    """
    if not isinstance(safe, jax.core.Tracer) and bool(safe.all()):  # most often so, and it saves compiling the rest
        return result
    return jax.lax.cond(safe.all(), lambda *given: given[0], _by_the_host, result, safe, a, b, c)


def _by_the_host(result: Any, safe: Any, *operands: Any) -> Any:
    words = [jax.lax.bitcast_convert_type(number, jax.numpy.uint32) for number in (result, *operands)]
    shape = jax.ShapeDtypeStruct(words[0].shape, jax.numpy.uint32)
    return jax.lax.bitcast_convert_type(jax.pure_callback(_on_words, shape, safe, *words), jax.numpy.float64)


def _on_words(safe: Any, *pairs: Any) -> HostArray:
    result, a, b, c = (np.asarray(pair).view(np.float64)[..., 0] for pair in pairs)
    return repair(result, safe, a, b, c)[..., None].view(np.uint32)

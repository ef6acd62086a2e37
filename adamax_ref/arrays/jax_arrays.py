"""What JAX needs beside the array-API standard: float64 for a while, compilation, and a way to the host from a trace."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from adamax_ref.fma import repair

Step = Callable[..., tuple[Any, Any, Any]]


def float64() -> AbstractContextManager[Any]:
    """Return a context in which this thread has float64.

    Examples
    --------
    >>> with float64():
    ...     jax.numpy.ones(1).dtype
    dtype('float64')
    """
    context: AbstractContextManager[Any] = jax.enable_x64(True)
    return context


def jitted(step: Step) -> Step:
    """Compile a step ``(p, g, m, u, scalars) -> (p, m, u)``; the scalars are arguments, so that later steps find it compiled."""
    compiled = jax.jit(step)

    def run(p: Any, g: Any, m: Any, u: Any, scalars: Sequence[float]) -> tuple[Any, Any, Any]:
        with float64():
            p, m, u = compiled(p, g, m, u, tuple(scalars))
        return p, m, u

    return run


def repaired(result: Any, safe: Any, a: Any, b: Any, c: Any) -> Any:
    """Repair a float64 fma where it is not safe, also inside a trace, where nobody can look at the values.

    That takes a call back to the host, made only when it is needed. It runs in a thread in which JAX has no float64,
    and would cut it short; so numbers travel as pairs of 32-bit words.

    Examples
    --------
    >>> from adamax_ref.fma import fma_binary64
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


def _on_words(safe: Any, *pairs: Any) -> np.ndarray[Any, Any]:
    result, a, b, c = (np.asarray(pair).view(np.float64)[..., 0] for pair in pairs)
    return repair(result, safe, a, b, c)[..., None].view(np.uint32)

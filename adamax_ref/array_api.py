"""The engine for any namespace that follows the array-API standard: pure, out of place, one operation after another.

It writes to nothing, so arrays may be read-only or immutable; it uses no function that the standard lacks, so a
namespace that is as strict as it can be is enough. Where a namespace has no fused multiply-add, and none has, the
exact emulation of :mod:`adamax_ref.fma` is used. This is the only module that imports array-api-compat.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, final

import array_api_compat as compat
import numpy as np

from .backend import PROFILE_OF_DTYPE, AbstractBackend, Arrays, BackendUnavailable, Capabilities, Kernel, dtype_name
from .derivative import with_derivative
from .fma import fma_binary32, fma_binary64, repair
from .guards import require_gradual_underflow
from .law.recipe import INPUTS, Recipe
from .memory import STORED, require_alike

_EMULATED = Capabilities(in_place=False, device="any", fma="emulated")


@final
class ArrayApiBackend(AbstractBackend):
    """Computes on arrays of one namespace, or of whichever the arrays come from.

    Parameters
    ----------
    name : str
        Name of the entry point.
    module : str or None
        Module that has to be installed and whose arrays are owned; None stands for all.
    namespace : str
        Module whose ``asarray`` makes arrays from nothing.
    capabilities : Capabilities
        What is true of that namespace.
    compiled : bool
        Whether the step is run through ``jax.jit``.

    Examples
    --------
    >>> p, g, m, u = (BACKEND.from_host(np.array([x])) for x in (1.0, 0.5, 0.0, 0.0))
    >>> from adamax_ref.dialects import get
    >>> paper = get("paper")
    >>> recipe = paper.recipe(paper.defaults, "f64")
    >>> new, _, _ = BACKEND.compile(recipe)([p], [g], [m], [u], [paper.scalars(paper.defaults, 1, recipe)])
    >>> float(p[0]), float(new[0][0])
    (1.0, 0.998)
    """

    def __init__(
        self,
        name: str,
        module: str | None = None,
        namespace: str = "numpy",
        capabilities: Capabilities = _EMULATED,
        compiled: bool = False,
    ) -> None:
        self.name, self.priority = name, -30 if compiled else -20 if module is None else -10
        self.remedy = f"pip install {(module or 'numpy').replace('_', '-')}"
        self._module, self._namespace, self._compiled = module, namespace, compiled
        self._capabilities = capabilities
        self._kernel = lru_cache(maxsize=None)(self._make)

    @property
    def capabilities(self) -> Capabilities:
        """What is known of the namespace, without importing it."""
        if self._module is not None and find_spec(self._module) is None:
            raise BackendUnavailable(f"backend {self.name!r} needs the package {self._module}, which is missing; {self.remedy}")
        return self._capabilities

    def owns(self, array: Any) -> bool:
        """Whether `array` belongs to the namespace and has a type that Adamax knows."""
        if self._module is not None and type(array).__module__.partition(".")[0] not in (self._module, f"{self._module}lib"):
            return False
        return compat.is_array_api_obj(array) and not compat.is_dask_array(array) and dtype_name(array) in PROFILE_OF_DTYPE

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes."""
        _ = self.capabilities
        return self._kernel(recipe)

    def from_host(self, value: np.ndarray[Any, Any], like: Any = None) -> Any:
        """Return a new array of the namespace, dtype and device of `like`."""
        xp = import_module(self._namespace) if like is None else compat.array_namespace(like)
        with _double(xp):
            made = _from_host(xp, np.array(value))
            return made if like is None else xp.asarray(made, dtype=like.dtype, device=compat.device(like))

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """Return a NumPy copy; a bfloat16 tensor becomes an array of ml_dtypes' type."""
        return _to_host(array)

    def zeros_like(self, array: Any) -> Any:
        """Return zeros of the same namespace, shape, dtype and device."""
        xp = compat.array_namespace(array)
        with _double(xp):
            return xp.zeros_like(array)

    def split(self, array: Any) -> list[Any]:
        """Return the array, or its real and imaginary part."""
        if not dtype_name(array).startswith("complex"):
            return [array]
        xp = compat.array_namespace(array)
        return [xp.real(array), xp.imag(array)]

    def join(self, parts: Sequence[Any], like: Any) -> Any:
        """Return the only part, or a complex array of two; by way of the host, since ``re + 1j * im`` loses infinities."""
        if len(parts) == 1:
            return parts[0]
        real, imaginary = (self.to_host(part) for part in parts)
        whole = np.empty(real.shape, dtype_name(like))
        whole.real, whole.imag = real, imaginary
        return self.from_host(whole, like)

    def _make(self, recipe: Recipe) -> Kernel:
        def kernel(ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Sequence[tuple[float, ...]]) -> Any:
            require_gradual_underflow()
            for buffers in zip(ps, gs, ms, us, strict=True):
                require_alike(recipe.storage, *buffers)
            new = [run(*buffers, scalars) for *buffers, scalars in zip(ps, gs, ms, us, constants, strict=True)]
            return [p for p, _, _ in new], [m for _, m, _ in new], [u for _, _, u in new]

        run = _eager(recipe)
        if self._compiled:
            from .jax_arrays import jitted

            run = jitted(run)
        return kernel


def _eager(recipe: Recipe) -> Callable[..., tuple[Any, Any, Any]]:
    def run(p: Any, g: Any, m: Any, u: Any, scalars: Sequence[float]) -> tuple[Any, Any, Any]:
        xp = compat.array_namespace(p, g, m, u)
        with np.errstate(all="ignore"), _double(xp):
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


def operations(xp: Any, recipe: Recipe, storage: Any) -> dict[str, Callable[..., Any]]:
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


def _fma_double(xp: Any, a: Any, b: Any, c: Any) -> Any:
    """Take the error-free transformations where they hold; send the other elements through exact rationals."""
    a, b, c = xp.broadcast_arrays(a, b, c)
    result, safe = fma_binary64(xp, a, b, c)
    if compat.is_jax_array(a):
        from .jax_arrays import repaired

        return repaired(result, safe, a, b, c)
    if bool(xp.all(safe)):
        return result
    return xp.asarray(repair(*map(_to_host, (result, safe, a, b, c))), dtype=result.dtype, device=compat.device(result))


def _double(xp: Any) -> AbstractContextManager[Any]:
    """Let JAX have float64 for a while: without it arrays, constants and the emulation would silently be cut short."""
    if not compat.is_jax_namespace(xp):
        return nullcontext()
    from .jax_arrays import float64

    return float64()


def _scalar(xp: Any, value: Any, like: Any, dtype: Any) -> Any:
    """Return a constant as an array without axes, beside the arrays it meets; one that is traced stays traced."""
    if compat.is_array_api_obj(value):
        return xp.astype(value, dtype)
    return xp.asarray(value, dtype=dtype, device=None if compat.is_jax_array(like) else compat.device(like))


def _to_host(array: Any) -> np.ndarray[Any, Any]:
    if not compat.is_torch_array(array):
        return np.array(array)
    array = array.detach().cpu()
    if dtype_name(array) == "bfloat16":
        bits = array.contiguous().view(compat.array_namespace(array).uint16).numpy()
        return np.array(bits.view(import_module("ml_dtypes").bfloat16))
    return np.array(array.numpy())


def _from_host(xp: Any, value: np.ndarray[Any, Any]) -> Any:
    value = value.astype(value.dtype.newbyteorder("="), copy=False)
    if compat.is_torch_namespace(xp) and dtype_name(value) == "bfloat16":
        return xp.asarray(value.view(np.uint16)).view(xp.bfloat16)
    return xp.asarray(value)


BACKEND = ArrayApiBackend("array-api")
STRICT = ArrayApiBackend(
    "array-api-strict",
    "array_api_strict",
    "array_api_strict",
    Capabilities(frozenset({"f64", "f32", "c64", "c128"}), in_place=False, device="any", fma="emulated"),
)
TORCH = ArrayApiBackend("array-api-torch", "torch", "torch")
_FLUSHING = Capabilities(in_place=False, subnormals=False, device="any", fma="emulated")
JAX = ArrayApiBackend("array-api-jax", "jax", "jax.numpy", _FLUSHING)
JAX_JIT = ArrayApiBackend("array-api-jax-jit", "jax", "jax.numpy", _FLUSHING, compiled=True)

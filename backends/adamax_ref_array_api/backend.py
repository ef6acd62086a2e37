"""The engine for any namespace that follows the array-API standard: pure, out of place, one operation after another."""

from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import final

import array_api_compat as compat
import numpy as np

from adamax_ref.arrays.evaluation import Step, evaluator, from_host, in_double, to_host
from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import (
    PROFILE_OF_DTYPE,
    AbstractBackend,
    Arrays,
    BackendUnavailable,
    Capabilities,
    Constants,
    Kernel,
    Prepared,
    RecipeKernel,
    Three,
    dtype_name,
    require_equally_long,
)
from adamax_ref.backend.arithmetic import require_gradual_underflow
from adamax_ref.recipe.recipe import Recipe

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
    >>> new, _, _ = BACKEND.step(recipe, [p], [g], [m], [u], [paper.scalars(paper.defaults, 1, recipe)])
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
        """Return the abilities of the namespace, without importing it."""
        if self._module is not None and find_spec(self._module) is None:
            raise BackendUnavailable(f"backend {self.name!r} needs the package {self._module}, which is missing; {self.remedy}")
        return self._capabilities

    def owns(self, array: Array) -> bool:
        """Return whether `array` belongs to the namespace and has a type that Adamax knows."""
        if self._module is not None and type(array).__module__.partition(".")[0] not in (self._module, f"{self._module}lib"):
            return False
        return compat.is_array_api_obj(array) and not compat.is_dask_array(array) and dtype_name(array) in PROFILE_OF_DTYPE

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes."""
        _ = self.capabilities
        return self._kernel(recipe)

    def from_host(self, value: HostArray, like: Array | None = None) -> Array:
        """Return a new array of the namespace, dtype and device of `like`."""
        xp = import_module(self._namespace) if like is None else compat.array_namespace(like)
        with in_double(xp):
            made = from_host(xp, np.array(value))
            if like is not None:
                made = xp.asarray(made, dtype=like.dtype, device=compat.device(like))
            return made

    def to_host(self, array: Array) -> HostArray:
        """Return a NumPy copy; a bfloat16 tensor becomes an array of ml_dtypes' type."""
        return to_host(array)

    def zeros_like(self, array: Array) -> Array:
        """Return zeros of the same namespace, shape, dtype and device."""
        xp = compat.array_namespace(array)
        with in_double(xp):
            zeros: Array = xp.zeros_like(array)
            return zeros

    def split(self, array: Array) -> list[Array]:
        """Return the array, or its real and imaginary part."""
        if not dtype_name(array).startswith("complex"):
            return [array]
        xp = compat.array_namespace(array)
        return [xp.real(array), xp.imag(array)]

    def join(self, parts: Arrays, like: Array) -> Array:
        """Return the only part, or a complex array of two; by way of the host, since ``re + 1j * im`` loses infinities."""
        if len(parts) == 1:
            return parts[0]
        real, imaginary = (self.to_host(part) for part in parts)
        whole = np.empty(real.shape, dtype_name(like))
        whole.real, whole.imag = real, imaginary
        return self.from_host(whole, like)

    def _make(self, recipe: Recipe) -> Kernel:
        step = evaluator(recipe)
        if self._compiled:
            from adamax_ref.arrays.jax_arrays import jitted

            step = jitted(step)
        return RecipeKernel(partial(PureStep, step, recipe))


@final
class PureStep(Prepared):
    """Arrays that are stepped one parameter after another, each into new arrays.

    Parameters
    ----------
    step : callable
        ``step(p, g, m, u, scalars) -> (p, m, u)``.
    recipe, ps, ms, us
        See :class:`~adamax_ref.backend.Prepared`.
    """

    in_place = False

    def __init__(self, step: Step, recipe: Recipe, ps: Arrays, ms: Arrays, us: Arrays) -> None:
        super().__init__(recipe, ps, ms, us)
        self._step = step

    def check(self, gs: Arrays) -> None:
        """Refuse gradients that do not fit, and a processor that flushes subnormal numbers."""
        require_gradual_underflow()
        super().check(gs)

    def run(self, gs: Arrays, constants: Constants) -> Three:
        """Return new arrays."""
        require_equally_long(gs, constants)
        self.check(gs)
        new = [self._step(*each) for each in zip(self.ps, gs, self.ms, self.us, constants, strict=True)]
        return [p for p, _, _ in new], [m for _, m, _ in new], [u for _, _, u in new]


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

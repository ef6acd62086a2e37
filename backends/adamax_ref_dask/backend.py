"""The engine for Dask arrays: parameters larger than one machine, stepped chunk by chunk where their chunks lie.

A chunk is an ordinary array, and the engine that owns it steps it; no arithmetic happens here, so the bits are those
of that engine. Results are persisted: with a ``dask.distributed`` client state stays in the memory of the cluster and
the call returns at once, without one the step is computed by local threads before it returns. Distribution, recovery
from lost workers, and memory limits are Dask's.
"""

from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from operator import itemgetter
from typing import Any, final

import numpy as np

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
    backend_for,
    dtype_name,
    require_equally_long,
)
from adamax_ref.recipe.recipe import Recipe


@final
class DaskBackend(AbstractBackend):
    """Steps Dask arrays, each chunk with the engine that owns it.

    Examples
    --------
    >>> import dask.array
    >>> from adamax_ref.dialects import get
    >>> paper = get("paper")
    >>> recipe = paper.recipe(paper.defaults, "f64")
    >>> p, g, m, u = (dask.array.full(4, x) for x in (1.0, 0.5, 0.0, 0.0))
    >>> (new,), _, _ = BACKEND.step(recipe, [p], [g], [m], [u], [paper.scalars(paper.defaults, 1, recipe)])
    >>> BACKEND.to_host(new).tolist()
    [0.998, 0.998, 0.998, 0.998]
    """

    name = "dask"
    priority = 5
    remedy = "pip install 'adamax-ref[dask]'"

    @property
    def capabilities(self) -> Capabilities:
        """Those of the engine that owns the chunks; nothing is changed in place."""
        if find_spec("dask") is None:
            raise BackendUnavailable(f"backend 'dask' needs the package dask, which is missing; {self.remedy}")
        return Capabilities(in_place=False)

    def owns(self, array: Array) -> bool:
        """Return whether `array` is a Dask array of a type that Adamax knows."""
        return type(array).__module__.startswith("dask.array") and dtype_name(array) in PROFILE_OF_DTYPE

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe."""
        _ = self.capabilities
        return RecipeKernel(partial(ChunkwiseStep, recipe))

    def from_host(self, value: HostArray, like: Array | None = None) -> Array:
        """Return an array of the dtype and, where the shapes are equal, the chunks of `like`."""
        import dask.array

        model: Any = like
        copied = np.array(value, dtype=None if like is None else model.dtype)
        chunks = model.chunks if like is not None and like.shape == copied.shape else "auto"
        made: Array = dask.array.from_array(copied, chunks=chunks)
        return made

    def to_host(self, array: Array) -> HostArray:
        """Bring all chunks here."""
        lazy: Any = array
        return np.array(lazy.compute())

    def zeros_like(self, array: Array) -> Array:
        """Return zeros with the same chunks."""
        import dask.array

        zeros: Array = dask.array.zeros_like(array)
        return zeros

    def join(self, parts: Arrays, like: Array) -> Array:
        """Return the only part, or complex chunks made of two."""
        if len(parts) == 1:
            return parts[0]
        real: Any = parts[0]
        dtype: Any = like.dtype
        whole: Array = real.map_blocks(_joined, parts[1], dtype=dtype, meta=np.empty((0,) * len(like.shape), dtype))
        return whole


@final
class ChunkwiseStep(Prepared):
    """Arrays of Dask that are stepped chunk by chunk, into new arrays."""

    in_place = False

    def run(self, gs: Sequence[Any], constants: Constants) -> Three:
        """Put one task for each chunk and step of each parameter before the scheduler, and three that pick its results."""
        import dask

        require_equally_long(gs, constants)
        self.check(gs)
        lazy: list[Any] = []
        for p, g, m, u, scalars in zip(self.ps, gs, self.ms, self.us, constants, strict=True):
            lazy += _stepped(self.recipe, scalars, p, *(other.rechunk(p.chunks) for other in (g, m, u)))
        done = dask.persist(*lazy)
        return list(done[0::3]), list(done[1::3]), list(done[2::3])


def _stepped(recipe: Recipe, scalars: tuple[float, ...], p: Any, g: Any, m: Any, u: Any) -> list[Any]:
    import dask.array

    meta = np.empty((0,) * p.ndim, p.dtype)
    three = dask.array.map_blocks(_step_chunk, p, g, m, u, recipe=recipe, scalars=scalars, dtype=p.dtype, meta=meta)
    return [three.map_blocks(itemgetter(at), dtype=p.dtype, meta=meta) for at in range(3)]


def _step_chunk(p: Any, g: Any, m: Any, u: Any, recipe: Recipe, scalars: tuple[float, ...]) -> tuple[Any, Any, Any]:
    """Step one chunk on the worker that holds it; chunks are shared, so an engine that works in place gets copies."""
    backend = backend_for(p)
    if backend.capabilities.in_place:
        p, m, u = (backend.from_host(backend.to_host(array), like=array) for array in (p, m, u))
    (p,), (m,), (u,) = backend.step(recipe, [p], [g], [m], [u], [scalars])
    return p, m, u


def _joined(real: Any, imaginary: Any) -> Any:
    whole = np.empty(real.shape, np.result_type(real.dtype, np.complex64))
    whole.real, whole.imag = real, imaginary
    return whole


BACKEND = DaskBackend()

"""Buffers of an engine from the arrays of a step, and arrays from new buffers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from adamax_ref.arrays.memory import require_apart, require_updatable
from adamax_ref.backend import AbstractBackend, Arrays, Prepared
from adamax_ref.recipe.recipe import Recipe

from .groups import array_for
from .jobs import Job
from .pieces import cut, paste
from .tensors import host_view, is_tensor, memory_of, readable
from .types import ARRAYS

View = Callable[[Any], list[Any] | None]
"""The buffers of an array, in the order of its parameter's; None when it lies otherwise than the parameter does."""


@final
@dataclass(eq=False)
class Call:
    """Buffers that share an engine and a recipe.

    Attributes
    ----------
    backend, recipe : AbstractBackend, Recipe
        What computes what.
    members : list of (int, int)
        For each buffer the number of its job, and its number among the job's buffers.
    buffers : list of tuple
        ``p, g, m, u`` of each; emptied once they are prepared.
    direct : bool
        Whether buffers are the arrays themselves, not views of them.
    whole : bool
        Whether every job has its buffer here, so that it is that job's only one where buffers are arrays.
    """

    backend: AbstractBackend
    recipe: Recipe
    members: list[tuple[int, int]] = field(default_factory=list)
    buffers: list[tuple[Any, Any, Any, Any]] = field(default_factory=list)
    direct: bool = True
    whole: bool = False

    def prepare(self) -> Arrays:
        """Bind the kernel to the arrays, and return the gradients."""
        ps, gs, ms, us = (list(arrays) for arrays in zip(*self.buffers, strict=True))
        self.buffers = []
        self.prepared: Prepared = self.backend.compile(self.recipe).prepare(ps, ms, us)
        declared = self.backend.capabilities.in_place
        if self.prepared.in_place is not declared:
            raise TypeError(f"backend {self.backend.name!r} declares in_place={declared}, but its prepared step does the opposite")
        return gs


def add(calls: dict[Any, Call], at: int, number: int, job: Job, recipe: Recipe, buffer: Any, direct: bool) -> tuple[Call, int]:
    """Add a buffer to its call and return where it stands."""
    key = (job.backend, recipe, id(job.param) if job.alone else None, direct, is_tensor(buffer[0]))
    call = calls.setdefault(key, Call(job.backend, recipe, direct=direct))
    call.members.append((at, number))
    call.buffers.append(buffer)
    return call, len(call.buffers) - 1


def is_direct(job: Job, arrays: Sequence[Any]) -> bool:
    """Return whether an engine takes the arrays themselves: real ones with one recipe."""
    real = not str(arrays[0].dtype).rpartition(".")[2].startswith("complex")
    return real and job.tail is job.recipe and all(_owns(job.backend, array) for array in arrays)


def _owns(backend: AbstractBackend, array: Any) -> bool:
    return backend.owns(array)


def source_of(param: Any) -> Any:
    """Return the array whose memory is stepped: a tensor is itself, for its ``data`` is another object every time."""
    return param if is_tensor(param) else param.data


def hosts_of(arrays: Sequence[Any]) -> list[Any]:
    """Return those of some arrays that are NumPy's."""
    return [array for array in arrays if isinstance(array, np.ndarray)]


def _split(backend: AbstractBackend, array: Any) -> list[Any]:
    """Return the real buffers of an array: views wherever the array can be written to."""
    array = host_view(array) if backend.capabilities.in_place else array
    if isinstance(array, np.ndarray):
        return [array.real, array.imag] if array.dtype.kind == "c" else [array]
    return backend.split(array)


def buffers_of(job: Job, lent: Sequence[Any]) -> list[list[tuple[Recipe, Arrays]]]:
    """Return for each real part of four arrays its pieces, each with its recipe."""
    parts = zip(*(_split(job.backend, array) for array in lent), strict=True)
    if job.tail is job.recipe:
        return [[(job.recipe, buffers)] for buffers in parts]
    made = []
    for buffers in parts:
        body, tail = job.backend.pieces(buffers, lambda arrays: cut(arrays, job.rule.dialect.vector))
        made.append([*((job.recipe, piece) for piece in body), *((job.tail, piece) for piece in tail)])
    return made


def view_of(job: Job, lent: Sequence[Any], parts: list[list[tuple[Recipe, Arrays]]]) -> View:
    """Return how to take the buffers of a gradient when the step is done again."""
    if job.tail is job.recipe:
        return lambda array: _split(job.backend, array_for(job.backend, array, reading=True))
    shape, vector = lent[0].shape, job.rule.dialect.vector
    dense = all(isinstance(array, np.ndarray) and array.flags.c_contiguous and array.dtype.kind != "c" for array in lent)
    shapes = [tuple(piece[0].shape) for pieces in parts for _, piece in pieces]

    def line(array: Any) -> list[Any] | None:
        flat = readable(array)
        if not (isinstance(flat, np.ndarray) and flat.shape == shape and flat.flags.c_contiguous):
            return None
        flat, edge = flat.reshape(-1), flat.size // vector * vector
        return [piece for piece in (flat[:edge], flat[edge:]) if piece.size]

    def again(array: Any) -> list[Any] | None:
        """Cut all four, for one decides about the others; the parameter is cut as before where its pieces have their shapes."""
        arrays = (source_of(job.param), array, *(job.memory[name] for name in ARRAYS))
        lent = [array_for(job.backend, each, reading=each is array) for each in arrays]
        pieces = [piece for part in buffers_of(job, lent) for _, piece in part]
        return [piece[1] for piece in pieces] if [tuple(piece[0].shape) for piece in pieces] == shapes else None

    return line if dense else again


def form_of(array: Any) -> Any:
    """Return all of an array but its elements; its address too, for a view does not follow an array that moves."""
    if isinstance(array, np.ndarray):
        return id(array), array.__array_interface__["data"], array.shape, array.strides, array.dtype
    if is_tensor(array):
        return id(array), array.data_ptr(), array.shape, array.stride(), array.dtype
    return (id(array),)


def require_writable(jobs: Sequence[Job]) -> None:
    """Refuse arrays in host memory into which new ones cannot be copied; ValueError. Read-only ones are replaced instead."""
    arrays = [array for job in jobs for array in (source_of(job.param), *(job.memory[name] for name in ARRAYS))]
    hosts = [host for host in hosts_of(list(map(memory_of, arrays))) if host.flags.writeable]
    for host in hosts:
        require_updatable(host)
    require_apart(hosts)


def put_all(prepared: Prepared, new: Sequence[Arrays]) -> list[list[Any]]:
    """Return what stands for the arrays of a prepared step, as :func:`put` does for each."""
    old = (prepared.ps, prepared.ms, prepared.us)
    return [list(map(put, before, after)) for before, after in zip(old, new, strict=True)]


def put(old: Any, new: Any) -> Any:
    """Return what stands for `old` from now on: itself with the new values where it can be written to, else `new`.

    Examples
    --------
    >>> x = np.zeros(2)
    >>> put(x, np.ones(2)) is x, x.tolist()
    (True, [1.0, 1.0])
    """
    host = memory_of(old)
    if not (isinstance(host, np.ndarray) and host.flags.writeable):
        return new
    np.copyto(host, host_view(new))
    return old


def renewed(job: Job, parts: Any, results: Mapping[int, Any], at: int, old: Any) -> Any:
    """Return what stands for an array of a job after a step; one of NumPy has been written to through its views."""
    written = isinstance(old, np.ndarray) and old.flags.writeable
    return old if written else put(old, _assembled(job, parts, results, at, old))


def _assembled(job: Job, parts: Any, results: Mapping[int, Any], at: int, like: Any) -> Any:
    """Put the pieces of a new array together."""
    flat = []
    for places, was_cut in parts:
        pieces = [results[id(call)][at][number] for call, number in places]
        flat.append(paste(pieces, like) if was_cut else pieces[0])
    return job.backend.join(flat, like)

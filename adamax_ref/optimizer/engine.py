"""Running jobs: buffers sorted by backend and recipe, one kernel call for each sort.

Every round has two parts. What can be refused is refused in the first, and engines that return new arrays compute there;
nothing has changed then. The second writes, and catches nothing: what is raised there leaves the step half done, and
the optimizer says so (:meth:`adamax_ref.Adamax.step`).
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from adamax_ref.backend import AbstractBackend, Arrays, Kernel, prepared
from adamax_ref.law.recipe import Recipe
from adamax_ref.memory import require_alike, require_apart

from .counting import advance
from .groups import lent_to
from .jobs import Job
from .pieces import Arrays as Buffers
from .pieces import cut, paste
from .tensors import is_tensor, refuse_recorded, touched
from .traced import beyond, put_through

ARRAYS = ("exp_avg", "exp_inf")


@final
@dataclass
class Call:
    """Buffers that share a backend and a recipe, and the results once they are there."""

    backend: AbstractBackend
    recipe: Recipe
    buffers: list[Buffers] = field(default_factory=list)
    constants: list[tuple[float, ...]] = field(default_factory=list)
    results: list[tuple[Any, Any, Any]] = field(default_factory=list)

    def add(self, buffer: Buffers, constants: tuple[float, ...]) -> "Place":
        """Add a buffer and return where its results will stand."""
        self.buffers.append(buffer)
        self.constants.append(constants)
        return self, len(self.buffers) - 1

    @property
    def kernel(self) -> Kernel:
        """The engine's kernel for the recipe."""
        return self.backend.compile(self.recipe)

    @property
    def in_place(self) -> bool:
        """Whether the kernel writes where the buffers lie."""
        return self.backend.capabilities.in_place

    def check(self) -> None:
        """Refuse what the kernel would refuse; every kernel does so too, but only for itself."""
        for p, g, m, u in self.buffers:
            require_alike(self.recipe.storage, p, g, m, u)
        written = [array for p, _, m, u in self.buffers for array in (p, m, u)]
        if self.in_place:
            for array in written:
                self.backend.check(array)

    def prepare(self) -> Callable[[], None]:
        """Check the buffers, or compute new ones, and return what writes."""
        ps, gs, ms, us = zip(*self.buffers, strict=True)
        if self.in_place:
            run = prepared(self.kernel, ps, gs, ms, us)
            return lambda: self._keep(run(self.constants))
        new = list(zip(*self.kernel(ps, gs, ms, us, self.constants), strict=True))
        return lambda: self._put(new)

    def _keep(self, new: tuple[Arrays, Arrays, Arrays]) -> None:
        self.results = list(zip(*new, strict=True))

    def _put(self, new: Sequence[Any]) -> None:
        """Let results go into memory that can be written to, even if the kernel made new arrays."""
        self.results = [
            (put(p, p_new), put(m, m_new), put(u, u_new))
            for (p, _, m, u), (p_new, m_new, u_new) in zip(self.buffers, new, strict=True)
        ]


Place = tuple[Call, int]


def prepare(jobs: Sequence[Job]) -> Callable[[MutableMapping[Any, Any]], None]:
    """Check one round of jobs and return what writes it into the state.

    Parameters
    ----------
    jobs : sequence of Job
        Checked, each of another parameter.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        When arrays cannot be stepped together; nothing has changed then.
    """
    plan = Plan()
    parts = [plan.lay_out(job) if job.options is None else [] for job in jobs]
    if any(is_tensor(job.param) and job.options is None for job in jobs):
        refuse_recorded()
    through = [None if job.options is None else beyond(job.param, job.memory, job.dialect, job.options, job.t) for job in jobs]
    calls = plan.prepare()

    def write(state: MutableMapping[Any, Any]) -> None:
        for call in calls:
            call()
        for job, mine, new in zip(jobs, parts, through, strict=True):
            _write_back(job, mine) if new is None else put_through(job.param, job.memory, new)
            advance(job.memory, job.backend.count)
            kept = state.setdefault(job.param, job.memory)
            if kept is not job.memory:
                kept.update(job.memory)

    return write


def run(jobs: Sequence[Job], state: MutableMapping[Any, Any]) -> None:
    """Run one round of jobs on a state that nobody keeps when it fails."""
    prepare(jobs)(state)


@final
class Plan:
    """Kernel calls under construction, and the constants that several buffers share."""

    def __init__(self) -> None:
        self.calls: dict[Any, Call] = {}
        self._scalars: dict[Any, tuple[float, ...]] = {}

    def lay_out(self, job: Job) -> list[tuple[list[Place], bool]]:
        """Add a job's buffers; for each real part, where the results will stand and whether it was cut."""
        p, g, m, u = job.param.data, job.param.grad, *(job.memory[name] for name in ARRAYS)
        lent = [lent_to(job.backend, array, reading=array is g) for array in (p, g, m, u)]
        split = [_split(job.backend, array) for array in lent]
        return [self._part(job, buffers) for buffers in zip(*split, strict=True)]

    def prepare(self) -> list[Callable[[], None]]:
        """Check everything where a call could fail after something has moved; return the calls that write."""
        calls = self.calls.values()
        if len(calls) > 1 or any(call.in_place and not hasattr(call.kernel, "prepare") for call in calls):
            self._check()
        return [call.prepare() for call in calls]

    def _check(self) -> None:
        for call in self.calls.values():
            call.check()
        every = [buffer for call in self.calls.values() for buffer in call.buffers if isinstance(buffer[0], np.ndarray)]
        written = [array for p, _, m, u in every for array in (p, m, u) if array.flags.writeable]
        require_apart(written, [g for _, g, _, _ in every])

    def _part(self, job: Job, buffers: Buffers) -> tuple[list[Place], bool]:
        if job.tail is job.recipe:
            return [self._add(job, job.recipe, buffers)], False
        body, tail = job.backend.pieces(buffers, lambda arrays: cut(arrays, job.dialect.vector))
        places = [self._add(job, recipe, piece) for recipe, pieces in ((job.recipe, body), (job.tail, tail)) for piece in pieces]
        return places, True

    def _add(self, job: Job, recipe: Recipe, buffer: Buffers) -> Place:
        known = (job.group, job.t, recipe)
        if known not in self._scalars:
            self._scalars[known] = job.dialect.scalars(job.hyper, job.t, recipe)
        key = (job.backend, recipe, id(job.param) if job.alone else None)
        if key not in self.calls:
            self.calls[key] = Call(job.backend, recipe)
        return self.calls[key].add(buffer, self._scalars[known])


def _split(backend: AbstractBackend, array: Any) -> list[Any]:
    """Return the real buffers of an array: views wherever the array can be written to."""
    if isinstance(array, np.ndarray):
        return [array.real, array.imag] if array.dtype.kind == "c" else [array]
    return backend.split(array)


def _write_back(job: Job, parts: Sequence[tuple[list[Place], bool]]) -> None:
    """Put new arrays in the place of old ones that could not be written to."""
    data = job.param.data
    if not _written(data, job.backend):
        job.param.data = _assembled(job, parts, 0, data)
    for at, name in enumerate(ARRAYS, start=1):
        if not _written(job.memory[name], job.backend):
            job.memory[name] = _assembled(job, parts, at, job.memory[name])
    touched(job.param if is_tensor(job.param) else data)


def _written(array: Any, backend: AbstractBackend) -> bool:
    if backend.capabilities.in_place:
        return True
    lent = lent_to(backend, array)
    return isinstance(lent, np.ndarray) and lent.flags.writeable


def _assembled(job: Job, parts: Sequence[tuple[list[Place], bool]], at: int, like: Any) -> Any:
    flat = []
    for places, was_cut in parts:
        pieces = [call.results[number][at] for call, number in places]
        flat.append(paste(pieces, like) if was_cut else pieces[0])
    return job.backend.join(flat, like)


def put(old: Any, new: Any) -> Any:
    """Return what stands for `old` from now on: itself with the new values where it can be written to, else `new`.

    Examples
    --------
    >>> x = np.zeros(2)
    >>> put(x, np.ones(2)) is x, x.tolist()
    (True, [1.0, 1.0])
    """
    if isinstance(old, np.ndarray) and old.flags.writeable:
        np.copyto(old, new)
        return old
    return new

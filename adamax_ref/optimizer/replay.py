"""A step that is like the last one: the same parameters, the same recipes, new gradients.

Finding out what a step has to do takes far longer than a small parameter's arithmetic, and nearly always it is what it
was before. A :class:`Replay` remembers a step of the plain kind: NumPy arrays that are written where they lie. To repeat
it, it takes all arrays and counters from where they stand now, so that none can be out of date, and leaves it to the
kernel to look at every array, as kernels do before they write. Whenever groups or gradients are not as they were, or the
kernel refuses an array, nothing has been changed and the long way is taken, which also finds the right words for an error.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter, is_, itemgetter
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref.backend import PROFILE_OF_DTYPE, Kernel, Run, dtype_name, prepared
from adamax_ref.law.recipe import Recipe
from adamax_ref.memory import STORED

from .groups import Group
from .hypers import OPTIONS, hyperparameters
from .jobs import PLACES, Job, variant
from .parameter import Parameter

_options = itemgetter(*OPTIONS)
_group = attrgetter("group")
_REFUSALS = (ValueError, TypeError, AttributeError, KeyError)


def remember(rounds: Sequence[Sequence[Job]], groups: Sequence[Group]) -> "Replay | None":
    """Return how to repeat a step that has just been made, or None when it was not of the plain kind."""
    if len(rounds) != 1 or not all(map(_is_plain, rounds[0])):
        return None
    if not all(type(param) is Parameter for group in groups for param in group["params"]):
        return None
    return Replay(rounds[0], groups)


def _is_plain(job: Job) -> bool:
    plain = job.recipe is job.tail and job.options is None and not job.alone and type(job.memory["step"]) is int
    arrays = (job.param.data, job.memory["exp_avg"], job.memory["exp_inf"])
    real = all(type(array) is np.ndarray and array.dtype.kind != "c" for array in arrays)
    return plain and real and job.backend.capabilities.in_place


def _is_fixed(group: Group) -> bool:
    """Whether the numbers of a group can only be replaced, not changed inside an array or a list."""
    numbers = (group["lr"], group["eps"], group["weight_decay"])
    return type(group["betas"]) is tuple and all(isinstance(x, (int, float)) for x in (*numbers, *group["betas"]))


@final
class Replay:
    """A remembered step: see :func:`remember`."""

    def __init__(self, jobs: Sequence[Job], groups: Sequence[Group]) -> None:
        self._groups = list(groups)
        self._members = [list(group["params"]) for group in groups]
        active = {id(job.param) for job in jobs}
        self._idle = [param for members in self._members for param in members if id(param) not in active]
        sorts: dict[Any, list[Job]] = {}
        for job in jobs:
            sorts.setdefault((job.backend, job.recipe), []).append(job)
        self._calls = [_Call(alike) for alike in sorts.values()]

    def prepare(self, groups: Sequence[Group], state: Mapping[Any, Any], dialect: Any) -> Callable[[Any], None] | None:
        """Return what does the step, or None when it is not like the last one; nothing has changed yet."""
        if not self._is_same(groups):
            return None
        try:
            inputs = [call.inputs(groups, state, dialect) for call in self._calls]
            if len(inputs) > 1:
                _require_owners(inputs)
            runs = [call.prepare(given) for call, given in zip(self._calls, inputs, strict=True)]
        except _REFUSALS:
            return None
        return partial(_write, runs, inputs)

    def _is_same(self, groups: Sequence[Group]) -> bool:
        """Whether the same parameters of the same groups have a gradient; parameters are equal only to themselves."""
        return (
            len(groups) == len(self._groups)
            and all(map(is_, groups, self._groups))
            and all(group["params"] == members for group, members in zip(groups, self._members, strict=True))
            and all(param.grad is None for param in self._idle)
        )


def _write(runs: Sequence[Run], inputs: Sequence["_Inputs"], state: object) -> None:
    """Let every kernel write, then count; the state's dictionaries stand in the inputs."""
    for run, given in zip(runs, inputs, strict=True):
        run(given.constants)
    for given in inputs:
        for memory, step in zip(given.memories, given.counted, strict=True):
            memory["step"] = step


class _Inputs(NamedTuple):
    """What a kernel call is given, and where its counters stand and what they will be."""

    dtype: str
    ps: list[Any]
    gs: list[Any]
    ms: list[Any]
    us: list[Any]
    constants: list[tuple[float, ...]]
    memories: list[Any]
    counted: list[int]


@final
class _Call:
    """A kernel call, and the parameters that it is for."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._params = [job.param for job in jobs]
        self._sizes = [(number, len(list(mine))) for number, mine in groupby(jobs, _group)]
        self._recipe: Recipe = jobs[0].recipe
        self._profile = PROFILE_OF_DTYPE[STORED[self._recipe.storage]]
        self._laws: dict[int, tuple[Any, Any, Any]] = {}
        self.kernel: Kernel = jobs[0].backend.compile(self._recipe)

    def inputs(self, groups: Sequence[Group], state: Mapping[Any, Any], dialect: Any) -> _Inputs:
        """Gather everything from where it stands now; one of `_REFUSALS` when it is not what it was."""
        params = self._params
        memories: list[Any] = list(map(state.get, params))
        constants, counted = self._constants(groups, [memory["step"] for memory in memories], dialect)
        return _Inputs(
            STORED[self._recipe.storage],
            [param.data for param in params],
            [param.grad for param in params],
            [memory["exp_avg"] for memory in memories],
            [memory["exp_inf"] for memory in memories],
            constants,
            memories,
            counted,
        )

    def prepare(self, given: _Inputs) -> Run:
        """Let the kernel look at every array, or do so here where it cannot, and return what writes."""
        if not hasattr(self.kernel, "prepare"):
            _require_owners([given])
        return prepared(self.kernel, given.ps, given.gs, given.ms, given.us)

    def _constants(self, groups: Sequence[Group], steps: list[Any], dialect: Any) -> tuple[list[tuple[float, ...]], list[int]]:
        """Return the constants of each parameter, and its counter after the step.

        Raises
        ------
        ValueError
            When a group asks for another recipe than before, or a counter is no integer: nothing to be repeated.
        """
        constants: list[tuple[float, ...]] = []
        different = set(steps)
        if set(map(type, steps)) != {int} or min(different) < 0:
            raise ValueError("a counter is not what it was")
        for number, size in self._sizes:
            mine = steps[len(constants) : len(constants) + size]
            chosen, hyper = self._law(groups[number], number, dialect)
            constants += _each({step: chosen.scalars(hyper, step + 1, self._recipe) for step in set(mine)}, mine)
        return constants, _each({step: step + 1 for step in different}, steps)

    def _law(self, group: Group, number: int, dialect: Any) -> tuple[Any, Any]:
        """Return a group's dialect and numbers, checked anew when an option has changed; ValueError for another recipe."""
        options = (dialect, *_options(group))
        known = self._laws.get(number)
        if known is not None and known[0] == options:
            return known[1], known[2]
        chosen, hyper = variant(dialect, group), hyperparameters(group)
        plain = group["foreach"] is not False and not group["differentiable"] and not group["capturable"]
        if not plain or not _is_fixed(group) or any(chosen.recipe(hyper, self._profile, at) != self._recipe for at in PLACES):
            raise ValueError("another recipe than before")
        self._laws[number] = options, chosen, hyper
        return chosen, hyper


def _require_owners(calls: Iterable[_Inputs]) -> None:
    """Make sure that no call can refuse anything after an earlier one has written: ValueError where that is not certain.

    Arrays share no memory if no two have one owner; and these are plain, writable and of one kind.
    """
    written: list[int] = []
    read: list[int] = []
    for dtype, ps, gs, ms, us, *_ in calls:
        for p, g, m, u in zip(ps, gs, ms, us, strict=True):
            for array in (p, g, m, u):
                alike = array.shape == p.shape and array.dtype is p.dtype and type(array) is np.ndarray
                if not (alike and array.flags.carray):
                    raise ValueError("an array that has to be looked at")
            if dtype_name(p) != dtype:
                raise ValueError("another dtype than before")
            written += map(_owner, (p, m, u))
            read.append(_owner(g))
    if len(set(written)) < len(written) or not set(written).isdisjoint(read):
        raise ValueError("memory in two places")


def _owner(array: Any) -> int:
    """Return which array owns the memory: it, or the one that it is a view of."""
    owner = array if array.flags.owndata else array.base
    if type(owner) is not np.ndarray or not owner.flags.owndata:
        raise ValueError("memory that belongs to somebody else")
    return id(owner)


def _each(values: Mapping[int, Any], keys: Sequence[int]) -> list[Any]:
    """Look up every key; nearly always there is only one."""
    return [*values.values()] * len(keys) if len(values) == 1 else [values[key] for key in keys]

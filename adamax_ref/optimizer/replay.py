"""A step that is like the last one: the same arrays, the same recipe, new gradients.

Finding out what a step has to do takes far longer than a small parameter's arithmetic, and nearly always it is what it
was before. A :class:`Replay` remembers a step of the plain kind, one kernel call on NumPy arrays that are written where
they lie, and repeats it after looking, by identity, whether anything was exchanged: groups, parameters, arrays, state.
Whenever something is not as it was, or the kernel refuses a gradient, nothing has been changed and the long way is
taken, which also finds the right words for an error.
"""

from collections.abc import Mapping, Sequence
from itertools import compress
from operator import attrgetter, is_, itemgetter
from typing import Any, final

import numpy as np

from adamax_ref.backend import PROFILE_OF_DTYPE, Kernel
from adamax_ref.law.recipe import Recipe
from adamax_ref.memory import STORED

from .groups import Group
from .hypers import OPTIONS, hyperparameters
from .jobs import PLACES, Job, variant

_options = itemgetter(*OPTIONS)
_grad, _data = attrgetter("grad"), attrgetter("data")
_step, _moment, _norm = itemgetter("step"), itemgetter("exp_avg"), itemgetter("exp_inf")


def remember(rounds: Sequence[Sequence[Job]], groups: Sequence[Group], state: Mapping[Any, Any]) -> "Replay | None":
    """Return how to repeat a step that has just been made, or None when it was not of the plain kind."""
    if len(rounds) != 1 or not all(_is_plain(job, rounds[0][0]) for job in rounds[0]):
        return None
    return Replay(rounds[0], groups, state)


def _is_fixed(group: Group) -> bool:
    """Whether the numbers of a group can only be replaced, not changed inside an array or a list."""
    numbers = (group["lr"], group["eps"], group["weight_decay"])
    return type(group["betas"]) is tuple and all(isinstance(x, (int, float)) for x in (*numbers, *group["betas"]))


def _is_plain(job: Job, first: Job) -> bool:
    same = job.backend is first.backend and job.recipe is first.recipe is job.tail
    plain = job.options is None and not job.alone and type(job.memory["step"]) is int
    arrays = (job.param.data, job.memory["exp_avg"], job.memory["exp_inf"])
    real = all(type(array) is np.ndarray and array.dtype.kind != "c" for array in arrays)
    return same and plain and real and job.backend.capabilities.in_place


@final
class Replay:
    """A remembered step: see :func:`remember`."""

    def __init__(self, jobs: Sequence[Job], groups: Sequence[Group], state: Mapping[Any, Any]) -> None:
        self._groups = list(groups)
        self._members = [list(group["params"]) for group in groups]
        self._params = [param for members in self._members for param in members]
        self._active = [param.grad is not None for param in self._params]
        self._stepped = [job.param for job in jobs]
        self._data = [job.param.data for job in jobs]
        self._memories = [state[job.param] for job in jobs]
        self._moments, self._norms = ([memory[name] for memory in self._memories] for name in ("exp_avg", "exp_inf"))
        self._of_group = [job.group for job in jobs]
        self._recipe: Recipe = jobs[0].recipe
        self._kernel: Kernel = jobs[0].backend.compile(self._recipe)
        self._profile = PROFILE_OF_DTYPE[STORED[self._recipe.storage]]
        self._laws: dict[int, tuple[Any, Any, Any]] = {}

    def repeat(self, groups: Sequence[Group], state: Mapping[Any, Any], dialect: Any) -> bool:
        """Do the step and return True; or do nothing and return False."""
        grads = list(map(_grad, self._params))
        if not self._is_same(groups, state) or [grad is not None for grad in grads] != self._active:
            return False
        grads = list(compress(grads, self._active))
        steps = list(map(_step, self._memories))
        try:
            constants = self._constants(groups, steps, dialect)
            if constants is None:
                return False
            self._kernel(self._data, grads, self._moments, self._norms, constants)
        except (ValueError, TypeError, AttributeError):
            return False
        for memory, step in zip(self._memories, steps, strict=True):
            memory["step"] = step + 1
        return True

    def _is_same(self, groups: Sequence[Group], state: Mapping[Any, Any]) -> bool:
        """Whether groups, parameters, their arrays and their state are the very same objects as before."""
        return (
            _same(groups, self._groups)
            and all(_same(group["params"], members) for group, members in zip(groups, self._members, strict=True))
            and all(map(is_, map(_data, self._stepped), self._data))
            and all(map(is_, map(state.get, self._stepped), self._memories))
            and all(map(is_, map(_moment, self._memories), self._moments))
            and all(map(is_, map(_norm, self._memories), self._norms))
        )

    def _constants(self, groups: Sequence[Group], steps: Sequence[Any], dialect: Any) -> list[tuple[float, ...]] | None:
        """Return the constants of each parameter, or None when a group asks for another recipe than before."""
        keys = list(zip(self._of_group, steps, strict=True))
        made: dict[tuple[int, Any], tuple[float, ...]] = dict.fromkeys(keys, ())
        for number, step in made:
            law = self._law(groups[number], number, dialect)
            if law is None or type(step) is not int or step < 0:
                return None
            made[number, step] = law[0].scalars(law[1], step + 1, self._recipe)
        return [made[key] for key in keys]

    def _law(self, group: Group, number: int, dialect: Any) -> tuple[Any, Any] | None:
        """Return a group's dialect and numbers, checked anew when an option has changed."""
        options = (dialect, *_options(group))
        known = self._laws.get(number)
        if known is not None and known[0] == options:
            return known[1], known[2]
        chosen, hyper = variant(dialect, group), hyperparameters(group)
        plain = group["foreach"] is not False and not group["differentiable"] and not group["capturable"]
        if not plain or not _is_fixed(group) or any(chosen.recipe(hyper, self._profile, at) != self._recipe for at in PLACES):
            return None
        self._laws[number] = options, chosen, hyper
        return chosen, hyper


def _same(now: Sequence[Any], before: Sequence[Any]) -> bool:
    return len(now) == len(before) and all(map(is_, now, before))

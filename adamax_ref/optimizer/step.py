"""A step bound to its arrays: prepared once, done again for as long as nothing but numbers has changed.

Finding out what a step has to do takes far longer than a small parameter's arithmetic, and nearly always it is what it
was before. A :class:`Step` is made of checked jobs. It is right for as long as :meth:`Step.holds` says so: the same
groups, parameters, state and arrays, which only their elements have changed; gradients may be new ones. What can be
refused is refused by :meth:`Step.bind`, which writes nothing; :meth:`Step.run` writes.
"""

from collections.abc import Mapping, Sequence
from operator import is_, itemgetter
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref.arrays.memory import Cover, require_apart
from adamax_ref.backend import Arrays, Constants
from adamax_ref.recipe.dialect import Dialect

from .counting import Counters
from .groups import Group, array_for
from .jobs import Job, options_of
from .layout import (
    Call,
    View,
    add,
    buffers_of,
    form_of,
    hosts_of,
    is_direct,
    put_all,
    renewed,
    require_writable,
    source_of,
    view_of,
)
from .tensors import bump, grad_disabled, is_tensor, refuse_recorded
from .traced import beyond, put_through
from .types import ARRAYS, MutableState, State

_counter, _moment, _norm = itemgetter("step"), itemgetter("exp_avg"), itemgetter("exp_inf")


class Bound(NamedTuple):
    """Gradients, constants and results of a step that has been checked and not yet written.

    Attributes
    ----------
    gradients, constants : list
        Of each call.
    numbers : list of int
        The number of each update.
    results : mapping
        What calls that are not written in place have computed, by the call's identity.
    traced : mapping
        What parameters become through which a graph goes on, by the number of the job.
    """

    gradients: list[Arrays]
    constants: list[Constants]
    numbers: list[int]
    results: dict[int, Any]
    traced: dict[int, tuple[Any, Any, Any]]


@final
class Step:
    """One round of jobs, laid out and prepared.

    Parameters
    ----------
    jobs : sequence of Job
        Checked, each of another parameter.
    groups : sequence of dict
        The optimizer's.
    state : mapping
        The optimizer's; it is only read.

    Raises
    ------
    ValueError, TypeError
        When an engine refuses an array; nothing has changed then.
    """

    def __init__(self, jobs: Sequence[Job], groups: Sequence[Group], state: State) -> None:
        self.jobs = jobs
        self._views: list[View | None] = []
        self._places: list[list[tuple[list[tuple[Call, int]], bool]]] = []
        calls: dict[Any, Call] = {}
        for at, job in enumerate(jobs):
            self._places.append(self._lay_out(calls, at, job) if job.options is None else [])
        self.calls = list(calls.values())
        require_writable([job for job in jobs if job.options is None and not job.backend.capabilities.in_place])
        for call in self.calls:
            call.whole = len(call.members) == len(jobs)
        self._first: list[Arrays] | None = [call.prepare() for call in self.calls]
        self._counters = Counters([job.memory["step"] for job in jobs])
        self._rules = {job.rule.number: job.rule for job in jobs}
        self._remember(groups, state)

    def _remember(self, groups: Sequence[Group], state: State) -> None:
        """Keep what :meth:`holds` compares."""
        self._parts: list[Any] = []
        self._groups = list(groups)
        self._members = [list(group["params"]) for group in groups]
        active = {id(job.param) for job in self.jobs}
        self._idle = [param for members in self._members for param in members if id(param) not in active]
        self._params: list[Any] = [job.param for job in self.jobs]
        self._new = [job for job in self.jobs if state.get(job.param) is not job.memory]
        self._memories = [job.memory for job in self.jobs]
        self._backends = [job.backend for job in self.jobs]
        self._kinds = {type(param.grad) for param in self._params}
        self._viewed = [at for at, view in enumerate(self._views) if view is not None]
        self._forms = list(map(self._form, self._viewed))
        sources = [source_of(param) for param in self._params]
        self._holders = [(param, source is not param) for param, source in zip(self._params, sources, strict=True)]
        self._own = all(map(is_, sources, self._params))
        self._in_place = all(job.options is None and job.backend.capabilities.in_place for job in self.jobs)
        self._tensors = any(map(is_tensor, sources)) and any(job.options is None for job in self.jobs)
        self._touched = [source for source in sources if is_tensor(source) and not source.is_inference()]

    # Laying out

    def _lay_out(self, calls: dict[Any, Call], at: int, job: Job) -> list[tuple[list[tuple[Call, int]], bool]]:
        """Add a job's buffers to calls; for each real part, where they stand and whether it was cut."""
        arrays = (source_of(job.param), job.param.grad, *(job.memory[name] for name in ARRAYS))
        lent = tuple(array_for(job.backend, array, reading=which == 1) for which, array in enumerate(arrays))
        if all(map(is_, arrays, lent)) and is_direct(job, lent):
            self._views.append(None)
            return [([add(calls, at, 0, job, job.recipe, lent, True)], False)]
        parts = buffers_of(job, lent)
        self._views.append(view_of(job, lent, parts))
        where: list[tuple[list[tuple[Call, int]], bool]] = []
        count = 0
        for pieces in parts:
            places = [add(calls, at, count + number, job, recipe, piece, False) for number, (recipe, piece) in enumerate(pieces)]
            where.append((places, job.tail is not job.recipe))
            count += len(places)
        return where

    # Asking

    @property
    def is_repeatable(self) -> bool:
        """Return whether it is worth keeping: everything is written where it lies, and nothing is differentiated."""
        return self._in_place

    def holds(self, groups: Sequence[Group], state: State, dialect: Dialect) -> bool:
        """Return whether the step is still what has to be done; the numbers of its groups are read anew.

        Raises
        ------
        ValueError, TypeError
            When a number of a group is wrong.
        """
        return self._has_jobs(groups, state, dialect) and self._has_arrays(None)

    def _has_jobs(self, groups: Sequence[Group], state: Mapping[Any, Any], dialect: Dialect) -> bool:
        """Return whether the same parameters are to be updated, counted as before, and by the same recipes."""
        return (
            self._has_parts(groups, state, dialect)
            and not (self._idle and any(param.grad is not None for param in self._idle))
            and self._counters.hold(list(map(_counter, self._memories)))
            and (not self._viewed or self._forms == list(map(self._form, self._viewed)))
        )

    def _has_parts(self, groups: Sequence[Group], state: Mapping[Any, Any], dialect: Dialect) -> bool:
        """Return whether groups, parameters and states are the objects that they were, and the options ask for the same recipes."""
        parts = _parts(dialect, groups, state)
        if len(parts) == len(self._parts) and all(map(is_, parts, self._parts)):
            return True
        alike = (
            len(groups) == len(self._groups)
            and all(map(is_, groups, self._groups))
            and all(_are(group["params"], members) for group, members in zip(groups, self._members, strict=True))
            and self._has_memories(state)
            and all(rule.renew(dialect) for rule in self._rules.values())
        )
        # Options that can change inside an array or a list have to be read every time.
        self._parts = parts if alike and all(rule.is_fixed for rule in self._rules.values()) else []
        return alike

    def _has_memories(self, state: State) -> bool:
        """Return whether the state of each parameter is the dictionary that it was."""
        if len(state) == len(self._memories) and all(map(is_, state, self._params)):
            return all(map(is_, state.values(), self._memories))
        return all(map(is_, map(state.get, self._params), self._memories))

    def _has_arrays(self, gradients: Sequence[Arrays] | None) -> bool:
        """Return whether engines find the arrays that they were bound to; gradients, where there are any, are then checked.

        Raises
        ------
        ValueError, TypeError
            When an engine refuses a gradient.
        """
        every = self._arrays()
        for at, call in enumerate(self.calls):
            if call.direct:
                ps, ms, us = every if call.whole else ([arrays[job] for job, _ in call.members] for arrays in every)
                prepared = call.prepared
                if not (prepared.holds(ps, ms, us) if gradients is None else prepared.fits(ps, gradients[at], ms, us)):
                    return False
            elif gradients is not None:
                call.prepared.check(gradients[at])
        return True

    def _arrays(self) -> tuple[Arrays, Arrays, Arrays]:
        """Return the arrays of all parameters, moments and norms as they are now."""
        data = self._params if self._own else [param.data if is_ours else param for param, is_ours in self._holders]
        return data, list(map(_moment, self._memories)), list(map(_norm, self._memories))

    def _form(self, at: int) -> list[Any]:
        """Return how the arrays lie of which an engine was given views."""
        memory = self._memories[at]
        return [form_of(array) for array in (source_of(self._params[at]), *(memory[name] for name in ARRAYS))]

    # Doing

    def again(self, groups: Sequence[Group], state: Mapping[Any, Any], dialect: Dialect) -> Bound | None:
        """Return what :meth:`bind` returns where the step :meth:`holds`, else None; nothing is written.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As both do.
        """
        if not self._has_jobs(groups, state, dialect):
            return None
        gradients = self.gradients()
        return None if gradients is None or not self._has_arrays(gradients) else self._bound(gradients)

    def bind(self) -> Bound:
        """Take the gradients as they are now, check them, and compute what is not written in place; nothing is written.

        Raises
        ------
        ValueError, TypeError
            When an engine refuses a gradient, or a counter is wrong.
        RuntimeError
            When torch records a graph of what is done to tensors, or a gradient is missing or of another type than before.
        """
        gradients = self.gradients()
        if gradients is None:
            raise RuntimeError("a gradient was taken away while the step was prepared")
        for call, gs in zip(self.calls, gradients, strict=True):
            call.prepared.check(gs)
        return self._bound(gradients)

    def _bound(self, gradients: list[Arrays]) -> Bound:
        """Bind the step to gradients that every engine has checked."""
        self._done = 0
        if self._tensors:
            refuse_recorded()
        if len(self.calls) > 1:
            self._require_apart(gradients)
        constants, numbers = self.numbers()
        if self._in_place:
            return Bound(gradients, constants, numbers, {}, {})
        calls = zip(self.calls, gradients, constants, strict=True)
        with grad_disabled():  # the graph of a parameter is no part of its new values
            results = {id(call): call.prepared.run(gs, rows) for call, gs, rows in calls if not call.prepared.in_place}
        traced = {
            at: beyond(job.param, job.memory, job.rule.dialect, job.options, number)
            for at, (job, number) in enumerate(zip(self.jobs, numbers, strict=True))
            if job.options is not None
        }
        return Bound(gradients, constants, numbers, results, traced)

    def numbers(self) -> tuple[list[Constants], list[int]]:
        """Return the constants of each call, and the number of each update, as the groups and counters are now."""
        numbers = self._counters.following(list(map(_counter, self._memories)))
        return [self._constants(call, numbers) for call in self.calls], numbers

    def run(self, bound: Bound, state: MutableState) -> None:
        """Do the step, or the calls of it that are not done; :meth:`end` deals with what is raised here."""
        while self._done < len(self.calls):
            prepared = self.calls[self._done].prepared
            if prepared.in_place:
                prepared.run(bound.gradients[self._done], bound.constants[self._done])
            self._done += 1
        if not self._in_place:
            self._write_back(bound)
        self.count(bound.numbers, state)
        if self._touched:
            bump(self._touched)

    def end(self, bound: Bound, state: MutableState) -> bool:
        """Bring a step to an end that an exception interrupted, and return True; False where a call may be half done.

        A step of which nothing has been written stays undone. Everything behind the calls (new arrays, counters) may be
        done twice.
        """
        if self._done < len(self.calls):
            prepared = self.calls[self._done].prepared
            progress = prepared.progress if prepared.in_place else "none"
            if progress == "some":
                return False
            if progress == "all":
                self._done += 1
            if not self._done:
                return True
        self.run(bound, state)
        return True

    def count(self, numbers: Sequence[int], state: MutableState) -> None:
        """Advance the counters, and let the state of new parameters join the optimizer's."""
        self._counters.advance(self._memories, numbers, self._backends)
        for job in self._new:
            known = state.setdefault(job.param, job.memory)
            if known is not job.memory:
                known.update(job.memory)
        self._new = []

    def gradients(self) -> list[Arrays] | None:
        """Return the gradients of each call; None when one is missing, or is or lies otherwise than before."""
        grads = [param.grad for param in self._params]
        if not self._kinds.issuperset(map(type, grads)):
            return None
        if len(self.calls) == 1 and self.calls[0].direct:
            return [grads]
        if self._first is not None:  # as they were laid out, with all four arrays of each parameter in view
            first, self._first = self._first, None
            return first
        parts = []
        for grad, view in zip(grads, self._views, strict=True):
            buffers = [grad] if view is None else view(grad)
            if buffers is None:
                return None
            parts.append(buffers)
        return [[parts[job][number] for job, number in call.members] for call in self.calls]

    def _constants(self, call: Call, numbers: Sequence[int]) -> Constants:
        """Return the constants of each buffer, one object for all that share them."""
        if len(self._rules) == 1 and numbers.count(numbers[0]) == len(numbers):
            (rule,) = self._rules.values()
            return [rule.scalars(call.recipe, numbers[0])] * len(call.members)
        known: dict[tuple[int, int], tuple[float, ...]] = {}
        rows = []
        for at, _ in call.members:
            rule, number = self.jobs[at].rule, numbers[at]
            row = known.get((rule.number, number))
            if row is None:
                row = known[rule.number, number] = rule.scalars(call.recipe, number)
            rows.append(row)
        return rows

    def _require_apart(self, gradients: Sequence[Arrays]) -> None:
        """Refuse what no call can see alone: memory that one writes and another uses."""
        pairs = [call.prepared.bounds(gs) for call, gs in zip(self.calls, gradients, strict=True)]
        cover = Cover(np.concatenate([written for written, _ in pairs]))
        if not cover.is_apart() or cover.may_meet(np.concatenate([read for _, read in pairs])):
            written = [call.prepared.memory_of(array) for call in self.calls for array in call.prepared.written]
            read = [call.prepared.memory_of(g) for call, gs in zip(self.calls, gradients, strict=True) for g in gs]
            require_apart([array for array in hosts_of(written) if array.flags.writeable], hosts_of(read))

    def _write_back(self, bound: Bound) -> None:
        """Put new arrays in the place of old ones, or into them where they can be written to."""
        results = {id(call): put_all(call.prepared, bound.results[id(call)]) for call in self.calls if id(call) in bound.results}
        for number, (job, parts) in enumerate(zip(self.jobs, self._places, strict=True)):
            if job.options is not None:
                put_through(job.param, job.memory, bound.traced[number])
            elif not job.backend.capabilities.in_place:
                data = source_of(job.param)
                new = renewed(job, parts, results, 0, data)
                if new is not data:
                    job.param.data = new
                for at, name in enumerate(ARRAYS, start=1):
                    job.memory[name] = renewed(job, parts, results, at, job.memory[name])


def _parts(dialect: Dialect, groups: Sequence[Group], state: Mapping[Any, Any]) -> list[Any]:
    """Return the objects on which a step depends: the dialect, parameters and options before their group, and the state."""
    parts: list[Any] = [dialect]
    for group in groups:
        parts += group["params"]
        parts += options_of(group)
        parts.append(group)
    parts += state
    parts += state.values()
    return parts


def _are(params: Sequence[Any], members: Sequence[Any]) -> bool:
    return len(params) == len(members) and all(map(is_, params, members))

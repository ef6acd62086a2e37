"""The updates of a step, collected and checked before anything is written.

A *job* is one update of one parameter. A parameter that stands twice in a group has two jobs, the second in a later
*round*, since it starts from the first one's result.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_, itemgetter
from typing import Any, Literal, final

import numpy as np

from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import AbstractBackend, dtype_name, profile_of
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.recipe import Recipe

from .counting import next_step, note
from .groups import Group, engine
from .options import OPTIONS, hyperparameters
from .parameter import type_name
from .tensors import is_tensor, tensor_like, tensor_zeros_like
from .traced import check_graph, differentiates
from .types import ARRAYS, Param, ParamState, State


@final
@dataclass(frozen=True)
class Job:
    """One update of one parameter: what it reads, and everything that was looked up for it.

    Attributes
    ----------
    param : Parameter or torch tensor
        Its array and gradient are read when the job runs.
    memory : dict
        ``step``, ``exp_avg``, ``exp_inf``: the optimizer's state, or a new one that is not yet part of it.
    rule : GroupRule
        What it has in common with the others of its group.
    backend : AbstractBackend
        Where it runs.
    recipe, tail : Recipe
        For the array, and for what the framework's vector loop leaves over (nearly always the same recipe).
    options : mapping or None
        For a step that autograd is to pass through: the group's options as they were written.
    """

    param: Param
    memory: ParamState
    rule: "GroupRule"
    backend: AbstractBackend
    recipe: Recipe
    tail: Recipe
    options: Mapping[str, object] | None

    @property
    def alone(self) -> bool:
        """Return whether it is to have a kernel call of its own."""
        return self.rule.alone


def collect(groups: Sequence[Group], state: State, dialect: Dialect, backend: str | None) -> list[list[Job]]:
    """Return the rounds of jobs that a step consists of.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        When an option, a gradient or a state does not fit; nothing has changed then.
    """
    rounds: list[list[Job]] = []
    seen: Counter[int] = Counter()
    new: dict[int, ParamState] = {}
    for number, group in enumerate(groups):
        if group["foreach"] and group["differentiable"]:
            raise AssertionError("_foreach ops don't support autograd")
        rule = GroupRule(dialect, group, number)
        for at, param in enumerate(group["params"]):
            if param.grad is None:
                continue
            where = label(group, number, at)
            check_gradient(param.grad, param.data, where)
            memory = new.get(id(param)) or state.get(param) or fresh(param, group, backend)
            check_state(memory, param.data, where)
            new[id(param)] = memory
            again = seen[id(param)]
            seen[id(param)] += 1
            if len(rounds) <= again:
                rounds.append([])
            rounds[again].append(rule.job(param, memory, backend))
    return rounds


@final
class GroupRule:
    """Rule of one group: the dialect's variant, checked hyperparameters, and recipes.

    Parameters
    ----------
    dialect : Dialect
        The optimizer's.
    group : mapping
        Its options are read here, and again by :meth:`renew`.
    number : int
        Of the group.
    """

    def __init__(self, dialect: Dialect, group: Group, number: int) -> None:
        self.dialect = variant(dialect, group)
        self.hyper = hyperparameters(group, f"param_groups[{number}]")
        self.group = group
        self.number = number
        self.alone = group["foreach"] is False
        self._given = dialect
        self._options = options_of(group)
        self._fixed = _is_fixed(group)
        self._recipes: dict[tuple[AbstractBackend, str], tuple[Recipe, Recipe]] = {}
        self._scalars: dict[int, tuple[Recipe, Callable[[int], tuple[float, ...]] | None]] = {}

    @property
    def is_fixed(self) -> bool:
        """Return whether the options can only be replaced: :meth:`renew` has nothing to do while they are the same objects."""
        return self._fixed

    def scalars(self, recipe: Recipe, number: int) -> tuple[float, ...]:
        """Return the constants of a step; from the second step with the same options on, only what its number changes."""
        known = self._scalars.get(id(recipe))  # hashing a recipe takes longer than a constant
        if known is None or known[1] is None:
            self._scalars[id(recipe)] = recipe, self.dialect.scalars_of(self.hyper, recipe) if known else None
            return self.dialect.scalars(self.hyper, number, recipe)
        return known[1](number)

    def renew(self, dialect: Dialect) -> bool:
        """Read the options again; False when they ask for other recipes than before.

        Raises
        ------
        ValueError, TypeError
            When a number is wrong.
        """
        if dialect is not self._given:
            return False
        if self._fixed and all(map(is_, options_of(self.group), self._options)):
            return True
        new = GroupRule(dialect, self.group, self.number)
        alike = new.dialect is self.dialect and new.alone == self.alone and not self.group["differentiable"]
        if not alike or any(new.recipes(profile) != known for (_, profile), known in self._recipes.items()):
            return False
        self.hyper, self._options, self._fixed, self._scalars = new.hyper, new._options, new._fixed, new._scalars
        return True

    def job(self, param: Param, memory: ParamState, backend: str | None) -> Job:
        """Return the job of one parameter, its recipes compiled."""
        data = param.data
        chosen = engine(data, backend)
        recipe, tail = self._compiled(chosen, profile_of(data))
        next_step(memory["step"])
        options = self._written() if self.group["differentiable"] and differentiates(data) else None
        if options is not None:
            check_graph(param)
        return Job(param, memory, self, chosen, recipe, tail, options)

    def recipes(self, profile: str) -> tuple[Recipe, Recipe]:
        """Return those of the array and of its tail; one object when they are equal."""
        recipe, tail = (self.dialect.recipe(self.hyper, profile, place) for place in PLACES)
        return recipe, recipe if tail == recipe else tail

    def _written(self) -> dict[str, object]:
        beta1, beta2 = self.group["betas"]
        return {**self.group, "beta1": beta1, "beta2": beta2}

    def _compiled(self, backend: AbstractBackend, profile: str) -> tuple[Recipe, Recipe]:
        if (backend, profile) not in self._recipes:
            recipes = self.recipes(profile)
            for one in set(recipes):
                backend.compile(one)
            self._recipes[backend, profile] = recipes
        return self._recipes[backend, profile]


options_of = itemgetter(*OPTIONS)


def _is_fixed(group: Group) -> bool:
    """Return whether the numbers of a group can only be replaced, not changed inside an array or a list."""
    numbers = (group["lr"], group["eps"], group["weight_decay"])
    return type(group["betas"]) is tuple and all(isinstance(x, (int, float)) for x in (*numbers, *group["betas"]))


PLACES: tuple[Literal["body"], Literal["tail"]] = ("body", "tail")


def variant(dialect: Dialect, group: Group) -> Dialect:
    """Return the dialect's capturable variant for a capturable group.

    Raises
    ------
    ValueError
        When the dialect has none.
    """
    if not group["capturable"] or dialect.name.endswith("/capturable"):
        return dialect
    if "capturable" not in dialect.variants:
        raise ValueError(f"dialect {dialect.name!r} has no capturable variant; pass capturable=False")
    return dialect.variants["capturable"]


def label(group: Group, number: int, at: int) -> str:
    """Return what to call a parameter in a message.

    Examples
    --------
    >>> label({"params": [None], "param_names": ["bias"]}, 1, 0)
    "param_groups[1]['params'][0] ('bias')"
    """
    name = group["param_names"][at] if "param_names" in group else getattr(group["params"][at], "name", None)
    return f"param_groups[{number}]['params'][{at}]" + (f" ({name!r})" if name else "")


def check_gradient(grad: Array, data: Array, where: str) -> None:
    """Refuse a gradient that is sparse or does not fit its parameter.

    Raises
    ------
    RuntimeError
        When it is sparse.
    TypeError
        When its namespace or dtype is not the parameter's.
    ValueError
        When its shape is not.
    """
    if getattr(grad, "is_sparse", False) or "sparse" in type(grad).__module__:
        raise RuntimeError("Adamax does not support sparse gradients")
    if not hasattr(grad, "dtype") or not hasattr(grad, "shape"):
        raise TypeError(f"the gradient of {where} is {type_name(grad)}, not an array; pass one like the parameter's")
    if _home(data) != _home(grad):
        raise TypeError(f"the gradient of {where} is {type_name(grad)}, but the parameter is {type_name(data)}; convert it")
    if tuple(grad.shape) != tuple(data.shape):
        raise ValueError(
            f"the gradient of {where} has shape {tuple(grad.shape)}, but the parameter has {tuple(data.shape)}; "
            "they must be the same"
        )
    if not _same_dtype(grad, data):
        raise TypeError(f"the gradient of {where} has dtype {grad.dtype}, but the parameter has {data.dtype}; cast it yourself")


def _home(array: object) -> str:
    """Name of the library an array comes from; what JAX traces and what it has computed count as one."""
    if is_tensor(array):
        return "torch"  # wherever a subclass of its tensors is defined
    return type(array).__module__.partition(".")[0].removesuffix("lib")


def _same_dtype(a: Array, b: Array) -> bool:
    """Return whether two arrays have one dtype, up to byte order."""
    return a.dtype == b.dtype or dtype_name(a) == dtype_name(b)


def check_state(memory: ParamState, data: Array, where: str) -> None:
    """Refuse a state that does not fit its parameter.

    Raises
    ------
    KeyError
        When a part is missing.
    ValueError
        When a shape or dtype is not the parameter's.
    """
    for part in ARRAYS:
        array = memory[part]
        if tuple(array.shape) != tuple(data.shape) or not _same_dtype(array, data):
            raise ValueError(
                f"{part} of {where} has shape {tuple(array.shape)} and dtype {array.dtype}, but the parameter has "
                f"{tuple(data.shape)} and {data.dtype}; load_state_dict(state_dict) casts"
            )


def fresh(param: Param, group: Group, backend: str | None) -> ParamState:
    """Return the state of a parameter before its first update."""
    data = param.data
    zeros = tensor_zeros_like if is_tensor(data) else engine(data, backend).zeros_like
    step = counter(0, data, backend) if group["capturable"] else 0
    return {"step": step, "exp_avg": zeros(data), "exp_inf": zeros(data)}


def counter(t: int, data: Array, backend: str | None) -> Array:
    """Return a 0-d float32 array with the value `t`, of the namespace and device of `data`."""
    step: Array = _counter(np.asarray(t, dtype=np.float32), data, backend)
    note(step, t)
    return step


def _counter(host: HostArray, data: Any, backend: str | None) -> Any:
    if is_tensor(data):
        return tensor_like(host, data)
    if isinstance(data, np.ndarray):
        return host
    chosen = engine(data, backend)
    if chosen.capabilities.device == "cuda":
        return chosen.from_host(host)
    xp = data.__array_namespace__()
    return xp.asarray(int(host), dtype=xp.float32, device=data.device)

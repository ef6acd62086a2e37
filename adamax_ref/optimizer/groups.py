"""Parameter groups: from what a user may write to checked dictionaries.

A group is a plain dictionary, and it is the user's own: it is filled in place, so that a handle on it stays good. To
leave it alone when something is wrong, a group is first prepared as a copy, with every check, and filled at the end.
"""

import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from adamax_ref.arrays.memory import require_apart, require_updatable
from adamax_ref.arrays.types import Array
from adamax_ref.backend import AbstractBackend, backend_for, get_backend, profile_of, profiles_of
from adamax_ref.recipe.dialect import Dialect

from .options import hyperparameters
from .parameter import is_parameter, type_name
from .tensors import host_view, is_tensor, memory_of, readable, sample
from .types import Group as Group
from .types import GroupOptions, Param

_SETS = (
    "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will change "
    "between runs. Please use a list instead."
)
_DUPLICATES = (
    "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see "
    "github.com/pytorch/pytorch/issues/40967 for more information"
)


def as_groups(params: Iterable[object]) -> list[GroupOptions]:
    """Return the groups that the first argument of an optimizer stands for.

    Raises
    ------
    TypeError
        When it is a set, a single array or parameter, or cannot be iterated.
    ValueError
        When it is empty.
    """
    if is_parameter(params) or hasattr(params, "dtype"):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got " + type_name(params)
        )
    if isinstance(params, (set, frozenset)):
        raise TypeError(_SETS)
    groups: list[Any] = list(params)
    if not groups:
        raise ValueError("optimizer got an empty parameter list")
    return groups if isinstance(groups[0], dict) else [{"params": groups}]


def prepare(
    group: GroupOptions, others: Sequence[Group], defaults: Mapping[str, object], dialect: Dialect, backend: str | None
) -> Group:
    """Return a checked and completed copy of `group`; `others` are the groups that stand before it.

    Raises
    ------
    TypeError, ValueError, KeyError
        See the methods of :class:`~adamax_ref.optimizer.adamax.Adamax`; nothing has changed then.
    """
    if not isinstance(group, dict):
        raise TypeError(f"param_group must be a dict, but got {type(group)}")
    new: Any = dict(group)  # options that nobody knows may be among them
    names, new["params"] = _named(_listed(group["params"]))
    if names:
        new["param_names"] = names
    for param in new["params"]:
        _check_parameter(param, defaults, dialect, backend)
    for name, default in defaults.items():
        new.setdefault(name, default)
    _check_options(new, dialect, len(others))
    if len({id(param) for param in new["params"]}) != len(new["params"]):
        warnings.warn(_DUPLICATES, stacklevel=4)
    _check_against(new, others)
    complete: Group = new
    return complete


def _listed(params: Any) -> list[Any]:
    if is_parameter(params):
        return [params]
    if isinstance(params, (set, frozenset)):
        raise TypeError(_SETS)
    return list(params)


def _named(params: Iterable[Any]) -> tuple[list[str], list[Any]]:
    """Take pairs apart; all have names or none has."""
    names: list[str] = []
    bare: list[Any] = []
    for at, param in enumerate(params):
        if isinstance(param, tuple):
            _check_pair(at, param, names)
            names.append(param[0])
            param = param[1]
        bare.append(param)
    if names and len(names) != len(bare):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return names, bare


def _check_pair(at: int, pair: tuple[Any, ...], names: Sequence[str]) -> None:
    if len(pair) != 2:
        raise ValueError(f"params[{at}] is a tuple of length {len(pair)}; pass pairs of (name, parameter)")
    if not isinstance(pair[0], str):
        raise ValueError(f"params[{at}] has the name {pair[0]!r}; a name must be a string")
    if pair[0] in names:
        raise ValueError(f"params[{at}] has the name {pair[0]!r}, which an earlier parameter of the group has; make it unique")


def _check_parameter(param: Any, defaults: Mapping[str, Any], dialect: Dialect, backend: str | None) -> None:
    if not is_parameter(param):
        error = TypeError("optimizer can only optimize Tensors or Parameters, but one of the params is " + type_name(param))
        error.add_note("Wrap an array: adamax_ref.Parameter(array).")
        raise error
    if is_tensor(param) and not defaults["differentiable"] and not (param.is_leaf or param.retains_grad):
        raise ValueError("can't optimize a non-leaf Tensor")
    profile = profile_of(param.data)
    if profile not in dialect.profiles:
        raise TypeError(f"dialect {dialect.name!r} does not compute in {param.data.dtype}; it has {', '.join(dialect.profiles)}")
    chosen = engine(param.data, backend)
    memory = memory_of(param.data)
    if isinstance(memory, np.ndarray) and (memory.flags.writeable or chosen.capabilities.in_place):
        require_updatable(memory)
    elif memory is not None:  # a tensor may get its memory later, and some steps need none
        chosen.check(param.data)


def array_for(backend: AbstractBackend, array: Array, reading: bool = False) -> Any:
    """Return what a backend is given: an array of a kind that it owns as it is, a CPU tensor otherwise as a NumPy view.

    Raises
    ------
    ValueError
        When a tensor has no memory of its own; one that is only to be read may be a lazily negated or conjugated view.
    """
    given = readable(array) if reading else host_view(array)
    return array if is_tensor(array) and backend.owns(array) else given


def engine(array: Array, name: str | None) -> AbstractBackend:
    """Return the backend for an array: the named one if it can, or the best there is.

    Raises
    ------
    TypeError
        When no backend computes on such arrays.
    """
    if name is None:
        return backend_for(sample(array))
    chosen = get_backend(name)
    if not (chosen.owns(array) or chosen.owns(sample(array))):
        raise TypeError(f"backend {name!r} does not compute on {type_name(array)}; leave out backend= or move the array")
    if profile_of(array) not in profiles_of(chosen):
        has = ", ".join(sorted(profiles_of(chosen)))
        raise TypeError(f"backend {name!r} does not compute in {profile_of(array)}; it has {has}; leave out backend=, or convert")
    return chosen


def _check_options(group: Group, dialect: Dialect, at: int) -> None:
    where = f"param_groups[{at}]"
    checked = hyperparameters(group, where)
    for profile in {profile_of(param.data) for param in group["params"]} or {dialect.profiles[0]}:
        dialect.check(checked, profile)


def _check_against(new: Group, others: Sequence[Group]) -> None:
    """Names everywhere or nowhere; no parameter twice, no two parameters in the same memory."""
    for other in others:
        if ("param_names" in new) != ("param_names" in other):
            having = "with names" if "param_names" in new else "without names"
            words = "all optimizer param groups should be with/without names. "
            raise ValueError(f"{words}cannot add param group {having} to the optimizer")
    before = {id(param) for other in others for param in other["params"]}
    if any(id(param) in before for param in new["params"]):
        raise ValueError("some parameters appear in more than one parameter group")
    every = {id(param): param for group in (*others, new) for param in group["params"]}
    lie = (memory_of(param.data) for param in every.values())
    require_apart([array for array in lie if isinstance(array, np.ndarray) and array.flags.writeable])


def reset(param: Param, set_to_none: bool, backend: str | None) -> None:
    """Set a parameter's gradient to None or, in place where that is possible, to zero; None stays None.

    Examples
    --------
    >>> from adamax_ref.optimizer.parameter import Parameter
    >>> weight = Parameter(np.zeros(2), grad=np.array([1.0, np.nan]))
    >>> reset(weight, False, None)
    >>> weight.grad
    array([0., 0.])
    """
    if param.grad is None or set_to_none:
        param.grad = None
    elif is_tensor(param.grad):
        _reset_tensor(param.grad)
    elif isinstance(param.grad, np.ndarray) and param.grad.flags.writeable:
        param.grad[...] = 0
    else:
        param.grad = engine(param.grad, backend).zeros_like(param.grad)


def _reset_tensor(grad: Any) -> None:
    """Cut a tensor off its graph and fill it with zeros."""
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    with sys.modules["torch"].no_grad():
        grad.zero_()

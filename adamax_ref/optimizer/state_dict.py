"""State dictionaries in PyTorch's layout: made of an optimizer, and checked and taken over again."""

import warnings
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from adamax_ref.arrays.types import Array, HostArray
from adamax_ref.backend import dtype_name, profile_of
from adamax_ref.dialects import get as get_dialect
from adamax_ref.recipe.dialect import Dialect

from .counting import steps_taken
from .groups import Group, engine
from .jobs import counter
from .options import OPTIONS, hyperparameters
from .parameter import is_parameter
from .tensors import host_view, is_tensor, readable, tensor_like
from .types import ARRAYS, STATE, ParamState, State, StateDict


def pack(groups: Sequence[Group], state: State, copy: bool = False) -> StateDict:
    """Return ``{"state": {id: {...}}, "param_groups": [{..., "params": [ids]}]}``.

    Ids number the parameters over all groups; one that stands twice in its group has its last number. Arrays and the
    inner dictionaries are the optimizer's own unless `copy` is true.

    Examples
    --------
    >>> pack([{"params": [], "lr": 0.1}], {})
    {'state': {}, 'param_groups': [{'lr': 0.1, 'params': []}]}
    """
    ids: dict[int, int] = {}
    packed: list[Any] = []
    start = 0
    for group in groups:
        ids |= {id(param): at for at, param in enumerate(group["params"], start)}
        start += len(group["params"])
        options = {key: value for key, value in group.items() if key != "params"}
        packed.append({**options, "params": [ids[id(param)] for param in group["params"]]})
    states: dict[Any, ParamState] = {(ids[id(key)] if is_parameter(key) else key): value for key, value in state.items()}
    packed_all: StateDict = {"state": states, "param_groups": packed}
    return deepcopy(packed_all) if copy else packed_all


LATER = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}
"""Options that releases of PyTorch added over time, with what a file without them means."""


def unpack(
    state_dict: StateDict, groups: Sequence[Group], dialect: str | Dialect, backend: str | None, cast: bool
) -> tuple[defaultdict[Any, ParamState], list[Group]]:
    """Return the state and the groups that a state dictionary stands for, as copies.

    Parameters
    ----------
    state_dict : mapping
        In PyTorch's layout; arrays of any namespace.
    groups : sequence of dict
        The optimizer's own: saved ids are matched with its parameters by position.
    dialect, backend : str
        The optimizer's.
    cast : bool
        Whether state is converted to the dtype of its parameter.

    Raises
    ------
    KeyError
        When ``param_groups`` or ``state`` is missing.
    ValueError
        When anything in it does not fit.
    """
    saved = deepcopy(state_dict["param_groups"])
    states = state_dict["state"]
    _check_sizes(groups, saved)
    own = [param for group in groups for param in group["params"]]
    place = {
        key: (param, number, group)
        for key, param, (number, group) in zip(
            chain.from_iterable(group["params"] for group in saved),
            own,
            [(number, group) for number, group in enumerate(saved) for _ in group["params"]],
            strict=True,
        )
    }
    new_groups = [_group(mine, theirs, number, dialect) for number, (mine, theirs) in enumerate(zip(groups, saved, strict=True))]
    new_state: defaultdict[Any, Any] = defaultdict(dict)
    for key, entry in states.items():
        if key in place:
            param, _, group = place[key]
            new_state[param] = _entry(entry, key, param, bool(group["capturable"]), backend, cast)
        else:
            new_state[key] = deepcopy(entry)
    _warn_about_strangers([key for key in states if key not in place])
    return new_state, new_groups


def _check_sizes(groups: Sequence[Group], saved: Sequence[Group]) -> None:
    if len(groups) != len(saved):
        raise ValueError("loaded state dict has a different number of parameter groups")
    if any(len(mine["params"]) != len(theirs["params"]) for mine, theirs in zip(groups, saved, strict=True)):
        raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")


def _group(mine: Group, theirs: Any, number: int, dialect: str | Dialect) -> Group:
    """Complete and check the options of a loaded group; the parameters and, without others, the names stay ours."""
    theirs["params"] = mine["params"]
    if "param_names" in mine:
        theirs.setdefault("param_names", mine["param_names"])
    for option, value in LATER.items():
        theirs.setdefault(option, value)
    missing = [option for option in OPTIONS if option not in theirs]
    if missing:
        raise ValueError(f"param_groups[{number}] of the loaded state dict lacks {', '.join(missing)}; add the values it ran with")
    checked = hyperparameters(theirs, f"param_groups[{number}]")
    for profile in {profile_of(param.data) for param in theirs["params"]}:
        get_dialect(dialect).check(checked, profile)
    complete: Group = theirs
    return complete


def _entry(entry: Any, key: Hashable, param: Any, capturable: bool, backend: str | None, cast: bool) -> Any:
    """Return a copy of one parameter's state: arrays like the parameter, the step an integer."""
    if not isinstance(entry, Mapping):
        raise ValueError(f"state[{key!r}] of the loaded state dict is {type(entry).__name__}, not a dictionary")
    if not entry:
        return {}
    missing = [part for part in STATE if part not in entry]
    if missing:
        found = "; exp_avg_sq is there, so it looks like a state of Adam" if "exp_avg_sq" in entry else ""
        raise ValueError(f"state[{key!r}] of the loaded state dict lacks {', '.join(missing)}{found}")
    new: Any = {name: None if name in STATE else deepcopy(value) for name, value in entry.items()}
    t = steps_taken(entry["step"])
    new["step"] = counter(t, param.data, backend) if capturable else t
    for part in ARRAYS:
        new[part] = array_like(entry[part], param.data, f"{part} of state[{key!r}]", backend, cast)
    return new


def array_like(value: object, data: Array, what: str, backend: str | None, cast: bool = True) -> Array:
    """Return a copy of `value` in the namespace, layout and (if `cast`) dtype of `data`.

    Raises
    ------
    ValueError
        When it is no array, of another shape, or complex where `data` is real or the other way round.
    """
    if not (hasattr(value, "shape") and hasattr(value, "dtype")):
        raise ValueError(f"{what} is {type(value).__name__}, not an array")
    host = to_host(value)
    if tuple(host.shape) != tuple(data.shape):
        raise ValueError(f"{what} has shape {tuple(host.shape)}, but the parameter has {tuple(data.shape)}")
    if profile_of(host).startswith("c") != profile_of(data).startswith("c"):
        raise ValueError(f"{what} has dtype {host.dtype}, but the parameter has {data.dtype}; both or neither must be complex")
    return from_host(host, data, backend, cast)


def to_host(value: Array) -> HostArray:
    """Return a NumPy array with the bits of an array of any namespace and device."""
    if is_tensor(value):
        return np.asarray(readable(value.detach().cpu()))
    if isinstance(value, np.ndarray):
        return value
    return engine(value, None).to_host(value)


def from_host(host: HostArray, data: Array, backend: str | None, cast: bool) -> Array:
    """Return a new array like `data` that holds `host`, converted to its dtype if `cast`."""
    lent = host_view(data)
    if isinstance(lent, np.ndarray):
        fresh = np.empty_like(lent, dtype=lent.dtype if cast else host.dtype, subok=False)
        with np.errstate(all="ignore"):
            np.copyto(fresh, host, casting="unsafe")
        return tensor_like(fresh, data) if is_tensor(data) else fresh
    with np.errstate(all="ignore"):
        return engine(data, backend).from_host(host, like=data if cast or dtype_name(host) == dtype_name(data) else None)


def _warn_about_strangers(keys: Iterable[Hashable]) -> None:
    listed = ", ".join(repr(key) for key in keys)
    if listed:
        warnings.warn(
            f"the loaded state dict has state under ids that belong to no parameter: {listed}; it is kept as it is. "
            "Ids that are strings of digits come from JSON: turn them into integers.",
            stacklevel=4,
        )

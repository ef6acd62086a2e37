"""State dictionaries: packing an optimizer into one, in PyTorch's layout."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from .groups import Group
from .parameter import is_parameter
from .types import ParamState, State, StateDict


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

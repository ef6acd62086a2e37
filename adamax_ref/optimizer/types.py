"""Types of what an optimizer reads and keeps: parameters, options of a group, state of a parameter, state dictionaries.

Numbers of a group may be arrays, and users compute with them and with state; so such values are not narrowed.
"""

from collections.abc import Hashable, Mapping, MutableMapping
from typing import Any, Literal, NotRequired, Protocol, Required, TypedDict


class Param(Protocol):
    """A :class:`~adamax_ref.Parameter` or a torch tensor."""

    data: Any
    grad: Any

    def __hash__(self) -> int: ...


class ParamState(TypedDict):
    """State of one parameter, from its first update on.

    Attributes
    ----------
    step : int or array
        Number of updates so far; a 0-d float32 array for a capturable group.
    exp_avg, exp_inf : array
        Moment and norm, in the namespace, shape and dtype of the parameter.
    """

    step: Any
    exp_avg: Any
    exp_inf: Any


State = Mapping[Hashable, ParamState]
MutableState = MutableMapping[Hashable, ParamState]

ARRAYS: tuple[Literal["exp_avg", "exp_inf"], ...] = ("exp_avg", "exp_inf")
STATE: tuple[Literal["step", "exp_avg", "exp_inf"], ...] = ("step", *ARRAYS)


class GroupOptions(TypedDict, total=False):
    """A group as a user writes it: parameters, and the options in which it differs from the others.

    Attributes
    ----------
    params : iterable
        Of parameters, or of pairs of a name and a parameter.

    The rest is as in :class:`Group`.
    """

    params: Required[Any]
    lr: Any
    betas: Any
    eps: Any
    weight_decay: Any
    foreach: bool | None
    maximize: bool
    differentiable: bool
    capturable: bool


class Group(TypedDict):
    """Parameters and their options, a plain dictionary to which users may add keys of their own.

    Attributes
    ----------
    params : list of Parameter or torch tensor
        In the order in which they were written.
    param_names : list of str
        Of the parameters, where they have names.
    lr, betas, eps, weight_decay : float or array
        Numbers of the step; `betas` is a pair.
    foreach : bool or None
        False for a kernel call of its own for each parameter.
    maximize, differentiable, capturable : bool
        See :class:`~adamax_ref.Adamax`.
    initial_lr : float or array
        Learning rate before any schedule changed it.
    """

    params: list[Any]
    param_names: NotRequired[list[str]]
    lr: Any
    betas: Any
    eps: Any
    weight_decay: Any
    foreach: bool | None
    maximize: bool
    differentiable: bool
    capturable: bool
    initial_lr: NotRequired[Any]


class StateDict(TypedDict):
    """An optimizer's state in PyTorch's layout.

    Attributes
    ----------
    state : dict
        By running number of the parameter.
    param_groups : list of dict
        With running numbers in place of parameters.
    """

    state: dict[Any, ParamState]
    param_groups: list[Group]

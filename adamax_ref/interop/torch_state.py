"""State dictionaries to torch's optimizer and back, with not a bit lost."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from adamax_ref.optimizer.counting import steps_taken
from adamax_ref.optimizer.state_dict import to_host
from adamax_ref.optimizer.tensors import is_tensor

_SINGLE_END = 2**24


def to_torch(state_dict: Mapping[str, Any], *, step_dtype: Any = None) -> dict[str, Any]:
    """Return a state dictionary that ``torch.optim.Adamax.load_state_dict`` takes, made of copies.

    Parameters
    ----------
    state_dict : mapping
        From :meth:`adamax_ref.Adamax.state_dict`.
    step_dtype : torch.dtype or None
        Of the step counters; None is what torch itself would use: float32, or float64 if that is the default dtype.

    Returns
    -------
    dict
        Tensors, numbers, lists and tuples only, so that ``torch.load(..., weights_only=True)`` reads it from a file.

    Raises
    ------
    ModuleNotFoundError
        When torch is not installed.
    OverflowError
        When a step is beyond 2**24 and the counters are float32, which cannot count on.

    Examples
    --------
    >>> import adamax_ref
    >>> weight = adamax_ref.Parameter(np.zeros(2), grad=np.ones(2))
    >>> optimizer = adamax_ref.Adamax([weight])
    >>> optimizer.step()
    >>> to_torch(optimizer.state_dict())["state"][0]["step"]  # doctest: +SKIP
    tensor(1.)
    """
    import torch

    dtype = step_dtype or (torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32)
    state = {
        key: {name: _value(torch, name, value, dtype) for name, value in entry.items()}
        for key, entry in state_dict["state"].items()
    }
    groups = [{key: _option(torch, key, value) for key, value in group.items()} for group in state_dict["param_groups"]]
    return {"state": state, "param_groups": groups}


def from_torch(state_dict: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state dictionary of NumPy arrays and integer steps, made of copies.

    Parameters
    ----------
    state_dict : mapping
        From ``torch.optim.Adamax.state_dict``, of any release; :meth:`adamax_ref.Adamax.load_state_dict` would take it
        as it is, but a dictionary without tensors can be stored without torch.

    Raises
    ------
    ValueError
        When a step is not a whole number of at least 0.

    Examples
    --------
    >>> from_torch({"state": {0: {"step": 3.0}}, "param_groups": []})
    {'state': {0: {'step': 3}}, 'param_groups': []}
    """
    state = {
        key: {name: steps_taken(value) if name == "step" else _array(value) for name, value in entry.items()}
        for key, entry in state_dict["state"].items()
    }
    groups = [{key: _array(value) for key, value in group.items()} for group in state_dict["param_groups"]]
    return {"state": state, "param_groups": groups}


def _value(torch: Any, name: str, value: Any, step_dtype: Any) -> Any:
    if name != "step":
        return _tensor(torch, value)
    t = steps_taken(value)
    if t >= _SINGLE_END and step_dtype == torch.float32:
        raise OverflowError(f"step {t} cannot go on in float32, which ends at {_SINGLE_END}; pass step_dtype=torch.float64")
    return torch.tensor(float(t), dtype=step_dtype)


def _option(torch: Any, key: str, value: Any) -> Any:
    return tuple(value) if key == "betas" else _tensor(torch, value)


def _tensor(torch: Any, value: Any) -> Any:
    """Return a tensor for an array of any namespace, a plain number for a NumPy scalar, a copy of anything else."""
    if isinstance(value, np.generic):
        return value.item()
    if is_tensor(value):
        return value.detach().clone()
    if not hasattr(value, "dtype"):
        return deepcopy(value)
    host = np.array(to_host(value), order="K")
    host = host.astype(host.dtype.newbyteorder("="), copy=False)
    return torch.from_numpy(host.view(np.int16)).view(torch.bfloat16) if host.dtype.name == "bfloat16" else torch.from_numpy(host)


def _array(value: Any) -> Any:
    return np.array(to_host(value), order="K") if is_tensor(value) else deepcopy(value)

"""Steps: counted in integers, or in the array that a user or a checkpoint brought."""

from collections.abc import MutableMapping
from typing import Any

import numpy as np


def steps_taken(step: Any) -> int:
    """Return a counter's value as an integer.

    Parameters
    ----------
    step : int, float, or array of one element
        Of any namespace and dtype.

    Raises
    ------
    ValueError
        When it is not a whole number of at least 0.

    Examples
    --------
    >>> steps_taken(np.float32(7)), steps_taken(np.zeros((1,)))
    (7, 0)
    """
    value = step.item() if hasattr(step, "item") and _is_single(step) else step
    try:
        number = float(value)
        whole = number >= 0 and number.is_integer()
    except (TypeError, ValueError):
        whole = False
    if not whole or isinstance(value, (str, bytes)):
        raise ValueError(f"step must be a whole number of at least 0, got {step!r}; it counts the updates of a parameter")
    return int(value)


def _is_single(array: Any) -> bool:
    return int(np.prod(tuple(getattr(array, "shape", ())), dtype=np.int64)) == 1


def next_step(step: Any) -> int:
    """Return the number of the update that follows; a float32 counter stands still at 2**24, an integer never does.

    Examples
    --------
    >>> next_step(2**24), next_step(np.asarray(2**24, dtype=np.float32))
    (16777217, 16777216)
    """
    number = steps_taken(step) + 1
    return int(np.float32(number)) if str(getattr(step, "dtype", "")).endswith("float32") else number


def advance(memory: MutableMapping[str, Any]) -> None:
    """Count one update, in place where the counter is an array that allows it.

    Examples
    --------
    >>> memory = {"step": 2}
    >>> advance(memory)
    >>> memory
    {'step': 3}
    """
    step = memory["step"]
    step += 1
    memory["step"] = step

"""Steps: counted in integers, or in the array that a user or a checkpoint brought.

A counter in host memory is read whenever it is needed, and so may be changed at will. Reading one that lies on a device
would wait for everything the device still has to do; so its value is known on the host as well, under the identity of
the array, from the first reading on.
"""

from collections.abc import Callable, MutableMapping
from typing import Any
from weakref import ref

import numpy as np

from .tensors import is_tensor

_HOST_MEMORY = 1
"""What the DLPack protocol calls plain host memory."""

_KNOWN: dict[int, tuple[Callable[[], Any], int]] = {}
"""By identity, a weak reference to a counter on a device and its value; a counter that is gone leaves by itself."""


def steps_taken(step: Any) -> int:
    """Return a counter's value as an integer; one on a device is read the first time only.

    Parameters
    ----------
    step : int, float, or array of one element
        Of any namespace, device and dtype.

    Raises
    ------
    ValueError
        When it is not a whole number of at least 0.

    Examples
    --------
    >>> steps_taken(np.float32(7)), steps_taken(np.zeros((1,)))
    (7, 0)
    """
    holder, known = _KNOWN.get(id(step), (None, 0))
    if holder is not None and holder() is step:
        return known
    taken = _read(step)
    note(step, taken)
    return taken


def note(step: Any, taken: int) -> None:
    """Keep in mind what a counter on a device holds; of any other one nothing is kept.

    Parameters
    ----------
    step : Any
        The counter.
    taken : int
        Its value, once the device has done what it was given.

    Examples
    --------
    >>> counter = np.zeros(())
    >>> note(counter, 5)
    >>> steps_taken(counter)
    0
    """
    if on_device(step):
        key = id(step)
        _KNOWN[key] = ref(step, lambda gone: _KNOWN.pop(key, None)), taken


def on_device(step: Any) -> bool:
    """Whether a counter is an array that does not lie in host memory.

    Examples
    --------
    >>> on_device(3), on_device(np.zeros(()))
    (False, False)
    """
    if isinstance(step, (int, float, np.ndarray, np.generic)):
        return False
    if is_tensor(step):
        return bool(step.device.type != "cpu")
    kind = type(step)  # asked in place of the array, for which a protocol may mean work
    if hasattr(kind, "__cuda_array_interface__") or hasattr(kind, "__cuda_ndarray__"):
        return True
    return hasattr(kind, "__dlpack_device__") and int(step.__dlpack_device__()[0]) != _HOST_MEMORY


def _read(step: Any) -> int:
    value = step.copy_to_host() if hasattr(step, "copy_to_host") else step
    value = value.item() if hasattr(value, "item") and _is_single(value) else value
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


def advance(memory: MutableMapping[str, Any], count: Callable[[Any, int], Any]) -> None:
    """Count one update, in place where the counter is an array that allows it.

    Parameters
    ----------
    memory : mapping
        With the counter under ``step``.
    count : callable
        ``count(step, number)`` advances a counter on a device to `number`, without waiting for the device, and returns
        it: :meth:`adamax_ref.backend.AbstractBackend.count`.

    Examples
    --------
    >>> memory = {"step": 2}
    >>> advance(memory, lambda step, number: step)
    >>> memory
    {'step': 3}
    """
    step = memory["step"]
    if on_device(step):
        number = next_step(step)
        step = count(step, number)
        note(step, number)
    else:
        step += 1
    memory["step"] = step

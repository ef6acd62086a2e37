"""Steps: counted in integers, or in the array that a user or a checkpoint brought.

A counter in host memory is read whenever it is needed, and so may be changed at will. Reading one that lies on a device
would wait for everything the device still has to do; so its value is known on the host as well, under the identity of
the array, from the first reading on.
"""

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, final
from weakref import ref

import numpy as np

from adamax_ref.arrays.types import StepCounter
from adamax_ref.backend import AbstractBackend

from .tensors import is_tensor, memory_of
from .types import ParamState

_INTEGER = frozenset({int})
_HOST_MEMORY = 1
"""What the DLPack protocol calls plain host memory."""

_KNOWN: dict[int, tuple[Callable[[], Any], int]] = {}
"""By identity, a weak reference to a counter on a device and its value; a counter that is gone leaves by itself."""


def steps_taken(step: object) -> int:
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
    if type(step) is int and step >= 0:
        return step
    if type(step) is float and step >= 0 and step.is_integer():
        return int(step)
    holder, known = _KNOWN.get(id(step), (None, 0))
    if holder is not None and holder() is step:
        return known
    taken = _read(step)
    note(step, taken)
    return taken


def note(step: object, taken: int) -> None:
    """Remember the value of a counter on a device; a counter in host memory is not remembered.

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
    """Return whether a counter is an array that does not lie in host memory.

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


def next_step(step: object) -> int:
    """Return the number of the update that follows; a float32 counter stands still at 2**24, an integer never does.

    Examples
    --------
    >>> next_step(2**24), next_step(np.asarray(2**24, dtype=np.float32))
    (16777217, 16777216)
    """
    number = steps_taken(step) + 1
    return int(np.float32(number)) if str(getattr(step, "dtype", "")).endswith("float32") else number


def advance(memory: ParamState, count: Callable[[StepCounter, int], StepCounter]) -> None:
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


@final
class Counters:
    """The counters of a step's parameters, read and advanced all at once.

    Most are Python's integers, or numbers of torch in host memory, which views of NumPy's reach in a tenth of the time.
    All others are read and advanced one by one.

    Parameters
    ----------
    steps : sequence
        The counters.

    Examples
    --------
    >>> memories = [{"step": 3}, {"step": 3}]
    >>> counters = Counters([memory["step"] for memory in memories])
    >>> numbers = counters.following([memory["step"] for memory in memories])
    >>> counters.advance(memories, numbers, [None, None])
    >>> numbers, memories
    ([4, 4], [{'step': 4}, {'step': 4}])
    """

    def __init__(self, steps: Sequence[Any]) -> None:
        self._plain = all(type(step) is int for step in steps)
        self._steps = list(steps)
        tensors = all(is_tensor(step) and not on_device(step) and step.dim() == 0 for step in steps)
        hosted = not self._plain and tensors and len({step.dtype for step in steps}) == 1
        views: list[Any] = [memory_of(step) for step in steps] if hosted else [None]
        # Inside a transformation of torch a counter has no memory of its own.
        self._views: list[Any] | None = None if any(view is None for view in views) else views
        self._addresses = [step.data_ptr() for step in steps] if self._views is not None else []
        # A float32 counter stands still at 2**24, and a float64 one at 2**53; an integer goes on.
        ends = {np.dtype(np.float32): 2**24, np.dtype(np.float64): 2**53}
        self._end = min((ends.get(view.dtype, 2**62) for view in self._views or ()), default=0)

    def hold(self, steps: Sequence[Any]) -> bool:
        """Return whether they are counters of the same kind, and where they were."""
        if self._plain or self._views is None:
            return _INTEGER.issuperset(map(type, steps)) == self._plain
        return all(map(is_, steps, self._steps)) and [step.data_ptr() for step in steps] == self._addresses

    def following(self, steps: Sequence[StepCounter]) -> list[int]:
        """Return the numbers of the updates that follow.

        Raises
        ------
        ValueError
            When a counter is no whole number of at least 0.
        """
        if self._plain or self._views is not None:
            steps = steps if self._views is None else list(map(np.ndarray.item, self._views))
            first: Any = steps[0]
            if steps.count(first) == len(steps):
                return [first + 1 if self._plain and first >= 0 else self._next(first)] * len(steps)
            known = {step: self._next(step) for step in set(steps)}
            return [known[step] for step in steps]
        return list(map(next_step, steps))

    def _next(self, step: Any) -> int:
        number = steps_taken(step) + 1
        return number if self._plain else min(number, self._end)

    def advance(self, memories: Sequence[ParamState], numbers: Sequence[int], backends: Sequence[AbstractBackend]) -> None:
        """Count one update of each; `numbers` are those that :meth:`following` returned."""
        if self._plain:
            for memory, number in zip(memories, numbers, strict=True):
                memory["step"] = number
        elif self._views is not None:
            for view, number in zip(self._views, numbers, strict=True):
                view[()] = number
        else:
            for memory, backend in zip(memories, backends, strict=True):
                advance(memory, backend.count)

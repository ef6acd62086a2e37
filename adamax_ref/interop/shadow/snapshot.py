"""Numbers that a live optimizer holds at one moment, for each parameter: options, array, state and gradient."""

import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from adamax_ref.optimizer.hooks import Hookable
from adamax_ref.optimizer.jobs import check_gradient, label
from adamax_ref.optimizer.options import hyperparameters
from adamax_ref.optimizer.state_dict import LATER, to_host
from adamax_ref.optimizer.tensors import is_tensor
from adamax_ref.optimizer.types import STATE, Group
from adamax_ref.recipe.hyper import Hyperparameters

_GRAIN = 32768
"""Elements below which torch does not share a loop among threads (at::internal::GRAIN_SIZE)."""


def mode(optimizer: object, group: Group, dialect: str) -> str:
    """Return the name of the dialect or variant that a group of an optimizer should follow.

    Parameters
    ----------
    optimizer : object
        One of this package follows its dialect as it is, whatever its flags; torch's own has variants for them.
    group : mapping
        One of its groups.
    dialect : str
        The dialect asked for.

    Raises
    ------
    ValueError
        When torch computes on a device, or in a combination of flags, whose bits no dialect describes.

    Examples
    --------
    >>> mode(None, {"params": [], "foreach": True, "lr": 0.1}, "torch")
    'torch/foreach'
    >>> mode(None, {"params": [], "foreach": True, "lr": 0.1}, "paper")
    'paper'
    """
    if group.get("capturable"):
        return f"{dialect.removesuffix('/capturable')}/capturable"
    if dialect != "torch" or is_own(optimizer):
        return dialect
    devices = {param.device.type for param in group["params"] if is_tensor(param)}
    unknown = devices - {"cpu", "cuda"}
    if unknown:
        raise ValueError(f"no dialect describes torch on the device {min(unknown)!r}; name one with shadow(..., dialect=)")
    if "cuda" in devices:
        return "torch/cuda"
    parts = [*(["tensor-lr"] if _is_single(group["lr"]) else []), *(["foreach"] if group.get("foreach") else [])]
    if devices and _is_unfused():
        if parts:
            raise ValueError(f"no dialect describes a torch without fused kernels together with {' and '.join(parts)}")
        return "torch/unfused"
    return "/".join(["torch", "-".join(parts)]) if parts else "torch"


def is_own(optimizer: object) -> bool:
    """Return True if an optimizer is one of this package, also as a subclass of torch's."""
    return isinstance(optimizer, Hookable) or hasattr(optimizer, "adamax_ref_dialect")


def share(size: int) -> int:
    """Return how many elements of so many each of torch's threads takes; the last one takes what is left.

    A loop over 16-bit numbers rounds what its last full vector leaves over in another way, and each thread has a loop.

    Raises
    ------
    ValueError
        When this torch does not share its loops by OpenMP, whose rule this is.

    Examples
    --------
    >>> share(1000)
    1000
    """
    torch: Any = sys.modules.get("torch")
    threads = 1 if torch is None else min(torch.get_num_threads(), -(-size // _GRAIN))
    if threads <= 1:
        return size
    if "parallel backend: OpenMP" not in torch.__config__.parallel_info():
        raise ValueError("torch shares 16-bit numbers among its threads in an unknown way; call torch.set_num_threads(1)")
    return -(-size // threads)


def _is_single(lr: Any) -> bool:
    """Return True if torch divides in float32 because its learning rate is of that type."""
    return isinstance(lr, np.float32) or (is_tensor(lr) and str(lr.dtype) == "torch.float32")


def _is_unfused() -> bool:
    """Return True if torch runs its kernels for any x86-64 processor, which have no fused multiply-add."""
    capability = getattr(sys.modules["torch"].backends.cpu, "get_cpu_capability", lambda: "")()
    return capability == "DEFAULT" and platform.machine() in ("x86_64", "AMD64")


Array = np.ndarray[Any, Any]

OPTIONS, NUMBERS, COUNTER, GRADIENT = "options", "numbers", "counter", "gradient"
"""The kinds of things that may change; numbers are those of the parameter, the moment and the norm."""


@final
@dataclass(frozen=True)
class Entry:
    """One parameter, on the host.

    Attributes
    ----------
    param : Any
        The live parameter.
    where : str
        Place in the groups, and name if there is one.
    times : int
        How often it stands in its group, and so is stepped.
    hyper : Hyperparameters
        Options of its group.
    dialect : str
        Name of the dialect or variant that is expected.
    threaded : bool
        Whether torch's own loops compute it.
    grad : array or None
        The gradient.
    arrays : dict of str to array
        ``p``, and of ``exp_avg``, ``exp_inf`` and ``step`` those that there are.
    fault : str
        Why no step can be made of the entry, or an empty text.
    """

    param: Any
    where: str
    times: int
    hyper: Hyperparameters
    dialect: str
    threaded: bool
    grad: Array | None
    arrays: dict[str, Array]
    fault: str = ""

    def copied(self, into: "Entry | None" = None) -> "Entry":
        """Return the same with arrays of its own, in the memory of an entry that is no longer needed where it fits."""
        old = {} if into is None else {**into.arrays, "grad": into.grad}
        arrays = {name: copied_array(array, old.get(name)) for name, array in self.arrays.items()}
        grad = None if self.grad is None else copied_array(self.grad, old.get("grad"))
        return replace(self, arrays=arrays, grad=grad)

    def changes(self, other: "Entry") -> Iterator[str]:
        """Yield the kinds of things that are not the same in both."""
        mine, theirs = (replace(entry, grad=None, arrays={}) for entry in (self, other))
        if mine != theirs:
            yield OPTIONS
        for name in self.arrays.keys() | other.arrays.keys():
            if not _same_or_zero(self.arrays.get(name), other.arrays.get(name)):
                yield COUNTER if name == "step" else NUMBERS
        if self.grad is not other.grad and (self.grad is None or other.grad is None or not same_bits(self.grad, other.grad)):
            yield GRADIENT


Snapshot = Sequence[Entry]
"""All parameters of an optimizer, once each, in the order of the groups."""


def read(optimizer: Any, dialect: str) -> Snapshot:
    """Return what an optimizer holds, as views where its memory is the host's."""
    entries: dict[int, Entry] = {}
    for number, group in enumerate(optimizer.param_groups):
        hyper, variant, fault = _options(optimizer, group, dialect)
        for at, param in enumerate(group["params"]):
            if id(param) not in entries:
                times = sum(other is param for other in group["params"])
                threaded = is_tensor(param) and not is_own(optimizer)
                empty = Entry(param, label(group, number, at), times, hyper, variant, threaded, None, {}, fault)
                entries[id(param)] = _filled(empty, optimizer.state)
    return list(entries.values())


def copied(snapshot: Snapshot, into: Snapshot = ()) -> Snapshot:
    """Return a snapshot that keeps its numbers, in the memory of one that is no longer needed."""
    old = {id(entry.param): entry for entry in into}
    return [entry.copied(old.get(id(entry.param))) for entry in snapshot]


def changes(a: Snapshot, b: Snapshot) -> set[str]:
    """Return the kinds of things in which two snapshots differ, bit by bit; no state is a state of zeros."""
    if not same_parameters(a, b):
        return {OPTIONS, NUMBERS, COUNTER, GRADIENT}
    return {kind for mine, theirs in zip(a, b, strict=True) for kind in mine.changes(theirs)}


def same_parameters(a: Snapshot, b: Snapshot) -> bool:
    """Return True if two snapshots are of the same parameters in the same order."""
    return [id(entry.param) for entry in a] == [id(entry.param) for entry in b]


def same_bits(a: Array, b: Array) -> bool:
    """Return True if two arrays have the same type, shape and bits.

    Examples
    --------
    >>> same_bits(np.zeros(2), -np.zeros(2)), same_bits(np.ones(2), np.ones(2))
    (False, True)
    """
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(_bits(a), _bits(b))


def copied_array(array: Array, into: Array | None = None) -> Array:
    """Return a copy with the strides of the original, for torch rounds some 16-bit numbers by their place in memory.

    Examples
    --------
    >>> copied_array(np.zeros((4, 6))[::2, ::3]).strides
    (96, 24)
    """
    if into is None or (into.shape, into.dtype, into.strides) != (array.shape, array.dtype, array.strides):
        spans = [(size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)]
        before, after = (sum(span for span in spans if (span < 0) == below) for below in (True, False))
        memory = np.empty(0 if array.size == 0 else after - before + array.itemsize, np.uint8)
        into = np.ndarray(array.shape, array.dtype, memory, -before if array.size else 0, array.strides)
    np.copyto(into, array)
    return into


def _options(optimizer: Any, group: Mapping[str, Any], dialect: str) -> tuple[Hyperparameters, str, str]:
    """Return the options of a group as numbers, for an array of one element may change; the last is a fault."""
    complete: Any = {**LATER, **group}
    try:
        return hyperparameters(complete), mode(optimizer, complete, dialect), ""
    except Exception as error:
        return Hyperparameters(), dialect, f"{type(error).__name__}: {error}"


def _filled(entry: Entry, states: Mapping[Any, Any]) -> Entry:
    """Add arrays and gradient; the first thing that cannot be had is the fault, and the rest is there."""
    param, state = entry.param, states.get(entry.param) or {}
    try:
        arrays: dict[str, Any] = {"p": to_host(param.data)}
        arrays |= {name: _array(state[name]) for name in STATE if name in state}
        entry = replace(entry, arrays=arrays)
        if param.grad is not None:
            check_gradient(param.grad, param.data, "the parameter")
            entry = replace(entry, grad=to_host(_as_stepped(entry)))
    except Exception as error:
        return replace(entry, fault=entry.fault or f"{type(error).__name__}: {error}")
    return entry


def _as_stepped(entry: Entry) -> Any:
    """Return the gradient in the memory layout that it has in a step, for torch negates it into new memory."""
    grad = entry.param.grad
    if not (entry.threaded and entry.hyper.maximize):
        return grad
    negated = grad.detach().neg()
    return grad if negated.stride() == grad.stride() else negated.copy_(grad.detach())


def _array(value: Any) -> Array:
    """Return a part of a state on the host; the counter may be a Python number."""
    return to_host(value) if hasattr(value, "shape") else np.asarray(value)


def _same_or_zero(a: Array | None, b: Array | None) -> bool:
    if a is None or b is None:
        present = a if b is None else b
        return present is None or same_bits(present, np.zeros_like(present))
    return same_bits(a, b)


def _bits(array: Array) -> Array:
    """Return the bits as integers; arrays of numbers wider than 64 bits are made contiguous first."""
    if array.dtype.kind == "c":
        array = np.ascontiguousarray(array).reshape(-1).view(array.real.dtype)
    return array.view(f"u{array.dtype.itemsize}")

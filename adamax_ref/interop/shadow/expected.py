"""Do a parameter's step as its dialect does, and find the first number in which an optimizer's result differs."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from adamax_ref.dialects import get as get_dialect
from adamax_ref.exact.compare import Difference, first_difference
from adamax_ref.optimizer.parameter import Parameter
from adamax_ref.optimizer.prepared import PreparedSteps
from adamax_ref.optimizer.types import STATE, Group
from adamax_ref.recipe.hyper import Hyperparameters

from .divergence import Mismatch
from .snapshot import Array, Entry, copied_array, same_bits, share

Arrays = dict[str, Array]

_QUANTITIES = ("exp_avg", "exp_inf", "p", "step")
"""In the order in which a step forms them, for the first difference is nearest to the cause."""


def beginning(entry: Entry) -> Arrays:
    """Return parameter and state at the beginning of a step; a state that does not exist yet is one of zeros.

    Raises
    ------
    ValueError
        When a part of the state is missing, or the parameter is one whose bits no dialect describes.
    """
    missing = [name for name in STATE if name not in entry.arrays]
    p = entry.arrays["p"]
    if 0 < len(missing) < len(STATE):
        raise ValueError(f"its state has no {', '.join(missing)}")
    if p.dtype.kind == "c" and entry.hyper.weight_decay and not np.isfinite(p).all():
        raise ValueError("torch makes both parts of a complex number NaN when one is not finite and decays")
    if not missing:
        return entry.arrays
    return {"p": p, "step": np.zeros((), np.float32), **{name: np.zeros_like(p) for name in STATE[1:]}}


def stepped(start: Arrays, entry: Entry) -> tuple[Arrays, Arrays]:
    """Return parameter and state after the step, and before the last update of it; the arrays of `start` stay as they are."""
    last = new = start
    for _ in range(0 if entry.grad is None else entry.times):
        last, new = new, _updated(new, entry)
    return new, last


def first_mismatch(left: Entry, want: Arrays, stateful: bool) -> tuple[str, Difference | Mismatch] | None:
    """Return the quantity that differs first, and how; None where all bits are the same.

    Parameters
    ----------
    left : Entry
        The parameter after the step.
    want : dict of str to array
        What a right step leaves.
    stateful : bool
        Whether there must be a state.
    """
    for name in _QUANTITIES:
        got = left.arrays.get(name)
        if got is None and not stateful:
            continue
        difference = Mismatch(name, "nothing", _kind(want[name])) if got is None else _difference(name, got, want[name])
        if difference is not None:
            return name, difference
    return None


def _updated(start: Arrays, entry: Entry) -> Arrays:
    """Do one update on copies, in the pieces that torch's threads take."""
    new = {name: copied_array(array) for name, array in start.items()}
    step = new["step"]
    for p, grad, exp_avg, exp_inf in _pieces(new, entry):
        param, memory = Parameter(p, grad), {"step": start["step"].copy(), "exp_avg": exp_avg, "exp_inf": exp_inf}
        state: dict[Any, Any] = {param: memory}
        PreparedSteps().step([_group(param, entry.hyper)], state, get_dialect(entry.dialect), None)
        step = np.asarray(memory["step"])
    return {**new, "step": step}


def _pieces(arrays: Arrays, entry: Entry) -> Iterator[tuple[Any, ...]]:
    """Yield parameter, gradient, moment and norm in the pieces that torch's threads take; only 16-bit decay shows them."""
    four = (arrays["p"], entry.grad, arrays["exp_avg"], arrays["exp_inf"])
    size, narrow = arrays["p"].size, arrays["p"].dtype.itemsize == 2
    length = share(size) if entry.threaded and narrow and entry.hyper.weight_decay else size
    if length == size:
        yield four
        return
    if not all(array is not None and array.flags.c_contiguous for array in four):
        raise ValueError("torch shares a 16-bit array that is not contiguous among its threads; call torch.set_num_threads(1)")
    flat = [array.reshape(-1) for array in four if array is not None]
    for begin in range(0, size, length):
        yield tuple(array[begin : begin + length] for array in flat)


def _group(param: Parameter, h: Hyperparameters) -> Group:
    """Return a group for one parameter; the flags have chosen the dialect already."""
    return {
        "params": [param],
        "lr": h.lr,
        "betas": h.betas,
        "eps": h.eps,
        "weight_decay": h.weight_decay,
        "maximize": h.maximize,
        "foreach": None,
        "differentiable": False,
        "capturable": False,
    }


def _difference(name: str, got: Array, want: Array) -> Difference | Mismatch | None:
    if name == "step":
        return _counters(got, want)
    if (got.dtype, got.shape) != (want.dtype, want.shape):
        return Mismatch(name, _kind(got), _kind(want))
    return None if same_bits(got, want) else first_difference(got, want, what=name)


def _counters(got: Array, want: Array) -> Difference | Mismatch | None:
    """Compare counters as numbers, for their type is the optimizer's choice."""
    if got.size != 1 or got.dtype.kind not in "fiub":
        return Mismatch("step", repr(got), repr(want))
    return first_difference(np.float64(got.item()), np.float64(want.item()), what="step")


def _kind(array: Array) -> str:
    return f"{array.dtype} of shape {array.shape}"

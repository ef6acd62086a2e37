"""The state of one parameter from one Adamax to another, and the jump that this causes.

The moment means the same everywhere. The norm does where epsilon stands in the same place;
elsewhere epsilon is taken out of it or put in, so that the divisor of the next step changes by
little.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.backend import profile_of
from adamax_ref.frameworks.model import follow
from adamax_ref.frameworks.protocol import Start
from adamax_ref.recipe.hyper import Hyperparameters

from .arrays import host
from .conversion import Array, Conversion, Side, real_parts
from .counting import counters, step_of
from .layout import Layout
from .loss import Loss, losses


@final
@dataclass(frozen=True)
class Converted:
    """A state in another framework's words.

    Attributes
    ----------
    state : mapping
        By the target's names; arrays are new and NumPy's.
    step : int
        Number of steps behind the state.
    losses : tuple of Loss
        What does not carry over; empty where the run goes on with nothing but other roundings.
    """

    state: Mapping[str, Any]
    step: int
    losses: tuple[Loss, ...]


def convert(
    source: str,
    target: str,
    state: Mapping[str, object],
    hyper: Hyperparameters,
    step: int | None = None,
) -> Converted:
    """Turn the state of one parameter from one framework into another's.

    Parameters
    ----------
    source, target : str
        Names of dialects, with or without a variant; those with a known layout.
    state : mapping
        By the source's names; moment and norm are arrays of one shape and type, of any framework.
    hyper : Hyperparameters
        Of the run, which is assumed to go on with the same.
    step : int, optional
        Number of steps behind the state, where the state does not determine it.

    Raises
    ------
    ValueError
        When a framework is not known; when the step is no whole number, is not determined,
        contradicts `step` or is beyond the target's counter; when moment and norm differ in shape
        or type; when the norm is negative.
    KeyError
        When the state lacks a name, or has one that is not the source's.
    TypeError
        When moment or norm is of no type that Adamax computes in, or another argument is of a
        wrong type.

    Examples
    --------
    >>> state = {"step": 3, "exp_avg": np.ones(1), "exp_inf": np.ones(1)}
    >>> moved = convert("torch", "keras", state, Hyperparameters(eps=0.25))
    >>> moved.state["norm"], moved.state["iterations"], [loss.kind.value for loss in moved.losses]
    (array([0.75]), 3, ['epsilon', 'precision'])
    """
    conversion = read(Side.of(source), Side.of(target), state, hyper, step)
    return Converted(write(conversion), conversion.step, losses(conversion))


def read(
    source: Side,
    target: Side,
    state: Mapping[str, object],
    hyper: Hyperparameters,
    step: int | None,
) -> Conversion:
    """Return a single state on its way, with every check that does not need the target."""
    _check_names(source, state, step)
    if not isinstance(hyper, Hyperparameters):
        raise TypeError(f"hyper must be Hyperparameters, got {type(hyper).__name__}")
    layout = source.layout
    moment, norm = (_copied(name, state[name]) for name in (layout.moment, layout.norm))
    _check_alike(layout, moment, norm)
    profile = profile_of(moment)
    number = step_of(layout, state, hyper, profile, step)
    return Conversion(source, target, hyper, profile, number, moment, norm)


def write(conversion: Conversion) -> dict[str, Any]:
    """Return the state in the target's words."""
    name, layout = conversion.target.name, conversion.target.layout
    counts = counters(name, layout, conversion.hyper, conversion.profile, conversion.step)
    return {layout.moment: conversion.moment, layout.norm: _norm(conversion), **counts}


@final
@dataclass(frozen=True)
class Jump:
    """Distance of the next step after a conversion from the one that the source would have made.

    Attributes
    ----------
    stayed, moved : numpy.ndarray
        The parameter after that step, in the source and in the target.
    """

    stayed: Array
    moved: Array

    @property
    def difference(self) -> Array:
        """Target minus source, in double: exact up to one rounding."""
        return self.moved.astype(np.float64) - self.stayed.astype(np.float64)

    @property
    def size(self) -> float:
        """The largest difference."""
        return float(np.max(np.abs(self.difference), initial=0.0))


def jump(source: str, target: str, start: Start, gradient: Array) -> Jump:
    """Predict, from the two dialects alone, what a conversion does to the next step.

    Parameters
    ----------
    source, target : str
        As in :func:`convert`.
    start : Start
        Parameter and state in the source, a real profile that both have.
    gradient : numpy.ndarray
        Of the next step.

    Examples
    --------
    >>> one = np.ones(1)
    >>> start = Start("f64", Hyperparameters(lr=0.5, eps=0.0), one, 0.1 * one, one, 1)
    >>> jump("torch", "mlx", start, one).size > 0.1
    True
    """
    moved = follow(target, converted_start(source, target, start), [gradient]).p[0]
    return Jump(follow(source, start, [gradient]).p[0], moved)


def converted_start(source: str, target: str, start: Start) -> Start:
    """Return where the target begins once the source's state is converted."""
    ours, theirs = Side.of(source).layout, Side.of(target).layout
    state = {ours.moment: start.m, ours.norm: start.u}
    state |= counters(source, ours, start.hyper, start.profile, start.t)
    moved = convert(source, target, state, start.hyper, start.t)
    m, u = (moved.state[name] for name in (theirs.moment, theirs.norm))
    return Start(start.profile, start.hyper, start.p, m, u, moved.step)


def _check_names(source: Side, state: Mapping[str, object], step: int | None) -> None:
    if not isinstance(state, Mapping):
        raise TypeError(f"state must be a mapping of names, got {type(state).__name__}")
    layout = source.layout
    names = (layout.moment, layout.norm, *(counter.name for counter in layout.counters))
    extra = {"step"} if layout.count is None else set()  # the caller's own, beside a product
    claimed = step is not None or (extra and "step" in state)
    optional = {layout.product.name} if layout.product is not None and claimed else set()
    one = f"the state of one parameter in {source.name} holds {', '.join(names)}"
    if missing := [name for name in names if name not in state and name not in optional]:
        lacks = f"the state lacks {', '.join(missing)}"
        raise KeyError(f"{lacks}: {one}; convert_all takes an optimizer's")
    if strange := [str(name) for name in state if name not in names and name not in extra]:
        raise KeyError(f"the state holds {', '.join(strange)}, which is not Adamax's: {one}")


def _copied(name: str, value: object) -> Array:
    """Return a copy of an array, and refuse one in which no Adamax computes."""
    array = np.array(host(name, value), order="K")
    try:
        profile_of(array)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error
    return array


def _check_alike(layout: Layout, moment: Array, norm: Array) -> None:
    if (moment.shape, moment.dtype) != (norm.shape, norm.dtype):
        raise ValueError(
            f"{layout.moment} is {moment.dtype} of shape {moment.shape}, but "
            f"{layout.norm} is {norm.dtype} of shape {norm.shape}; they must be alike"
        )
    with np.errstate(all="ignore"):
        negative = bool(np.any(real_parts(norm) < 0))
    if negative:
        swapped = f"did {layout.moment} and {layout.norm} change places?"
        raise ValueError(f"{layout.norm} has negative elements, which a norm cannot; {swapped}")


_INSIDE = {"max": True, "norm": True, "divisor": False, "none": False}
"""Whether epsilon is part of the stored norm."""


def _norm(conversion: Conversion) -> Array:
    """Take the source's epsilon out of the norm, or put the target's in, where one alone stores it."""
    norm = conversion.norm
    ours, theirs = (_INSIDE[family.eps] for family in conversion.families)
    if ours == theirs:
        return norm

    def changed(part: Array) -> Array:
        eps, zero = part.dtype.type(conversion.eps[theirs]), part.dtype.type(0)
        return np.asarray(part + eps if theirs else np.maximum(part - eps, zero))

    with np.errstate(all="ignore"):
        if not np.iscomplexobj(norm):
            return changed(norm)
        both = np.empty_like(norm)
        both.real, both.imag = changed(norm.real), changed(norm.imag)
        return both

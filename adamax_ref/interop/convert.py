"""The state of one framework's Adamax as another's: what carries over, what cannot, and the jump that causes.

Every Adamax keeps a moment, a norm and something that tells the step. The moment means the same everywhere. The norm
does where epsilon stands in the same place; elsewhere epsilon is taken out of it or put in, which is exact up to
``eps * (1 - beta2)`` and a rounding. Where a framework does not correct the bias, nothing in the state can.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.backend import profile_of
from adamax_ref.dialects import get
from adamax_ref.frameworks.model import follow
from adamax_ref.frameworks.protocol import Start
from adamax_ref.law.dialect import Family
from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.powers import running_product
from adamax_ref.law.profile import PROFILES

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class Names:
    """What a framework calls its state: the moment, the norm, and the step or the power of beta1 that stands for it."""

    moment: str
    norm: str
    step: str = ""
    power: str = ""


STATES = {
    "torch": Names("exp_avg", "exp_inf", "step"),
    "optax": Names("mu", "nu", "count"),
    "keras": Names("momentum", "norm", "iterations"),
    "paddle": Names("moment", "inf_norm", power="beta1_pow_acc"),
    "mlx": Names("m", "v", "step"),
}
"""Names of the state, by the first part of a dialect's name."""


@final
@dataclass(frozen=True)
class Converted:
    """A state in another framework's words.

    Attributes
    ----------
    state : mapping
        By the target's names; arrays are new.
    step : int
        Number of steps the state has seen.
    losses : tuple of str
        What does not carry over, one sentence each; empty where the run goes on with nothing but other roundings.
    """

    state: Mapping[str, Any]
    step: int
    losses: tuple[str, ...]


def convert(source: str, target: str, state: Mapping[str, Any], h: Hyperparameters) -> Converted:
    """Turn the state of one parameter from one framework into another's.

    Parameters
    ----------
    source, target : str
        Names of dialects, with or without a variant, whose first parts are in :data:`STATES`.
    state : mapping
        By the source's names; moment and norm are arrays of one shape and type.
    h : Hyperparameters
        Of the run, which is assumed to go on with the same.

    Raises
    ------
    ValueError
        When a framework is not known, or the step cannot be told from the state.
    KeyError
        When the state lacks a name.

    Examples
    --------
    >>> moved = convert("torch", "keras", {"step": 3, "exp_avg": np.ones(1), "exp_inf": np.ones(1)}, Hyperparameters(eps=0.25))
    >>> moved.state["norm"], moved.state["iterations"], len(moved.losses)
    (array([0.75]), 3, 1)
    """
    given, wanted = _names(source), _names(target)
    moment, norm = (np.asarray(state[name]).copy() for name in (given.moment, given.norm))
    step = int(state[given.step]) if given.step else _step_of(float(np.ravel(state[given.power])[0]), norm, h)
    ours, theirs = (_family(name) for name in (source, target))
    made: dict[str, Any] = {wanted.moment: moment, wanted.norm: _norm(norm, ours.eps, theirs.eps, h.eps)}
    if wanted.step:
        made[wanted.step] = step
    else:
        made[wanted.power] = _power(step, norm, h)
    return Converted(made, step, tuple(_losses(ours, theirs, h, step)))


@final
@dataclass(frozen=True)
class Jump:
    """How far the next step after a conversion is from the one that the source would have made.

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
    >>> jump("torch", "mlx", Start("f64", Hyperparameters(lr=0.5, eps=0.0), one, 0.1 * one, one, 1), one).size > 0.1
    True
    """
    moved = follow(target, converted_start(source, target, start), [gradient]).p[0]
    return Jump(follow(source, start, [gradient]).p[0], moved)


def converted_start(source: str, target: str, start: Start) -> Start:
    """Return where the target begins once the source's state is converted."""
    given, wanted = _names(source), _names(target)
    counted: dict[str, Any] = {given.step: start.t} if given.step else {given.power: _power(start.t, start.u, start.hyper)}
    moved = convert(source, target, {given.moment: start.m, given.norm: start.u, **counted}, start.hyper)
    return Start(start.profile, start.hyper, start.p, moved.state[wanted.moment], moved.state[wanted.norm], moved.step)


def _names(dialect: str) -> Names:
    name = dialect.partition("/")[0]
    if name not in STATES:
        raise ValueError(f"the state of {name!r} is not known; known are {', '.join(STATES)}")
    return STATES[name]


def _family(dialect: str) -> Family:
    family = get(dialect).family
    assert family is not None
    return family


def _norm(norm: Array, given: str, wanted: str, eps: float) -> Array:
    """Take epsilon out of a norm, or put it in; beside ``|g|`` and beside the norm it is in, in the divisor it is not."""
    inside = {"max": True, "norm": True, "divisor": False, "none": False}
    if inside[given] == inside[wanted]:
        return norm
    change = norm.dtype.type(eps)
    made: Array = norm + change if inside[wanted] else np.maximum(norm - change, norm.dtype.type(0))
    return made


def _power(step: int, like: Array, h: Hyperparameters) -> Array:
    """Return the running product that the next step reads."""
    form = PROFILES[profile_of(like)].storage
    return np.array(running_product(form.round(h.beta1), step + 1, form), like.dtype)


def _step_of(power: float, like: Array, h: Hyperparameters) -> int:
    """Tell the step from the power of beta1."""
    if h.beta1 == 0 or power <= 0:
        raise ValueError(f"the step cannot be told from beta1_pow_acc={power!r} with beta1={h.beta1!r}; count the steps yourself")
    near = max(round(math.log(power) / math.log(h.beta1)) - 1, 0)
    for step in (near, *(near + side * far for far in range(1, 4) for side in (-1, 1) if near + side * far >= 0)):
        if float(_power(step, like, h)) == power:
            return step
    raise ValueError(f"beta1_pow_acc={power!r} is no power of beta1={h.beta1!r} in {like.dtype}; was beta1 changed during the run?")


def _losses(ours: Family, theirs: Family, h: Hyperparameters, step: int) -> Sequence[str]:
    """Say what does not carry over."""
    said = []
    if ours.eps != theirs.eps and h.eps:
        said.append(
            f"epsilon stands elsewhere ({_PLACES[ours.eps]}; {_PLACES[theirs.eps]}), so divisors differ by up to eps = {h.eps!r} "
            "for elements without gradients, and by eps*(1-beta2) where gradients keep coming"
        )
    if (ours.bias == "none") != (theirs.bias == "none"):
        more = "shorter" if theirs.bias == "none" else "longer"
        said.append(f"only one of them corrects the bias: the next step is {more} by the factor 1-beta1**{step + 1}")
    if ours.decay != theirs.decay and h.weight_decay:
        said.append(f"weight decay means something else: {ours.decay} here, {theirs.decay} there")
    return said


_PLACES = {
    "max": "beside |g| in the norm",
    "norm": "beside the decayed norm",
    "divisor": "in the divisor",
    "none": "nowhere",
}

"""The number of steps, read from a counter or a running product of beta1, and written as either.

A counter determines the step until it wraps or stands still. A product falls with every factor
until another one no longer changes it: up to there each product belongs to one step, and from
there on to all further ones.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np

from adamax_ref.optimizer.counting import steps_taken
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.powers import factors_of, last_distinct_product, running_product
from adamax_ref.recipe.profile import PROFILES, Format

from .arrays import host
from .layout import Count, Layout, Product, layout_of

LONGEST = 2**24
"""Factors beyond which no product is formed: all are remembered, and so many take 128 MiB."""

_FLOATS = {"float64": 2**53, "float32": 2**24, "float16": 2**11, "bfloat16": 2**8}
"""Where a counter of a floating type stands still."""


def last_distinct_step(name: str, beta1: float, profile: str = "f32") -> int:
    """Return the last step that a framework's running product of beta1 determines.

    Parameters
    ----------
    name : str
        A dialect whose state has such a product.
    beta1 : float
        In [0, 1).
    profile : str
        The product has its working type.

    Returns
    -------
    int
        -1 where not even the product of a fresh state is its own.

    Raises
    ------
    ValueError
        When the framework has no such product, or when it falls for more than :data:`LONGEST`
        steps.

    Examples
    --------
    >>> last_distinct_step("paddle", 0.9), last_distinct_step("paddle", 0.9, "f64")
    (962, 7048)
    """
    product = layout_of(name).product
    if product is None:
        raise ValueError(f"{name} holds no running product of beta1")
    return Powers.of(product, Hyperparameters(beta1=beta1), profile).last


@final
@dataclass(frozen=True)
class Powers:
    """The running products of beta1 that a framework's state goes through.

    Attributes
    ----------
    product : Product
        Where the state holds them.
    option : float
        Beta1 as the user wrote it.
    beta1 : float
        The factor, a number of the format.
    form : Format
        Of every product.
    """

    product: Product
    option: float
    beta1: float
    form: Format

    @classmethod
    def of(cls, product: Product, h: Hyperparameters, profile: str) -> Self:
        """Return those of a run; refuse a beta1 with more products than can be formed."""
        form = PROFILES[profile].working
        beta1 = form.round(h.beta1)
        if 0 < beta1 < 1 and math.log(form.smallest) / math.log(beta1) > LONGEST:
            raise ValueError(f"beta1={h.beta1!r} is so near to 1 that its powers fall for more than {LONGEST} steps")
        return cls(product, h.beta1, beta1, form)

    @property
    def last(self) -> int:
        """The last step that a product determines, or -1."""
        longest = last_distinct_product(self.beta1, self.form)
        return -1 if self.beta1 == 1 else longest - self.product.ahead

    def after(self, step: int) -> float:
        """Return the product after a step."""
        factors = step + self.product.ahead
        return running_product(self.beta1, factors, self.form) if factors else 1.0

    def step(self, power: float) -> int | None:
        """Return the step that a product determines; None where it determines none."""
        if power == 1 and self.beta1 < 1:
            factors: int | None = 0
        else:
            factors = factors_of(power, self.beta1, self.form)
        if factors is None or factors < self.product.ahead:
            return None
        return factors - self.product.ahead

    def determined(self, power: float) -> int:
        """Return the step that a product determines; ValueError where it determines none."""
        step = self.step(power)
        if step is not None:
            return step
        name, last = self.product.name, self.last
        if power in (0.0, self.after(last + 1)):  # a device may flush it to zero
            raise ValueError(
                f"{name}={power!r} does not determine the step: with beta1={self.option!r} in "
                f"{self.form.name} the product stands still from step {last + 1} on; pass step="
            )
        raise ValueError(
            f"{name}={power!r} is no power of beta1={self.option!r} in {self.form.name}; was beta1 "
            f"changed during the run? Leave {name} out of the state, and pass step="
        )

    def confirm(self, power: float, step: int) -> None:
        """Refuse a product that is not that of the step; a device may have made it zero."""
        expected = self.after(step)
        if self.form.flush(power) != self.form.flush(expected):
            name = self.product.name
            raise ValueError(
                f"{name}={power!r}, but after {step} steps with beta1={self.option!r} it is "
                f"{expected!r}; correct the step, or leave {name} out of the state if beta1 was "
                "changed during the run"
            )


def step_of(
    layout: Layout,
    state: Mapping[str, object],
    h: Hyperparameters,
    profile: str,
    step: int | None,
) -> int:
    """Return the number of steps behind a single state.

    Parameters
    ----------
    layout : Layout
        Of the framework it comes from.
    state : mapping
        By the layout's names; where they hold no counter, the caller's may stand there under
        ``step``.
    h : Hyperparameters
        Of the run.
    profile : str
        Of the state.
    step : int or None
        The caller's.

    Raises
    ------
    ValueError
        When neither the state nor the caller determines the step, or when they contradict each
        other.
    """
    claims = _claims(layout, state, step)
    if len(set(claims.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in claims.items())
        raise ValueError(f"the number of steps is contradictory: {listed}; correct it, or leave step= out")
    claim = next(iter(claims.values()), None)
    if layout.product is not None and layout.product.name in state:
        power = _number(layout.product.name, state[layout.product.name])
        powers = Powers.of(layout.product, h, profile)
        if claim is None:
            return powers.determined(power)
        powers.confirm(power, claim)
    if claim is None:
        raise ValueError(_undetermined(layout, state))
    return claim


def counters(
    name: str,
    layout: Layout,
    h: Hyperparameters,
    profile: str,
    step: int,
) -> dict[str, Any]:
    """Return everything that a single state counts its steps with.

    Raises
    ------
    ValueError
        When the step is beyond the counter, or the product too long.
    """
    state: dict[str, Any] = {}
    if layout.count is not None:
        if step > layout.count.last:
            raise ValueError(
                f"step={step} is beyond {layout.count.name} of {name}, a counter of type "
                f"{layout.count.form}, which can count on from {layout.count.last} at most"
            )
        state[layout.count.name] = step + layout.count.ahead
    if layout.product is not None:
        dtype = {"binary32": np.float32, "binary64": np.float64}[PROFILES[profile].working.name]
        power = Powers.of(layout.product, h, profile).after(step)
        state[layout.product.name] = np.full(layout.product.shape, power, dtype)
    return state


def determines(product: Product, h: Hyperparameters, profile: str, step: int) -> bool:
    """Tell whether the product after a step is that of no other step."""
    powers = Powers.of(product, h, profile)
    return powers.step(powers.after(step)) == step


def _claims(layout: Layout, state: Mapping[str, object], step: int | None) -> dict[str, int]:
    """Return every claimed number of steps, by name; a counter at its end claims none."""
    claims = {} if step is None else {"step=": _whole("step", step)}
    if layout.count is not None:
        counted = _counted(layout.count, state[layout.count.name])
        claims |= {} if counted is None else {layout.count.name: counted}
    elif "step" in state:
        claims["state['step']"] = _whole("step", state["step"])
    return claims


def _counted(count: Count, value: object) -> int | None:
    """Return the steps that a counter determines; None where it is at the end of its type."""
    number = _whole(count.name, value)
    if number < count.ahead:
        least = f"{count.name} must be at least {count.ahead}, got {value!r}"
        raise ValueError(f"{least}; it is the number of the next step")
    return number - count.ahead if number < _end(value) else None


def _undetermined(layout: Layout, state: Mapping[str, object]) -> str:
    if layout.count is None:
        return "the state holds no counter, so the number of steps cannot be determined; pass step="
    name = layout.count.name
    end = f"{name}={state[name]!r} is at the end of its type"
    return f"{end}, so the number of steps cannot be determined; pass step="


def _end(value: Any) -> int:
    """Return where a counter of this value's type wraps or stands still."""
    if isinstance(value, int):
        return 2**63 - 1
    dtype = host("step", value).dtype
    return int(np.iinfo(dtype).max) if dtype.kind in "iu" else _FLOATS[dtype.name]


def _whole(name: str, value: object) -> int:
    try:
        number = steps_taken(value if isinstance(value, int) else host(name, value))
    except (ValueError, OverflowError) as error:
        whole = f"{name} must be a whole number of at least 0, got {value!r}"
        raise ValueError(f"{whole}; it counts the updates") from error
    if number >= 2**64:
        raise ValueError(f"{name}={value!r} is more than any counter holds")
    return number


def _number(name: str, value: object) -> float:
    array = host(name, value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be one real number, got {value!r}")
    return float(array.reshape(-1)[0])

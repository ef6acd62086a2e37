"""A dialect taken apart: its moment, its norm and its update, each done by its own recipe under bent constants.

No formula stands here. The update alone is the recipe with a gradient of 0, beta1 and beta2 of 1 and no coupled decay:
then the given moment and norm pass through it unchanged, and what is left is the last line of the law.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from typing import Any, cast, final

from adamax_ref.exact.constants import ExactPower
from adamax_ref.exact.stepper import Function, function_of, rounding
from adamax_ref.golden.case import Case, Hyper, Number, Step
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Format

Table = Mapping[str, Callable[..., float]]


@final
@dataclass(frozen=True)
class Numbers:
    """Hyperparameters that nobody checks, with exact powers; `still` marks the beta1 of :meth:`Parts.update`."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    maximize: bool
    still: bool = False

    @cached_property
    def _hash(self) -> int:
        return hash((self.lr, self.beta1, self.beta2, self.eps, self.weight_decay, self.maximize, self.still))

    def __hash__(self) -> int:
        return self._hash


def numbers(case: Case, step: Step | None = None) -> Numbers:
    """Return the hyperparameters of a step."""
    return _numbers(case.hyper, None if step is None else step.lr)


@lru_cache(maxsize=1024)
def _numbers(h: Hyper, lr: Number | None) -> Numbers:
    return Numbers(
        lr=(lr or h.lr).value,
        beta1=ExactPower(h.beta1.value),
        beta2=ExactPower(h.beta2.value),
        eps=h.eps.value,
        weight_decay=h.weight_decay.value,
        maximize=h.maximize,
    )


def but(h: Numbers, **changes: float) -> Numbers:
    """Return a copy with some fields changed; betas keep their exact powers."""
    return _changed(h, tuple(changes.items()))


@lru_cache(maxsize=4096)
def _changed(h: Numbers, changes: tuple[tuple[str, Any], ...]) -> Numbers:
    exact: dict[str, Any] = {name: ExactPower(value) if name.startswith("beta") else value for name, value in changes}
    return replace(h, **exact)


@final
class _Still(float):
    """A beta1 of 1, with which the moment stays as it is; its powers are nobody's business and 0."""

    def __pow__(self, exponent: Any, modulo: None = None) -> float:
        return 0.0


@lru_cache(maxsize=1024)
def _stilled(h: Numbers, divisor: bool, coupled: bool) -> Numbers:
    """Return hyperparameters under which moment and norm pass through a step unchanged."""
    eps, decay = h.eps if divisor else 0.0, 0.0 if coupled else h.weight_decay
    return replace(but(h, beta2=1.0), eps=eps, maximize=False, weight_decay=decay, beta1=_Still(1.0), still=True)


@final
@dataclass(frozen=True)
class Clock:
    """Of which step and which hyperparameters the bias correction is, where that is not the step's own."""

    t: int
    h: Numbers | None = None

    @classmethod
    def stopped(cls, h: Numbers) -> "Clock":
        """Return the clock at which there is no bias to correct: the power is that of a beta1 of 0."""
        return cls(1, but(h, beta1=0.0))


@final
@dataclass(frozen=True, eq=False)
class Parts:
    """A dialect in a profile, in parts; `table` replaces operations of the recipe.

    With `storage` a step is done in `profile` and stored in the type of another, shorter one.
    """

    dialect: Dialect
    profile: str
    table: Table = field(default_factory=dict)
    storage: str = ""

    @cached_property
    def form(self) -> Format:
        """Format of what is stored."""
        return PROFILES[self.storage or self.profile].storage

    @cached_property
    def stored(self) -> Callable[[float], float]:
        """Round to the storage type."""
        return rounding(self.form)

    def but(self, **table: Callable[..., float]) -> "Parts":
        """Return the same dialect with some operations replaced."""
        return replace(self, table=table)

    @property
    def timed(self) -> frozenset[str]:
        """Names of the constants that change from step to step."""
        return _timed(self.dialect, self.profile)

    def step(
        self, p: float, g: float, m: float, u: float, h: Numbers, t: int, clock: Clock | None = None
    ) -> tuple[float, float, float]:
        """Do one step of one element; the correction may be of another `clock`."""
        function, known = _constants(self.dialect, self.profile, tuple(self.table), h, t, clock)
        return function(p, g, m, u, *known, *self.table.values())

    def moment(self, p: float, g: float, m: float, h: Numbers) -> float:
        """Do the moment alone."""
        return self.step(p, g, m, 1.0, h, 1)[1]

    def norm(self, p: float, g: float, u: float, h: Numbers) -> float:
        """Do the norm alone."""
        return self.step(p, g, 0.0, u, h, 1)[2]

    def update(self, p: float, m: float, u: float, h: Numbers, t: int, clock: Clock | None = None) -> float:
        """Do the update alone, from a moment and a norm that are already new."""
        divisor = self.dialect.family is not None and self.dialect.family.eps == "divisor"
        still = _stilled(h, divisor, "l2" in self.dialect.options)
        return self.step(p, 0.0, m, u, still, t, clock or Clock(t, h))[0]

    def gradient(self, p: float, g: float, h: Numbers) -> float:
        """Return the gradient after sign and coupled decay: with beta1 of 0 it is the moment."""
        return self.step(p, g, 0.0, 1.0, but(h, beta1=0.0), 1)[1]


def finite(x: float, otherwise: float = 0.0) -> float:
    """Return `x`, or another number where it is NaN or infinite."""
    return x if math.isfinite(x) else otherwise


@cache
def _timed(dialect: Dialect, profile: str) -> frozenset[str]:
    h = Hyperparameters(lr=0.1, beta1=0.9, beta2=0.99, eps=0.0)
    recipe = dialect.recipe(h, profile)
    early, late = (dialect.scalars(h, t, recipe) for t in (1, 5))
    return frozenset(name for name, a, b in zip(recipe.constants, early, late, strict=True) if a != b)


@lru_cache(maxsize=4096)
def _constants(
    dialect: Dialect, profile: str, replaced: tuple[str, ...], h: Numbers, t: int, clock: Clock | None
) -> tuple[Function, tuple[float, ...]]:
    """Return function and constants of a step; the timed ones are those of the clock, where there is one."""
    recipe = dialect.recipe(cast(Hyperparameters, h), profile)
    known = dialect.scalars(h, t, recipe)
    if clock is not None:
        other, timed = dialect.scalars(clock.h or h, clock.t, recipe), _timed(dialect, profile)
        rows = zip(recipe.constants, known, other, strict=True)
        known = tuple(late if name in timed else own for name, own, late in rows)
    return function_of(recipe, replaced), known

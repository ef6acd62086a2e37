"""A step taken apart for bending: what an entry of the bank gets hold of."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .parts import Clock, Numbers, Parts, but

Three = tuple[float, float, float]
Element = Callable[[Parts, float, float, float, float, Numbers, int], Three]
"""``element(parts, p, g, m, u, h, t) -> (p, m, u)``: one step of one element."""


class Given(NamedTuple):
    """One element before a step, with the hyperparameters and the number of the step."""

    parts: Parts
    p: float
    g: float
    m: float
    u: float
    h: Numbers
    t: int

    def but(self, **changes: float | Parts) -> "Given":
        """Return the same with another ``p``, ``g``, ``m``, ``u`` or ``t``."""
        new: dict[str, Any] = {**changes}
        return self._replace(**new)

    def under(self, **changes: float) -> "Given":
        """Return the same under other hyperparameters."""
        return self._replace(h=but(self.h, **changes))

    def right(self, clock: Clock | None = None) -> Three:
        """Do the step as the dialect does; the correction may be of another clock."""
        return self.parts.step(self.p, self.g, self.m, self.u, self.h, self.t, clock)

    def finish(self, m: float | None = None, u: float | None = None) -> Three:
        """Do the last line alone, from a moment and a norm; what is not given is done rightly."""
        m = self.moment if m is None else self.parts.stored(m)
        u = self.norm if u is None else self.parts.stored(u)
        return self.parts.update(self.p, m, u, self.h, self.t), m, u

    @property
    def moment(self) -> float:
        """The new moment."""
        return self.parts.moment(self.p, self.g, self.m, self.h)

    @property
    def norm(self) -> float:
        """The new norm."""
        return self.parts.norm(self.p, self.g, self.u, self.h)

    @property
    def gradient(self) -> float:
        """The gradient after sign and coupled decay."""
        return self.parts.gradient(self.p, self.g, self.h)

    @property
    def correction(self) -> float:
        """``1 - beta1**t``, or 1 where the dialect has none."""
        return 1 - float(self.h.beta1**self.t) if self.parts.timed else 1.0

    @property
    def inside(self) -> float:
        """Epsilon where it is part of the norm, else 0."""
        family = self.parts.dialect.family
        return float(self.h.eps) if family is not None and family.eps in ("max", "norm") else 0.0


def by(step: Callable[[Given], Three]) -> Element:
    """Return the element that a function of :class:`Given` does."""
    return lambda *given: step(Given(*given))

"""Types by which a dialect's update is checked: numbers of any kind, and the constants and conditions it may read.

A misspelt constant is then an error of the type checker, not of the first step. A dialect of another package that has
constants of its own derives a protocol from :class:`Constants` and names it in its update.
"""

from typing import Any, Protocol


class Scalar(Protocol):
    """A number of any kind: a float, a fraction, an interval, a symbol of a trace."""

    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __abs__(self) -> Any: ...


class Constants(Protocol):
    """What an update may read beside its four arrays.

    Attributes
    ----------
    beta1, beta2 : Scalar
        Decay rates of the moment and of the norm.
    weight, minus_beta1 : Scalar
        ``1 - beta1`` and ``-beta1``, as the framework forms them.
    eps, decay, decay_lr, decay_rate, minus_decay : Scalar
        Epsilon; weight decay, and what a framework makes of it and the learning rate.
    kept, kept_fixed : Scalar
        Share of a parameter that decoupled decay leaves: ``1 - lr * decay`` and ``1 - decay``.
    lr, minus_lr, rate, minus_rate : Scalar
        Learning rate; corrected for the bias of the moment; each with the sign turned.
    correction, inverse, divisor : Scalar
        ``1 - beta1**t``; its reciprocal; what the norm is multiplied by instead of a correction.
    tiny : Scalar
        What a framework adds to a divisor beside epsilon.
    maximize, decaying, shrinking, fusing, far, apart, half, brain : bool
        Conditions: whether to ascend; whether decay joins the gradient, or shrinks the parameter; whether products and
        sums are fused; whether ``weight`` is at least one half; whether decay has two roundings; whether numbers are
        float16, or bfloat16.
    """

    beta1: Scalar
    beta2: Scalar
    weight: Scalar
    minus_beta1: Scalar
    eps: Scalar
    decay: Scalar
    decay_lr: Scalar
    decay_rate: Scalar
    minus_decay: Scalar
    kept: Scalar
    kept_fixed: Scalar
    lr: Scalar
    minus_lr: Scalar
    rate: Scalar
    minus_rate: Scalar
    correction: Scalar
    inverse: Scalar
    divisor: Scalar
    tiny: Scalar
    maximize: bool
    decaying: bool
    shrinking: bool
    fusing: bool
    far: bool
    apart: bool
    half: bool
    brain: bool

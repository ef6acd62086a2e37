"""Types by which a dialect is checked: numbers of any kind, hyperparameters, roundings, and the constants it may read.

A misspelt constant is then an error of the type checker, not of the first step. A dialect of another package that has
constants of its own derives a protocol from :class:`Constants` and names it in its update.
"""

from collections.abc import Callable
from typing import Any, Protocol

from .profile import Format, Place, Rounded


class Scalar(Protocol):
    """A number of any kind: a float, a fraction, an interval, a symbol of a trace."""

    def __add__(self, other: Any, /) -> "Scalar": ...
    def __radd__(self, other: Any, /) -> "Scalar": ...
    def __sub__(self, other: Any, /) -> "Scalar": ...
    def __rsub__(self, other: Any, /) -> "Scalar": ...
    def __mul__(self, other: Any, /) -> "Scalar": ...
    def __rmul__(self, other: Any, /) -> "Scalar": ...
    def __truediv__(self, other: Any, /) -> "Scalar": ...
    def __rtruediv__(self, other: Any, /) -> "Scalar": ...
    def __neg__(self) -> "Scalar": ...
    def __abs__(self) -> "Scalar": ...


MultiplyAdd = Callable[[Scalar, Scalar, Scalar], Scalar]
"""``f(a, b, c)``, which is ``a * b + c`` with one rounding or with two."""


class Number(Protocol):
    """A number that constants are formed from: a float, a fraction, an interval, a :class:`~.profile.Rounded`."""

    def __add__(self, other: Any, /) -> "Number": ...
    def __radd__(self, other: Any, /) -> "Number": ...
    def __sub__(self, other: Any, /) -> "Number": ...
    def __rsub__(self, other: Any, /) -> "Number": ...
    def __mul__(self, other: Any, /) -> "Number": ...
    def __rmul__(self, other: Any, /) -> "Number": ...
    def __truediv__(self, other: Any, /) -> "Number": ...
    def __rtruediv__(self, other: Any, /) -> "Number": ...
    def __pow__(self, exponent: int, /) -> "Number": ...
    def __neg__(self) -> "Number": ...
    def __float__(self) -> float: ...


class HyperLike(Protocol):
    """Hyperparameters as numbers of any kind; :class:`~.hyper.Hyperparameters` has them as floats."""

    @property
    def lr(self) -> Number:
        """Learning rate."""

    @property
    def beta1(self) -> Number:
        """Decay rate of the moment."""

    @property
    def beta2(self) -> Number:
        """Decay rate of the norm."""

    @property
    def eps(self) -> Number:
        """Epsilon."""

    @property
    def weight_decay(self) -> Number:
        """Coefficient of the weight decay."""

    @property
    def maximize(self) -> bool:
        """True to ascend."""


class Rounding(Protocol):
    """The roundings of a framework, in which a dialect forms its constants.

    :class:`adamax_ref.recipe.profile.Rounding` rounds to formats; :class:`adamax_ref.recipe.profile.Unrounded` leaves
    every number exact.
    """

    def work(self, x: Number, /) -> Number:
        """Round to the working type."""

    def store(self, x: Number, /) -> Number:
        """Round to the storage type."""

    def single(self, x: Number, /) -> Number:
        """Round to binary32."""

    def double(self, x: Number, /) -> Number:
        """Go on in binary64."""

    def product(self, x: Any, count: int, /) -> Number:
        """Multiply `count` factors `x`, which :meth:`work` or :meth:`store` returned."""


class FormatRounding(Rounding, Protocol):
    """Roundings to known formats, which the conditions of a dialect may look at."""

    @property
    def working(self) -> Format:
        """Format of the arithmetic."""

    @property
    def storage(self) -> Format:
        """Format in memory."""

    @property
    def place(self) -> Place:
        """Elements that the recipe is for."""

    def work(self, x: Number, /) -> Rounded:
        """Round to the working type."""


class Constants(Protocol):
    """Constants that an update may read beside its four arrays.

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

"""Losses of a conversion from one Adamax to another, derived from what their dialects declare.

Two dialects are the same function where they declare the same: where epsilon stands, what decay
does, whether the bias is corrected, which operand of the maximum a NaN survives, which options
and types there are. Each rule below compares one of these and yields a sentence where they differ
*for this run*: a weight decay of 0 may mean anything.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Self, final

import numpy as np

from adamax_ref.backend import PROFILE_OF_DTYPE
from adamax_ref.frameworks import get as get_framework
from adamax_ref.frameworks import names as framework_names
from adamax_ref.recipe.profile import PROFILES

from .conversion import Conversion, real_parts
from .counting import determines


class Kind(Enum):
    """Kind of a loss."""

    TYPE = "type"
    """A type of numbers in which a framework does not compute."""
    OPTION = "option"
    """An option, or a value of one, that a framework lacks or refuses."""
    EPSILON = "epsilon"
    """Epsilon stands elsewhere, or has another value."""
    BIAS = "bias"
    """Only one of the two corrects the bias."""
    DECAY = "decay"
    """Weight decay means something else."""
    NAN = "nan"
    """NaN and infinities leave another trace in moment and norm."""
    SUBNORMAL = "subnormal"
    """Subnormal numbers of the state become zero."""
    PRECISION = "precision"
    """Scalars pass through a narrower type, or vanish in the type of the state."""
    COUNTER = "counter"
    """The number of steps: one for all parameters, or a product that does not determine it."""
    SCHEDULE = "schedule"
    """A schedule of the learning rate, which is not part of Adamax's state."""
    GROUPS = "groups"
    """Parameters with options of their own."""


@final
class Loss(str):
    """A sentence that says what does not carry over, and its kind.

    Attributes
    ----------
    kind : Kind
        What sort of thing it is.

    Examples
    --------
    >>> loss = Loss(Kind.OPTION, "mlx has no maximize")
    >>> print(loss.kind.value, loss, sep=": ")
    option: mlx has no maximize
    """

    kind: Kind

    def __new__(cls, kind: Kind, text: str) -> Self:
        """Return a sentence of a kind."""
        loss = super().__new__(cls, text)
        loss.kind = kind
        return loss

    # A copy is made of both.
    def __getnewargs__(self) -> tuple[Kind, str]:  # type: ignore[override]
        return self.kind, str(self)


def losses(x: Conversion) -> tuple[Loss, ...]:
    """Return everything that does not carry over with one parameter's state."""
    return tuple(Loss(kind, text) for kind, rule in _RULES for text in rule(x))


def _types(x: Conversion) -> Iterator[str]:
    dtypes = {profile: dtype for dtype, profile in PROFILE_OF_DTYPE.items()}
    for side in x.sides:
        if x.profile not in side.dialect.profiles:
            has = ", ".join(dtypes[profile] for profile in side.dialect.profiles)
            # optax, for one, takes the modulus where torch takes two norms
            other = "; there the norm of a complex number may be another quantity"
            yield f"{side.name} does not compute in {dtypes[x.profile]}, only in {has}" + (
                other if PROFILES[x.profile].is_complex else ""
            )


def _options(x: Conversion) -> Iterator[str]:
    for side in x.sides:
        if x.hyper.maximize and "maximize" not in side.dialect.options:
            yield f"{side.name} has no maximize: it descends unless the gradients are negated"
        for name in sorted(side.layout.positive):
            if getattr(x.hyper, name) == 0:
                yield f"{side.name} refuses {name}=0.0: it must be above 0"


_PLACES = {
    "max": "beside |g| in the norm",
    "norm": "beside the decayed norm",
    "divisor": "in the divisor",
    "none": "nowhere",
}


def _epsilon(x: Conversion) -> Iterator[str]:
    (here, there), (ours, theirs) = (family.eps for family in x.families), x.eps
    if here != there and (ours or theirs):
        # Beside the decayed norm it is added again at every step, so that it sums up.
        far = f"eps = {x.hyper.eps or theirs!r}" + ("/(1-beta2)" if "norm" in (here, there) else "")
        idle = "; where every gradient was 0 the quotient is 0/0" if there == "none" else ""
        places = f"{_PLACES[here]}; {_PLACES[there]}"
        yield f"epsilon stands elsewhere ({places}), so divisors differ by up to {far}{idle}"
    elif ours != theirs:
        values = f"{ours!r} in {x.source.name} and {theirs!r} in {x.target.name}"
        yield f"eps={x.hyper.eps!r} is {values}"
    elif x.hyper.eps and here == there == "none":
        yield f"neither {x.source.name} nor {x.target.name} has an epsilon, but eps={x.hyper.eps!r}"


def _bias(x: Conversion) -> Iterator[str]:
    ours, theirs = (family.bias == "none" for family in x.families)
    factor = f"1-beta1**{x.step + 1}"
    acts = PROFILES[x.profile].working.round(1 - x.hyper.beta1 ** (x.step + 1)) != 1
    if ours != theirs and acts:
        change = f"shorter by the factor {factor}" if theirs else f"longer by 1/({factor})"
        yield f"only one of them corrects the bias: the next step is {change}"


def _decay(x: Conversion) -> Iterator[str]:
    if x.hyper.weight_decay == 0:
        return
    ours, theirs = (family.decay for family in x.families)
    if ours != theirs:
        both = f"{ours} in {x.source.name}, {theirs} in {x.target.name}"
        yield f"weight decay means something else: {both}"
    elif theirs == "none":
        neither = f"neither {x.source.name} nor {x.target.name} has a weight decay"
        yield f"{neither}, but weight_decay={x.hyper.weight_decay!r}"
    for side in x.sides:
        words = side.layout.undecayed
        if words and (not x.key or re.search(words, x.key)):
            either = words.replace("|", " or ")
            yield f"{side.name} does not decay a parameter in no group with {either} in its name"


_NAN = {
    "both": "stays for ever",
    "norm": "leaves no trace",
    "gradient": "stays until the next gradient",
}


def _nan(x: Conversion) -> Iterator[str]:
    ours, theirs = (_NAN[family.maximum] for family in x.families)
    if ours != theirs:
        other = f"and {theirs} in that of {x.target.name}"
        yield f"a NaN gradient {ours} in the norm of {x.source.name}, {other}"
    if x.hyper.weight_decay == 0:
        adding = [side.name for side in x.sides if side.reads_parameter(x.hyper, x.profile)]
        if len(adding) == 1:
            yield f"{adding[0]} adds 0 times the parameter to the gradient: NaN if that is infinite"


def _subnormal(x: Conversion) -> Iterator[str]:
    if not (x.target.dialect.flushes or x.target.layout.flushes_at_first):
        return
    least = PROFILES[x.profile].working.smallest_normal
    with np.errstate(all="ignore"):
        parts = [np.abs(real_parts(array).astype(np.float64)) for array in (x.moment, x.norm)]
    count = sum(int(np.count_nonzero((part > 0) & (part < least))) for part in parts)
    if count:
        yield f"{x.target.name} flushes subnormal numbers to zero: {count} of moment and norm"


def _precision(x: Conversion) -> Iterator[str]:
    narrowed = {side.name: side.narrowed(x.hyper, x.profile) for side in x.sides}
    if narrowed[x.source.name] != narrowed[x.target.name]:
        listed = {name: ", ".join(sorted(names)) or "none" for name, names in narrowed.items()}
        where = (f"{names} in {name}" for name, names in listed.items())
        yield f"scalars of the float64 state pass through float32: {'; '.join(where)}"
    vanishing = {side.name: side.vanishing(x.hyper, x.profile) for side in x.sides}
    if bool(vanishing[x.source.name]) != bool(vanishing[x.target.name]):
        name, names = next((name, names) for name, names in vanishing.items() if names)
        yield f"{', '.join(sorted(names))} vanish in {name} in this type"
    for side in x.sides:
        if side.name in framework_names() and x.profile in get_framework(side.name).departs:
            cause = get_framework(side.name).departs[x.profile]
            yield f"{side.name} departs from its formula in this type: {cause}"


def _counter(x: Conversion) -> Iterator[str]:
    count, product = x.target.layout.count, x.target.layout.product
    if count is not None or product is None:
        return
    if not determines(product, x.hyper, x.profile, x.step):
        only = f"{x.target.name} holds nothing but {product.name}"
        yield f"{only}, which does not determine step {x.step}: write it down beside the state"


_RULES: tuple[tuple[Kind, Callable[[Conversion], Iterator[str]]], ...] = (
    (Kind.TYPE, _types),
    (Kind.OPTION, _options),
    (Kind.EPSILON, _epsilon),
    (Kind.BIAS, _bias),
    (Kind.DECAY, _decay),
    (Kind.NAN, _nan),
    (Kind.SUBNORMAL, _subnormal),
    (Kind.PRECISION, _precision),
    (Kind.COUNTER, _counter),
)

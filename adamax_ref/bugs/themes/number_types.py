"""Bugs of number types: state, scalars or the whole step in a type that is too narrow."""

from dataclasses import replace

from adamax_ref.bugs.bug import Bug, Grad
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.bugs.parts import Parts
from adamax_ref.bugs.where import counts_with, only, where, wide
from adamax_ref.golden.case import Case
from adamax_ref.golden.oracle import State, with_flushes
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import BFLOAT16, BINARY16, BINARY32, Format, ieee_divide

_TWELVE = Format("twelve bits", 21, 12, -126, 127)
"""Guarantee of the instructions for an approximate inverse: relative error 1.5 * 2**-12."""


def _state_in(form: Format, after: State) -> State:
    return replace(after, m=tuple(map(form.round, after.m)), u=tuple(map(form.round, after.u)))


def _single(given: Given) -> Three:
    p, g, m, u = map(BINARY32.round, (given.p, given.g, given.m, given.u))
    return Parts(given.parts.dialect, "f32").step(p, g, m, u, given.h, given.t)


def _cut(x: float) -> float:
    """Keep the upper half of a binary32 number, which is a bfloat16 number rounded towards zero."""
    return BFLOAT16.decode(BINARY32.encode(BINARY32.round(x)) >> 16)


def _cut_betas(given: Given) -> Three:
    return given.under(beta1=_cut(float(given.h.beta1)), beta2=_cut(float(given.h.beta2))).right()


def _half_gradient(case: Case, past: list[Grad]) -> Grad:
    return tuple(map(BINARY16.round, past[-1]))


def _half_quotient(given: Given) -> Three:
    return given.but(parts=given.parts.but(div=lambda a, b: BINARY16.round(ieee_divide(a, b)))).right()


def _approximate(given: Given) -> Three:
    div = given.parts.but(div=lambda a, b: given.parts.stored(a * _TWELVE.round(ieee_divide(1.0, b))))
    return given.but(parts=div).right()


def _flushing(given: Given) -> Three:
    return given.but(parts=Parts(with_flushes(given.parts.dialect, flushes=True), given.parts.profile)).right()


def _half_rate(given: Given) -> Three:
    rate = BINARY16.round(ieee_divide(given.h.lr, given.correction))
    return given.under(lr=rate * given.correction).right()


def _keeps_double(dialect: Dialect, profile: str) -> bool:
    """Tell whether a beta2 reaches the dialect's recipe with more digits than binary32 has."""
    one = replace(dialect.defaults, beta2=0.9)
    recipe = dialect.recipe(one, profile)
    known = dict(zip(recipe.constants, dialect.scalars(one, 1, recipe), strict=True))
    return known["beta2"] != BINARY32.round(known["beta2"])


def _keeps_digits(dialect: Dialect, profile: str) -> bool:
    """Tell whether betas have more digits than bfloat16 in some permitted order of operations and in the correction."""
    return profile != "bf16" or counts_with(9)(dialect, profile)


def _in_single(dialect: Dialect, profile: str) -> bool:
    return profile == "f64" and "f32" in dialect.profiles


BUGS = (
    Bug(
        "B40",
        "m and u kept in binary16",
        "State loses digits at every step.",
        "the type in which state is allocated",
        "dtype",
        tensor=lambda before, after: _state_in(BINARY16, after),
        applies=only("f64 f32 bf16 c64 c128", "state is binary16 there"),
    ),
    Bug(
        "B41",
        "the whole step in binary32",
        "Half of the digits are noise.",
        "a cast, or a literal that is not double",
        "dtype",
        by(_single),
        where(_in_single, "the working type is binary32 itself"),
    ),
    Bug(
        "B42",
        "betas cut to bfloat16",
        "0.999 becomes 0.996: the norm forgets four times as fast.",
        "scalars are tensors of a 16-bit type",
        "dtype",
        by(_cut_betas),
        where(_keeps_digits, "the permitted roundings of the betas to bfloat16 differ by as much"),
        source="tenstorrent/tt-metal issue 55935 (Adam)",
    ),
    Bug(
        "B110",
        "the gradient passes through binary16",
        "Small gradients become 0 and large ones infinite.",
        "gradients that stay in the type of mixed precision",
        "dtype",
        grads=_half_gradient,
        applies=only("f64 f32 bf16 c64 c128", "gradients are binary16 there"),
    ),
    Bug(
        "B121",
        "m and u kept in bfloat16",
        "The norm of a quiet parameter never decays, since 0.999 of it rounds back.",
        "the type in which state is allocated",
        "dtype",
        tensor=lambda before, after: _state_in(BFLOAT16, after),
        applies=only("f64 f32 f16 c64 c128", "state is bfloat16 there"),
        source="Nerogar/OneTrainer issue 1005 (AdamW)",
    ),
    Bug(
        "B122",
        "the quotient of the last line in binary16",
        "Steps have three digits, and small ones are lost.",
        "a division under automatic mixed precision",
        "dtype",
        by(_half_quotient),
        only("f64 f32 bf16 c64 c128", "the error is smaller than the rounding of the parameter"),
    ),
    Bug(
        "B123",
        "an approximate inverse of twelve bits",
        "Steps are right to three digits only.",
        "the processor's instruction for an estimate, without the step that refines it",
        "dtype",
        by(_approximate),
        wide("twelve bits are more than the type has, so it is multiplication by 1/u (B37)"),
    ),
    Bug(
        "B124",
        "subnormal numbers become zero",
        "Tiny gradients give 0/0, and a norm that has faded becomes 0.",
        "flush-to-zero, or fast mathematics, as an option of the compiler",
        "range",
        by(_flushing),
        only("f64 f32 bf16 c64 c128", "the subnormal numbers of binary16 are normal in the working type"),
    ),
    Bug(
        "B125",
        "hyperparameters pass through binary32",
        "In double precision everything is right to eight digits only.",
        "options kept as float32",
        "dtype",
        by(
            lambda given: given.under(
                **{name: BINARY32.round(float(getattr(given.h, name))) for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
            ).right()
        ),
        only("f64 c128", "the working type is binary32 itself")
        & where(_keeps_double, "the dialect takes them through binary32 itself"),
    ),
    Bug(
        "B126",
        "the parameter is kept in bfloat16",
        "Updates below one part in 256 of a weight are lost.",
        "no master copy of the weights",
        "dtype",
        tensor=lambda before, after: replace(after, theta=tuple(map(BFLOAT16.round, after.theta))),
        applies=only("f64 f32 f16 c64 c128", "parameters are bfloat16 there"),
        source="keras-team/keras-hub issue 2629 (Adam)",
    ),
    Bug(
        "B127",
        "the learning rate is kept in bfloat16",
        "0.001 becomes 0.00099945: every step is off by up to one part in 256.",
        "the rate is a tensor of a 16-bit type",
        "dtype",
        by(lambda given: given.under(lr=BFLOAT16.round(float(given.h.lr))).right()),
        wide("the error is smaller than the rounding of the parameter"),
        source="tenstorrent/tt-metal issue 55935 (Adam)",
    ),
    Bug(
        "B128",
        "the corrected rate is kept in binary16",
        "Small rates lose digits and become 0 below 2**-25.",
        "lr / (1 - beta1**t) is a tensor of the parameter's type",
        "dtype",
        by(_half_rate),
        only("f64 f32 bf16 c64 c128", "the error is smaller than the rounding of the parameter"),
    ),
)

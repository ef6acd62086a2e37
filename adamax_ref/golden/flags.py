"""Flags: the subject of a case, and the effect on a user when an implementation fails it."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Flag:
    """A flag's entry in FLAGS.json."""

    bugType: str
    why: str
    effect: str
    links: tuple[str, ...] = ()


_PAPER = "https://arxiv.org/abs/1412.6980"
_NORM = "infinity norm"
_MOMENT = "first moment"
_BIAS = "bias correction"
_EPS = "epsilon"
_NUMBERS = "number format"
_DECAY = "weight decay"
_SHAPE = "indexing"

FLAGS = {
    "shrinking-gradient": Flag(
        _NORM, "The gradient falls, so the decayed norm wins.", "Steps are too long or too short.", (_PAPER,)
    ),
    "growing-gradient": Flag(
        _NORM, "The gradient grows, so the new magnitude wins.", "Steps explode after a quiet spell.", (_PAPER,)
    ),
    "max-tie": Flag(_NORM, "Both sides of the maximum are equal.", "A branch may drop the value."),
    "negative-gradient": Flag(_NORM, "The gradient is negative.", "Without an absolute value the norm is lost."),
    "zero-gradient": Flag(_NORM, "A gradient is exactly zero.", "0/0 gives NaN that never leaves."),
    "eps-visible": Flag(_EPS, "Epsilon is as large as the gradient.", "Its place decides the size of small steps."),
    "eps-default": Flag(_EPS, "Gradients of the size of the default epsilon.", "Late in training steps come out wrong."),
    "bias-early": Flag(
        _BIAS, "The first steps, where the correction is large.", "Training starts too fast or too slow.", (_PAPER,)
    ),
    "bias-late": Flag(_BIAS, "Late steps with beta1 near 1, where the correction still matters.", "Slow drift."),
    "t-boundary": Flag(_BIAS, "The step counter near a power of two.", "A narrow counter wraps around."),
    "imported-state": Flag("state", "The run starts from given state.", "A resumed run departs from the first."),
    "schedule": Flag("learning rate", "The learning rate changes between steps.", "Schedules have no effect, or act a step late."),
    "lr-zero": Flag("learning rate", "The learning rate is zero.", "Frozen parameters move or become NaN."),
    "decay-coupled": Flag(_DECAY, "Decay joins the gradient.", "Regularisation acts through the wrong term."),
    "decay-decoupled": Flag(_DECAY, "Decay shrinks the parameter itself.", "Regularisation acts through the wrong term."),
    "order-of-operations": Flag("order", "The result depends on what happens first.", "Off by one step somewhere."),
    "maximize": Flag("direction", "The objective is climbed.", "The loss goes the wrong way."),
    "subnormal": Flag(_NUMBERS, "Subnormal numbers take part.", "Small gradients are flushed to zero."),
    "near-overflow": Flag(_NUMBERS, "Numbers near the largest one.", "An intermediate result overflows."),
    "cancellation": Flag(_MOMENT, "Terms of opposite sign nearly cancel.", "A rearranged formula loses digits."),
    "absorbed-update": Flag(_NUMBERS, "The update is below the parameter's last digit.", "None, if the parameter stays as it is."),
    "nan": Flag("non-finite", "NaN takes part.", "A broken step is hidden, or spreads to its neighbours."),
    "infinity": Flag("non-finite", "Infinity takes part.", "A broken step is hidden, or spreads to its neighbours."),
    "strict-zero": Flag(_NUMBERS, "The sign of a zero is part of the answer.", "Bits differ; values do not."),
    "low-precision": Flag(_NUMBERS, "The storage type has few digits.", "State is rounded where it should not be."),
    "needs-binary64": Flag(_NUMBERS, "Hyperparameters that need all digits of binary64.", "A constant is off by one rounding."),
    "hard-rounding": Flag(_NUMBERS, "The exact result lies next to a rounding boundary.", "The last bit differs."),
    "odd-length": Flag(_SHAPE, "The number of elements is no multiple of a vector.", "The tail is left out or done twice."),
    "many-elements": Flag(_SHAPE, "More elements than a block or a page of threads.", "Blocks overlap or leave gaps."),
    "empty": Flag(_SHAPE, "A tensor without elements.", "A crash at an unexpected place."),
    "zero-dim": Flag(_SHAPE, "A tensor without dimensions.", "A scalar parameter is refused or broadcast."),
    "two-dim": Flag(_SHAPE, "A tensor of several dimensions.", "Rows are mixed up."),
    "skipped-step": Flag("state", "A parameter has no gradient for a step.", "Its counter or its state moves nevertheless."),
    "long-run": Flag("drift", "Many steps in a row.", "Small errors add up."),
    "must-refuse": Flag("validation", "The input is illegal.", "A mistake in a configuration goes unnoticed."),
    "complex": Flag("complex", "Complex numbers.", "Real and imaginary parts are treated in another way."),
    "fma-visible": Flag("order", "A fused multiply-add changes the bits.", "Bits differ between machines."),
    "framework-wart": Flag("framework", "The framework departs from Adamax by its choice of roundings.", "As the framework does."),
}

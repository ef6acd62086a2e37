"""The package pytorch_optimizer's ``AdaMax``: PyTorch's operations with three kinds of decay and an optional correction."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from adamax_ref.recipe.dialect import Dialect, Evidence, Family, Provenance
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.types import Constants, FormatRounding, HyperLike, Number, Rounding, Scalar

from . import torch


def constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """PyTorch's, and the factors of the other two kinds of decay."""
    made = torch.constants(h, t, to)
    return {**made, "kept": to.work(1 - h.weight_decay * h.lr), "kept_fixed": to.work(1 - h.weight_decay)}


def uncorrected_constants(h: HyperLike, t: int, to: Rounding) -> dict[str, Number]:
    """``adam_debias=True`` leaves the learning rate alone, and nothing else corrects."""
    return {**constants(h, t, to), "minus_rate": to.work(-h.lr)}


def _conditions(kind: Literal["l2", "decoupled", "fixed"]) -> Callable[[HyperLike, FormatRounding], dict[str, bool]]:
    def conditions(h: HyperLike, to: FormatRounding) -> dict[str, bool]:
        usual = torch.conditions(h, to)
        return {**usual, "decaying": kind == "l2" and usual["decaying"], "shrinking": kind != "l2" and usual["decaying"]}

    return conditions


def decoupled_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``weight_decouple=True``: the parameter shrinks before the step."""
    return torch.update(p * c.kept if c.shrinking else p, g, m, u, c)


def fixed_update(p: Scalar, g: Scalar, m: Scalar, u: Scalar, c: Constants) -> tuple[Scalar, Scalar, Scalar]:
    """``fixed_decay=True`` as well: the factor does not depend on the learning rate."""
    return torch.update(p * c.kept_fixed if c.shrinking else p, g, m, u, c)


_base = Dialect(
    name="pytorch-optimizer",
    title="pytorch_optimizer's AdaMax",
    update=torch.update,
    constants=constants,
    conditions=_conditions("l2"),
    defaults=Hyperparameters(lr=1e-3),
    options=frozenset({"eps", "l2", "maximize"}),
    profiles=("f64", "f32"),
    provenance=Provenance(
        framework="pytorch_optimizer",
        versions="4.1",
        source="pytorch_optimizer/optimizer/adamax.py",
        evidence=Evidence.LIVE,
        measured="pytorch_optimizer 4.1.0, torch 2.13.0",
        links=("https://pytorch-optimizers.readthedocs.io/en/latest/optimizer/",),
    ),
    quirks=(
        "The step number belongs to the group, not to the parameter: one that joins late is corrected for a later step.",
        "maximize and the L2 decay overwrite the caller's gradient.",
        "adam_debias=True switches the bias correction off.",
        "The default learning rate is 1e-3, not PyTorch's 2e-3.",
    ),
)

_other = frozenset({"eps", "decoupled", "maximize"})

DIALECT = replace(
    _base,
    variants={
        "decoupled": replace(
            _base,
            name="pytorch-optimizer/decoupled",
            title="pytorch_optimizer's AdaMax, weight_decouple=True",
            update=decoupled_update,
            conditions=_conditions("decoupled"),
            options=_other,
            family=Family(decay="decoupled"),
        ),
        "fixed": replace(
            _base,
            name="pytorch-optimizer/fixed",
            title="pytorch_optimizer's AdaMax, weight_decouple=True and fixed_decay=True",
            update=fixed_update,
            conditions=_conditions("fixed"),
            options=_other,
            family=Family(decay="fixed"),
        ),
        "debias": replace(
            _base,
            name="pytorch-optimizer/debias",
            title="pytorch_optimizer's AdaMax, adam_debias=True",
            constants=uncorrected_constants,
            family=Family(bias="none"),
        ),
    },
)

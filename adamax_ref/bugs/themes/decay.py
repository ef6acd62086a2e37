"""Bugs of weight decay."""

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.bugs.where import corrects, coupled, decays, decoupled


def _couples(given: Given) -> bool:
    return "l2" in given.parts.dialect.options


def _shrunk(given: Given, amount: float) -> Three:
    """Take an amount off the parameter first, and go on without decay."""
    return given.but(p=given.parts.stored(given.p - amount)).under(weight_decay=0.0).right()


def _joined(given: Given, amount: float) -> Three:
    """Add an amount to the gradient, once its sign is right, and go on without decay."""
    bare = given.under(weight_decay=0.0)
    return bare.but(g=given.parts.stored(bare.gradient + amount)).under(maximize=False).right()


def _acting_on(given: Given, value: float) -> Three:
    """Let decay act as the dialect has it, on another value than the parameter."""
    amount = given.h.weight_decay * value
    return _joined(given, amount) if _couples(given) else _shrunk(given, given.h.lr * amount)


def _mixed_up(given: Given) -> Three:
    amount = given.h.weight_decay * given.p
    return _shrunk(given, given.h.lr * amount) if _couples(given) else _joined(given, amount)


def _after_the_moments(given: Given) -> Three:
    _, m, u = given.under(weight_decay=0.0).right()
    late = given.parts.stored(m + given.h.weight_decay * given.p)
    return given.parts.update(given.p, late, u, given.h, given.t), m, u


def _after_the_update(given: Given) -> Three:
    p, m, u = given.under(weight_decay=0.0).right()
    return p - given.h.lr * given.h.weight_decay * p, m, u


def _twice(given: Given) -> Three:
    once = given.h.weight_decay
    return given.under(weight_decay=2 * once - (0.0 if _couples(given) else given.h.lr * once * once)).right()


BUGS = (
    Bug(
        "B31",
        "coupled and decoupled decay mixed up",
        "Regularisation acts through the wrong term.",
        "where weight_decay meets the parameter",
        "decay",
        by(_mixed_up),
        decays,
        source="flagos-ai/FlagGems issue 4988 (Adam)",
    ),
    Bug(
        "B32",
        "decoupled decay not multiplied by the learning rate",
        "Weights vanish within a few steps.",
        "p -= weight_decay * p",
        "decay",
        by(lambda given: _shrunk(given, given.h.weight_decay * given.p)),
        decoupled,
        source="DeepX-inc/machina issue 3 (AdamW)",
    ),
    Bug(
        "B33",
        "coupled decay added after the moments",
        "Decay reaches the parameter only, and is not normalised.",
        "the order of decay and moment",
        "decay",
        by(_after_the_moments),
        coupled,
    ),
    Bug(
        "B34",
        "decoupled decay applied after the update",
        "Decay acts on another parameter than it should.",
        "the order of decay and update",
        "decay",
        by(_after_the_update),
        decoupled,
        source="huggingface/transformers issue 14539, stanford-cs336/assignment1-basics issue 54 (AdamW)",
    ),
    Bug(
        "B48",
        "weight decay ignored",
        "Weights grow without limit.",
        "the option never reaches the step",
        "decay",
        by(lambda given: given.under(weight_decay=0.0).right()),
        decays,
        source="kozistr/pytorch_optimizer issue 517 (SignSGD)",
    ),
    Bug(
        "B92",
        "coupled decay reaches the moment only",
        "The norm does not know of the decay, so decayed weights take longer steps than lr.",
        "max(beta2 * u, |g|) with the gradient as it came",
        "decay",
        by(lambda given: given.finish(u=given.under(weight_decay=0.0).norm)),
        coupled,
    ),
    Bug(
        "B93",
        "coupled decay reaches the norm only",
        "Weights are not decayed at all; large ones only learn more slowly.",
        "the moment averages the gradient as it came",
        "decay",
        by(lambda given: given.finish(m=given.under(weight_decay=0.0).moment)),
        coupled,
    ),
    Bug(
        "B94",
        "decay with the wrong sign",
        "Weights grow instead of shrinking.",
        "a minus where the rate is negative already",
        "decay",
        by(lambda given: given.under(weight_decay=-given.h.weight_decay).right()),
        decays,
        source="andersbll/deeppy issue 17",
    ),
    Bug(
        "B95",
        "coupled decay multiplied by the learning rate",
        "Decay is a thousand times too weak and follows the schedule.",
        "g + lr * weight_decay * p",
        "decay",
        by(lambda given: given.under(weight_decay=given.h.weight_decay * given.h.lr).right()),
        coupled,
    ),
    Bug(
        "B96",
        "decoupled decay at the corrected rate",
        "In the first steps weights decay ten times too fast.",
        "step_size * weight_decay * p",
        "decay",
        by(lambda given: given.under(weight_decay=given.h.weight_decay / given.correction).right()),
        decoupled & corrects,
        source="egg-west/AdamW-pytorch issue 1",
    ),
    Bug(
        "B97",
        "decay without the parameter",
        "All weights are pulled down by the same amount, negative ones away from zero.",
        "the factor p is missing, or another variable of that name is meant",
        "decay",
        by(lambda given: _acting_on(given, 1.0)),
        decays,
        source="e-sensing/torchopt pull request 14 (AdamW), mlverse/torch issue 821 (Adam)",
    ),
    Bug(
        "B98",
        "decay applied twice",
        "Weights decay twice as fast as asked for.",
        "decay inside the loop over groups of tensors and outside of it",
        "decay",
        by(_twice),
        decays,
        source="huggingface/pytorch-image-models pull request 2750 (SGDW)",
    ),
    Bug(
        "B99",
        "decay by the size of the parameter",
        "Negative weights grow instead of shrinking.",
        "weight_decay * abs(p)",
        "decay",
        by(lambda given: _acting_on(given, abs(given.p))),
        decays,
        source="torch/optim pull request 95, proposed in a comment",
    ),
)

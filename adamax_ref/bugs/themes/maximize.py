"""Bugs of climbing."""

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.element import Given, Three, by
from adamax_ref.bugs.where import climbs, coupled


def _after_decay(given: Given) -> Three:
    if not given.h.maximize:
        return given.right()
    decayed = given.under(maximize=False).gradient
    return given.but(g=-decayed).under(maximize=False, weight_decay=0.0).right()


def _update_only(given: Given) -> Three:
    _, m, u = given.under(maximize=False).right()
    return given.parts.update(given.p, -m if given.h.maximize else m, u, given.h, given.t), m, u


BUGS = (
    Bug(
        "B30",
        "maximize ignored",
        "The objective falls where it should grow.",
        "the flag never reaches the step",
        "maximize",
        by(lambda given: given.under(maximize=False).right()),
        climbs,
    ),
    Bug(
        "B100",
        "the sign turns after decay has joined the gradient",
        "Weights grow by what they should decay.",
        "g = -(g + weight_decay * p)",
        "maximize",
        by(_after_decay),
        climbs & coupled,
    ),
    Bug(
        "B101",
        "maximize turns the update and not the gradient",
        "The stored moment has the wrong sign for everyone who loads it, and decay grows the weights.",
        "p + rate * m / u in place of a negated gradient",
        "maximize",
        by(_update_only),
        climbs,
    ),
)

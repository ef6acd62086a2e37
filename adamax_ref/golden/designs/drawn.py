"""Drawn numbers, hyperparameters and lengths: what no person thought of, and what nobody wrote a case for.

Of these cases many share their hyperparameters and differ in parameters, state and gradients alone.
"""

from collections.abc import Iterator

from adamax_ref.golden.design import FULL, Design, Gradient, Skip, Values
from adamax_ref.golden.numbers import Draw, draws

MEMBERS = 8
"""Cases of a family, which share everything that is no element of an array."""

_RATES = (0.002, 0.01, 0.05, 0.3, 2.0**-7, 3 * 2.0**-9)
_BETA1 = (0.9, 0.95, 0.8, 0.5, 0.3, 0.75, 0.9375)
_BETA2 = (0.999, 0.99, 0.98, 0.9, 0.875, 0.96875)
_EPS = (1e-8, 1e-7, 1e-3, 2.0**-10, 2.0**-4)
_DECAYS = (0.01, 0.1, 0.25)
_STARTS = (0, 0, 0, 1, 6, 40)
_KINDS = {"plain": 15, "schedule": 2, "skip": 2, "decay": 3, "climb": 2}
"""Number of families of each kind."""


def _family(kind: str, number: int) -> Iterator[Design]:
    """Yield the designs of a family, which the counter generator draws from its name."""
    stream = draws(f"drawn/{kind}-{number}")
    rate, beta1, beta2, eps, decay = (of[next(stream) % len(of)] for of in (_RATES, _BETA1, _BETA2, _EPS, _DECAYS))
    t = _STARTS[next(stream) % len(_STARTS)]
    length, count = 1 + next(stream) % 4, 2 + next(stream) % 3
    values = Draw(bits=(FULL, 5)[next(stream) % 2], top=next(stream) % 5 - 2, span=4)
    hyper = {"lr": rate, "beta1": beta1, "beta2": beta2} | ({"eps": eps} if number % 3 == 1 else {})
    steps: list[Values | Gradient | Skip] = [values] * count
    if kind == "schedule":
        steps = [Gradient(values, rate / 2**at) for at in range(count)]
    if kind == "skip":
        steps.insert(1, Skip())
    for member in range(MEMBERS):
        yield Design(
            f"{kind}-{number}-{member}",
            f"Family {number} of kind {kind}, member {member}: {length} elements, {len(steps)} steps from {t + 1} on, all by lot.",
            "S1 S4 S5 S6 S8",
            theta=values,
            m=Draw(values.bits, values.top - 2, 4) if t else "",
            u=Draw(values.bits, values.top, 2) if t else "",
            t=t,
            steps=tuple(steps),
            shape=(length,),
            hyper=hyper | ({"weight_decay": decay} if kind == "decay" else {}),
            maximize=kind == "climb",
            flags="needs-binary64",
            level="full",
        )


DESIGNS = tuple(design for kind, count in _KINDS.items() for number in range(count) for design in _family(kind, number))

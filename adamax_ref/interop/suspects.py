"""Known bugs that explain an element: wrong Adamaxes of the bank whose step gives exactly the bits that were seen.

The bank is loaded only when there is something to explain.
"""

from collections.abc import Sequence

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES

Four = tuple[float, float, float, float]
Three = tuple[float, float, float]


def suspects(dialect: Dialect, profile: str, h: Hyperparameters, t: int, given: Four, seen: Three) -> tuple[str, ...]:
    """Return id and title of each known bug of `dialect` that turns `given` into exactly `seen`, the right step not doing so.

    Parameters
    ----------
    dialect : Dialect
        What the optimizer is supposed to be.
    profile : str
        Of real numbers.
    h : Hyperparameters
        Of the step.
    t : int
        Number of the update, from 1.
    given : tuple of float
        ``p``, ``g``, ``m``, ``u`` before the step.
    seen : tuple of float
        ``p``, ``m``, ``u`` after it.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> suspects(get("torch"), "f64", Hyperparameters(lr=0.25), 2, (1.0, 0.0, 0.0, 0.5), (1.0, 0.0, 0.45))
    ('B12 (beta1 and beta2 exchanged)', 'B16 (u decays with beta1)')
    """
    from adamax_ref.bugs import Bug, Numbers, Parts, bank, one_step

    parts, bits = Parts(dialect, profile), _bits(profile, seen)
    numbers = Numbers(h.lr, h.beta1, h.beta2, h.eps, h.weight_decay, h.maximize)  # powers are this machine's, as in training

    def gives(bug: Bug) -> bool:
        made = one_step(bug, parts, given, numbers, t)
        return made is not None and _bits(profile, made) == bits

    if gives(Bug("", "right", "", "", "")):
        return ()
    found = (bug for bug in bank().values() if bug.applies(dialect, profile))
    return tuple(f"{bug.id} ({bug.title})" for bug in found if gives(bug))


def _bits(profile: str, values: Three) -> Sequence[int]:
    return tuple(map(PROFILES[profile].storage.encode, values))

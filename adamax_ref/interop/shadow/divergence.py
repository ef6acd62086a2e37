"""The report of shadow mode: one element of one step, and the dialects and known bugs that give its bits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from adamax_ref.arrays.types import HostArray
from adamax_ref.backend import profile_of
from adamax_ref.dialects import get, names
from adamax_ref.exact.compare import Difference
from adamax_ref.exact.stepper import run
from adamax_ref.optimizer.state_dict import to_host
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


NAMES = ("p", "exp_avg", "exp_inf")


@final
@dataclass(frozen=True)
class Element:
    """One element's step: the numbers before it and after it.

    Attributes
    ----------
    given : tuple of float
        ``p``, ``g``, ``m``, ``u`` before the step.
    seen : tuple of float
        ``p``, ``m``, ``u`` after it.
    hyper : Hyperparameters
        Of the group.
    t : int
        Number of the update.
    profile : str
        Of the real parts.
    constants : tuple of (str, float)
        Of the expected recipe.
    """

    given: tuple[float, float, float, float]
    seen: tuple[float, float, float]
    hyper: Hyperparameters
    t: int
    profile: str
    constants: tuple[tuple[str, float], ...]

    @staticmethod
    def at(
        where: tuple[int, ...],
        last: Mapping[str, HostArray],
        grad: HostArray | None,
        got: Mapping[str, HostArray],
        h: Hyperparameters,
        t: int,
        law: Dialect,
    ) -> "Element":
        """Collect the numbers of the element at an index; a complex one has its part as the last entry."""
        g = np.zeros_like(last["p"]) if grad is None else grad
        p, m, u = (_number(last[name], where) for name in NAMES)
        new_p, new_m, new_u = (_number(to_host(got[name]), where) if name in got else 0.0 for name in NAMES)
        profile = profile_of(last["p"])
        recipe = law.recipe(h, profile)
        constants = tuple(zip(recipe.constants, law.scalars(h, t, recipe), strict=True))
        return Element((p, _number(g, where), m, u), (new_p, new_m, new_u), h, t, PROFILES[profile].real.name, constants)

    def __str__(self) -> str:
        rows = [*zip("pgmu", self.given, strict=True), *self.constants]
        body = "\n".join(f"    {name:<12} {value.hex():<24} {value!r}" for name, value in rows)
        return f"  made from, at update {self.t}:\n{body}"


@final
@dataclass(frozen=True)
class Mismatch:
    """Something that has no bits to compare: a part that is missing, or of another type or shape.

    Attributes
    ----------
    what : str
        Name of the quantity.
    got, wanted : str
        The two things, in words.
    """

    what: str
    got: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.what}\n  got     {self.got}\n  wanted  {self.wanted}"


@final
@dataclass(frozen=True)
class Divergence:
    """The first thing in which a live optimizer and the reference differ.

    Attributes
    ----------
    step : int
        Which step under observation it was, from 1.
    parameter : str
        Place in the groups, and name if there is one.
    quantity : str
        The first one in the order in which a step forms them: ``exp_avg``, ``exp_inf``, ``p``, or ``step``; or
        ``params``, where the step has put others into the groups; or ``closure``, where it did not call it in time.
    difference : Difference or Mismatch
        Element, both numbers in hex and decimal, distance in ulp, and how many elements differ; or what is there in
        place of an array.
    element : Element or None
        What that element's step was made from; None for a mismatch.
    follows : tuple of str
        Dialects that give exactly the observed bits of that element.
    bugs : tuple of str
        Known bugs of the expected dialect that do, each as id and title; ``adamax-ref bugs B16`` tells more.
    note : str
        Why the difference may not be the optimizer's fault, or why there is no explanation.
    """

    step: int
    parameter: str
    quantity: str
    difference: Difference | Mismatch
    element: Element | None = None
    follows: tuple[str, ...] = ()
    bugs: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        text = f"step {self.step}, {self.parameter}\n{self.difference}"
        if self.element is not None:
            known = [*self.follows, *(f"the known bug {bug}" for bug in self.bugs)] or ["no dialect or bug that is known here"]
            text += (
                f"\n{self.element}\n  the observed bits are those of: {', '.join(known) or 'no dialect or bug that is known here'}"
            )
        return text + (f"\n  note: {self.note}" if self.note else "")


def explained(divergence: Divergence, element: Element, dialect: Dialect) -> Divergence:
    """Return a divergence with the dialects and known bugs that give what was seen."""
    note = f"dialect {dialect.name!r} was read from source, not measured: the fault may be its own"
    return replace(
        divergence,
        element=element,
        follows=followed(element),
        bugs=bugs_of(element, dialect),
        note="" if dialect.provenance.measured else note,
    )


def followed(element: Element) -> tuple[str, ...]:
    """Return the names of all dialects and variants whose step gives exactly what was seen.

    Examples
    --------
    >>> h = Hyperparameters()
    >>> seen = Element((1.0, 0.5, 0.0, 0.0), (0.99800000004, 0.04999999999999999, 0.50000001), h, 1, "f64", ())
    >>> "torch" in followed(seen)
    True
    """
    every = [variant for name in names() for variant in (get(name), *get(name).variants.values())]
    return tuple(dialect.name for dialect in every if _gives(dialect, element))


def bugs_of(element: Element, dialect: Dialect) -> tuple[str, ...]:
    """Return the known bugs of a dialect whose step gives exactly what was seen.

    Examples
    --------
    >>> h = Hyperparameters(lr=0.25)
    >>> bugs_of(Element((1.0, 0.0, 0.0, 0.5), (1.0, 0.0, 0.45), h, 2, "f64", ()), get("torch"))
    ('B12 (beta1 and beta2 exchanged)', 'B16 (u decays with beta1)')
    """
    return suspects(dialect, element.profile, element.hyper, element.t, element.given, element.seen)


def _gives(dialect: Dialect, element: Element) -> bool:
    fmt = PROFILES[element.profile].storage
    try:
        recipe = dialect.recipe(element.hyper, element.profile)
        new = run(recipe, *element.given, dialect.scalars(element.hyper, element.t, recipe))
    except (ValueError, ArithmeticError):
        return False
    return all(fmt.encode(mine) == fmt.encode(seen) for mine, seen in zip(new, element.seen, strict=True))


def _number(array: Any, where: tuple[int, ...]) -> float:
    """Return one number of an array; the first one where there is no index, NaN where there is nothing."""
    if array.size == 0:
        return math.nan
    where = where or (0,) * (array.ndim + (array.dtype.kind == "c"))
    if array.dtype.kind == "c":
        value = array[where[:-1]]
        return float(value.imag if where[-1] else value.real)
    return float(array[where])

"""Bounds of many cases at once: what is certified of a step holds for any number of elements.

Cases that do the same steps under the same hyperparameters differ in their elements alone. Put side by side they are one
trajectory, whose cost hardly grows with the number of elements.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from adamax_ref.exact import certify
from adamax_ref.exact.values import Undecidable
from adamax_ref.recipe.dialect import Dialect

from .case import Case
from .oracle import start
from .patterns import decode


@final
@dataclass(frozen=True)
class Limits:
    """Some elements of a :class:`~adamax_ref.exact.certify.Quantity`."""

    true: list[float]
    lo: list[float]
    hi: list[float]
    bound: list[float]

    @classmethod
    def of(cls, quantity: certify.Quantity, elements: slice) -> "Limits":
        """Take them out."""
        return cls(*(part[elements] for part in (quantity.true, quantity.lo, quantity.hi, quantity.bound)))


@final
@dataclass(frozen=True)
class Certified:
    """The state of one case after a step; like :class:`adamax_ref.exact.certify.Certified`."""

    t: int
    p: Limits
    m: Limits
    u: Limits


def certified(cases: Sequence[Case], dialect: Dialect) -> list[list[Certified]]:
    """Return for each case what is certified of the steps that it reports; all do and report the same steps.

    Raises
    ------
    Undecidable
        When a quantity of one of them has no right answer.
    ValueError
        When a number or a hyperparameter makes no sense.
    """
    profile, first, starts = cases[0].profile, cases[0], [start(case) for case in cases]
    p, m, u = ([x for each in starts for x in getattr(each, name)] for name in ("theta", "m", "u"))
    steps = [certify.Step(_grads(cases, at), first.hyper.at(each)) for at, each in enumerate(first.steps)]
    made = certify.certify(dialect, profile, p, m, u, first.init.t, steps, flush=dialect.flushes)
    ends = [sum(len(each.theta) for each in starts[:count]) for count in range(len(cases) + 1)]
    told = [made[number - 1] for number in first.report]
    return [[_part(one, slice(begin, end)) for one in told] for begin, end in pairwise(ends)]


def certified_together(cases: Iterable[Case], dialect: Dialect) -> dict[str, list[Certified]]:
    """Return it by id for those cases of a profile that have company and right answers."""
    groups: Mapping[Hashable, list[Case]] = defaultdict(list)
    for case in cases:
        if case.result == "value":
            groups[_steps_of(case)].append(case)
    found: dict[str, list[Certified]] = {}
    for group in groups.values():
        if len(group) > 1:
            with suppress(Undecidable):  # one without a right answer; each of them has to be asked by itself
                found |= zip((case.id for case in group), certified(group, dialect), strict=True)
    return found


def _steps_of(case: Case) -> Hashable:
    return case.init.t, case.report, case.hyper, tuple((each.skip, each.lr) for each in case.steps)


def _grads(cases: Sequence[Case], at: int) -> list[float] | None:
    grads = [case.steps[at].grad for case in cases]
    return None if grads[0] is None else [x for case, text in zip(cases, grads, strict=True) for x in decode(text or "", case.form)]


def _part(one: certify.Certified, elements: slice) -> Certified:
    return Certified(one.t, *(Limits.of(quantity, elements) for quantity in (one.p, one.m, one.u)))

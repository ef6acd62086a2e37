"""The separating probes: a few short runs in which every two dialects that differ at all part.

A probe is a case without expectations. What it is good for stands with it; that together they separate every pair of
dialects that are not the same function is a test, not a hope.
"""

from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.protocol import Start
from adamax_ref.golden.case import Case, Hyper, Init, Number, Step
from adamax_ref.recipe.hyper import Hyperparameters

from .arrays import Array, text_of


@final
@dataclass(frozen=True, eq=False)
class Probe:
    """One short run.

    Attributes
    ----------
    name, why : str
        Slug, and what it brings to light.
    profile, family : str
        Number types, and the family of numbers (:data:`adamax_ref.frameworks.batteries.FAMILIES`).
    size, steps : int
        Elements and steps.
    hyper : mapping
        What differs from ``lr=0.01, beta1=0.9, beta2=0.99, eps=1e-3`` without decay.
    """

    name: str
    why: str
    profile: str
    family: str
    size: int
    steps: int
    hyper: dict[str, Any] = field(default_factory=dict)

    @property
    def h(self) -> Hyperparameters:
        """All hyperparameters."""
        return Hyperparameters(**{"lr": 0.01, "beta2": 0.99, "eps": 1e-3, **self.hyper})

    @property
    def report(self) -> tuple[int, ...]:
        """The steps at which numbers are compared: the first three, and the last."""
        return tuple(sorted({1, 2, 3, self.steps}))

    def numbers(self) -> tuple[Start, list[Array]]:
        """Return where the run starts and its gradients; the state is 0."""
        p, gradients = draw(self.family, self.profile, self.size, self.steps)
        return Start(self.profile, self.h, p, np.zeros_like(p), np.zeros_like(p)), gradients


PROBES = (
    Probe(
        "roundings", "where the moment, the correction and the division round, and where epsilon stands", "f32", "normal", 701, 33
    ),
    Probe(
        "no-epsilon",
        "Adamaxes that have no epsilon, and one that puts its own in its place",
        "f32",
        "normal",
        301,
        17,
        {"eps": 0.0},
    ),
    Probe("decay", "what weight decay does, and how it rounds", "f32", "normal", 301, 9, {"weight_decay": 0.3, "eps": 0.0}),
    Probe("climbing", "whether there is a maximize", "f32", "normal", 31, 3, {"maximize": True}),
    Probe("other-end", "the second branch of an interpolation", "f32", "normal", 301, 9, {"beta1": 0.3}),
    Probe("not-finite", "from which side of its maximum a NaN survives", "f32", "special", 301, 9),
    Probe("subnormal", "whether subnormal numbers are zeros", "f32", "subnormal", 301, 9, {"eps": 0.0}),
    Probe("double", "which scalars pass through binary32", "f64", "normal", 301, 9),
    Probe("double-decay", "the same of the decay", "f64", "normal", 301, 5, {"weight_decay": 0.3}),
    Probe("half", "where float16 rounds", "f16", "normal", 323, 9, {"beta2": 0.95}),
    Probe("brain", "where bfloat16 rounds", "bf16", "normal", 323, 9, {"beta2": 0.95}),
)


def case_of(probe: Probe, dialect: str, decay: str) -> Case:
    """Write a probe as a case for a target.

    Parameters
    ----------
    probe : Probe
        Which.
    dialect : str
        First part of the id: what the target declares, or ``unknown``.
    decay : {"none", "l2", "decoupled"}
        What the target has; ``none`` where the probe does not decay.

    Examples
    --------
    >>> case_of(PROBES[0], "unknown", "none").id
    'unknown/f32/probe/roundings'
    """
    start, gradients = probe.numbers()
    h = probe.h
    form = {name: Number.of(getattr(h, name)) for name in ("lr", "beta1", "beta2", "eps", "weight_decay")}
    case = Case(
        id=f"{dialect}/{probe.profile}/probe/{probe.name}",
        rev=1,
        why=probe.why,
        flags=(),
        spec=(),
        kills=(),
        needs=tuple(sorted([*([decay] if decay != "none" else []), *(["maximize"] if h.maximize else [])])),
        excludes=(),
        shape=start.p.shape,
        hyper=Hyper(**form, decay=decay, maximize=h.maximize),
        init=Init("", "", "", 0),
        steps=(),
        report=probe.report,
        result="value",
    )
    return _filled(case, start, gradients)


def _filled(case: Case, start: Start, gradients: list[Array]) -> Case:
    theta, m, u = (text_of(array, case.form) for array in (start.p, start.m, start.u))
    return replace(case, init=Init(theta, m, u, 0), steps=tuple(Step(grad=text_of(g, case.form)) for g in gradients))

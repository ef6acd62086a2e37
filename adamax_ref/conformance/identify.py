"""The dialect that an implementation follows, identified from its answers to a few short runs alone.

A probe is a case without expectations. The probes together separate every pair of dialects that are not the same function;
a test shows it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, final

import numpy as np

from adamax_ref.dialects import get, names
from adamax_ref.frameworks.batteries import draw
from adamax_ref.frameworks.model import follow
from adamax_ref.frameworks.protocol import Start
from adamax_ref.golden.case import Case, Hyper, Init, Number, Step
from adamax_ref.golden.patterns import decode, encode
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import Format

from .answer import fault_of
from .judge import missing_needs
from .target import Array, Target, text_of


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


QUANTITIES = ("theta", "m", "u")
Texts = Mapping[tuple[int, str], str]
"""Patterns of a quantity after a step, by step and quantity."""


@final
@dataclass(frozen=True)
class Departure:
    """First difference of a dialect and the answers in one probe, and the share of its numbers that differ."""

    probe: Probe
    step: int
    quantity: str
    count: int
    size: int
    share: float

    def __str__(self) -> str:
        where = f"{self.quantity} after step {self.step} of probe {self.probe.name!r}"
        return f"{where}: {self.count} of {self.size} elements ({self.probe.why})"


@final
@dataclass(frozen=True)
class Candidate:
    """A dialect held against all answers.

    Attributes
    ----------
    name : str
        Of the dialect.
    departures : tuple of Departure
        One for each probe in which it parts from the answers.
    lacking : tuple of str
        Probes that were answered, and that this dialect has no answer to.
    beyond : tuple of str
        Probes that were not answered, and that this dialect has an answer to.
    numbers : int
        How many numbers were compared.
    """

    name: str
    departures: tuple[Departure, ...]
    lacking: tuple[str, ...]
    beyond: tuple[str, ...]
    numbers: int

    @property
    def fits(self) -> bool:
        """True if every answer is this dialect's, bit for bit."""
        return not self.departures and not self.lacking and self.numbers > 0

    @property
    def distance(self) -> tuple[float, ...]:
        """Key to sort candidates: the share of numbers that differ, summed over the probes, then what only one can do."""
        share = sum(each.share for each in self.departures) + len(self.lacking)
        return (share, len(self.departures), len(self.beyond))


@final
@dataclass(frozen=True)
class Identity:
    """The result: all candidates, nearest first, the probes that were answered, and why the others were not.

    Among candidates that fit, the one whose profiles and options are most nearly the target's own comes first.
    """

    candidates: tuple[Candidate, ...]
    answered: tuple[str, ...]
    unanswered: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The dialects that fit, likeliest first; several where they are the same function as far as the answers go."""
        return tuple(each.name for each in self.candidates if each.fits)


def identify(target: Target) -> Identity:
    """Send the probes to a target and hold every dialect, with its variants, against the answers.

    Raises
    ------
    ValueError
        When the target answers none of the probes.

    Examples
    --------
    >>> from adamax_ref.conformance.targets import open_target
    >>> identify(open_target("backend:numpy")).names
    ('candle',)
    """
    answers: dict[str, tuple[str, Texts]] = {}
    unanswered: dict[str, str] = {}
    for probe in PROBES:
        texts, kind, reason = _ask(target, probe)
        if texts is None:
            unanswered[probe.name] = reason
        else:
            answers[probe.name] = kind, texts
    if not answers:
        raise ValueError(f"{target.hello.name} answered none of the probes: {'; '.join(sorted(set(unanswered.values())))}")
    found = (_held_against(dialect, answers) for dialect in every_dialect())
    return Identity(tuple(sorted(found, key=lambda each: each.distance)), tuple(answers), unanswered)


def every_dialect() -> Iterator[Dialect]:
    """Yield all dialects, each followed by its variants."""
    for name in names():
        yield get(name)
        yield from get(name).variants.values()


def _ask(target: Target, probe: Probe) -> tuple[Texts | None, str, str]:
    """Return the answer to a probe with the kind of decay that was asked for, or None and why there is none."""
    hello = target.hello
    kind = next((kind for kind in ("l2", "decoupled") if kind in hello.features), "l2") if probe.h.weight_decay else "none"
    case = case_of(probe, (*hello.dialects, "unknown")[0], kind)
    if probe.profile not in hello.profiles:
        return None, kind, f"it has no profile {probe.profile}"
    if missing := missing_needs(case, hello):
        return None, kind, f"it lacks {', '.join(missing)}"
    answer = target.run(case)
    if answer.steps is None:
        return None, kind, answer.refused or answer.skipped or answer.unasked or ": ".join(answer.error or ())
    if fault := fault_of(case, answer.steps, hello):
        return None, kind, fault
    shown = {(each.step, name): getattr(each, name) for each in answer.steps for name in QUANTITIES}
    return {key: _with_one_nan(text, case.form) for key, text in shown.items() if text is not None}, kind, ""


def _with_one_nan(text: str, form: Format) -> str:
    """Write every NaN in the one way that this package does; processors differ in its sign and payload."""
    return encode(decode(text, form), form)


@lru_cache(maxsize=4096)
def prediction(name: str, probe: Probe, kind: str) -> Texts | None:
    """Return what a dialect answers to a probe, or None where it lacks the profile or an option."""
    dialect = get(name)
    if kind not in ("none", *dialect.options) or probe.profile not in dialect.profiles:
        return None
    start, gradients = probe.numbers()
    try:
        run = follow(name, start, gradients)
    except ValueError:
        return None
    form = case_of(probe, "unknown", kind).form
    return {(at, what): text_of(arrays[at - 1], form) for at in probe.report for what, arrays in zip(QUANTITIES, run, strict=True)}


def _held_against(dialect: Dialect, answers: Mapping[str, tuple[str, Texts]]) -> Candidate:
    """Compare a dialect with everything that was answered."""
    departures: list[Departure] = []
    lacking, beyond, numbers = [], [], 0
    for probe in PROBES:
        if probe.name not in answers:
            kinds = [kind for kind in ("l2", "decoupled") if kind in dialect.options] if probe.h.weight_decay else ["none"]
            beyond += [probe.name for kind in kinds if prediction(dialect.name, probe, kind) is not None]
            continue
        kind, theirs = answers[probe.name]
        ours = prediction(dialect.name, probe, kind)
        if ours is None:
            lacking.append(probe.name)
            continue
        numbers += sum(len(text.split()) for text in theirs.values())
        departures += _first(probe, ours, theirs)
    return Candidate(dialect.name, tuple(departures), tuple(lacking), tuple(beyond), numbers)


def _first(probe: Probe, ours: Texts, theirs: Texts) -> list[Departure]:
    """Return the first departure in a list, or an empty list; the moment and the norm come before the parameter."""
    order = ("m", "u", "theta")
    keys = sorted(theirs, key=lambda key: (key[0], order.index(key[1])))
    counts = [sum(a != b for a, b in zip(ours[key].split(), theirs[key].split(), strict=True)) for key in keys]
    share = sum(counts) / (probe.size * len(keys))
    return [Departure(probe, *key, count, probe.size, share) for key, count in zip(keys, counts, strict=True) if count][:1]

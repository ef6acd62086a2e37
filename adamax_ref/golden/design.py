"""Designs: cases as a person writes them, without dialect and profile, and the vector files that they make up.

The modules of :mod:`adamax_ref.golden.designs` have a tuple ``DESIGNS`` each, one module a category. Numbers are drawn or
written in the language of :mod:`adamax_ref.golden.numbers`.

The corpus covers every dialect that the test run compares with its framework, in the profiles in which the framework
computes, and the algorithm of the paper. A dialect joins by its own declarations. The paper has no complex numbers.
"""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Literal, final

from adamax_ref.dialects import get, names, own_names
from adamax_ref.recipe.dialect import Dialect, Evidence
from adamax_ref.recipe.profile import PROFILES

from . import designs as _designs
from .corpus import LEVELS, Part
from .numbers import Draw
from .search import Search

Values = str | Draw
Level = Literal["core", "lead", "front", "full", "long"]

BASE: Mapping[str, float] = {"lr": 0.0625, "beta1": 0.75, "beta2": 0.875, "eps": 0.015625, "weight_decay": 0.0}
"""Hyperparameters of a design that says nothing else: few bits, none the default of a framework, no two alike."""

USUAL: Mapping[str, float] = {"lr": 0.002, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
"""The defaults of the paper and of most frameworks, which need all digits of binary64."""

REAL = ("f64", "f32", "f16", "bf16")
WIDE = ("f64", "f32")
PAIRS = ("c64", "c128")
LEADING = {("torch", profile) for profile in WIDE}
"""Dialects and profiles that ship more cases than the others do; see :attr:`Design.level`."""
FULL = 0
"""As a :class:`Draw`'s ``bits``: as many as the storage type has."""


@final
@dataclass(frozen=True)
class Gradient:
    """A step with a gradient and, where given, a learning rate for this step alone."""

    grad: Values
    lr: float | None = None


@final
@dataclass(frozen=True)
class Skip:
    """A step in which the parameter has no gradient."""


@final
@dataclass(frozen=True)
class Chain:
    """Gradients that hang on the canonical parameter of the step before, so that no error can hide."""

    steps: int
    draw: Draw


@final
@dataclass(frozen=True)
class Design:
    """A case without dialect and profile.

    Attributes
    ----------
    slug, why : str
        Last part of the id, and one sentence: what mistake the case is there for.
    spec, flags : str
        Clauses and flags, separated by blanks; flags that follow from the content need not be named.
    theta, m, u : str or Draw
        Parameter and state before the first step, of a complex number both parts; an empty state means zeros.
    t : int
        Step counter before the first step.
    steps : tuple or Chain
        A gradient, a :class:`Gradient`, or a :class:`Skip` for each step.
    search : Search, optional
        Where parameter, state and one step with a gradient come from instead.
    shape : tuple of int, optional
        One dimension of the parameter's length where not given.
    hyper : mapping
        What differs from :data:`BASE`. Naming a non-zero ``eps`` or ``weight_decay`` restricts the design to dialects
        that have it; otherwise, and where it is one of :data:`USUAL`, epsilon is 0 where a dialect has none.
    maximize : bool
        Whether to climb; restricts the design likewise.
    report : tuple of int
        Steps after which results are compared; empty means all.
    profiles : tuple of str
        Profiles in which the design makes sense.
    lacks : str
        An option that a dialect must not have for the design to apply.
    level : {"core", "lead", "front", "full", "long"}
        Where the case is shipped: always, for the leading dialect and profiles (twice), or never (twice). Those of level front
        and long exist for the leading ones alone; they take long to compute.
    refuse : tuple of (str, str), optional
        Field and class of the mistake, for a case that must be refused.
    damage : str
        ``theta``, ``m``, ``u`` or ``grad``: the array whose first pattern is made unreadable.
    """

    slug: str
    why: str
    spec: str
    steps: tuple[Values | Gradient | Skip, ...] | Chain = ()
    search: Search | None = None
    theta: Values = "1"
    m: Values = ""
    u: Values = ""
    t: int = 0
    shape: tuple[int, ...] | None = None
    hyper: Mapping[str, float] = field(default_factory=dict)
    maximize: bool = False
    flags: str = ""
    report: tuple[int, ...] = ()
    profiles: tuple[str, ...] = REAL
    lacks: str = ""
    level: Level = "core"
    refuse: tuple[str, str] | None = None
    damage: str = ""

    def level_for(self, dialect: Dialect, profile: str) -> str:
        """Return the level of the case: what only the leading dialect and profiles ship is in the others' full corpus."""
        leading = (dialect.name, profile) in LEADING
        others = {"lead": ("core", "full"), "front": ("core", ""), "long": ("full", "")}
        return others[self.level][not leading] if self.level in others else self.level

    @property
    def any_eps(self) -> bool:
        """True if the value of epsilon does not matter, so that a dialect without epsilon may take 0."""
        usual = self.hyper.get("eps") == USUAL["eps"] and "eps-default" not in self.flags.split()
        return usual or self.search is not None

    def applies(self, dialect: Dialect, profile: str) -> bool:
        """Tell whether the design makes sense for a dialect and a profile."""
        if dialect.family is not None and dialect.family.bias == "product" and self.t > 4096:
            return False  # such a correction takes as many products as there were steps
        if profile not in self.profiles or profile not in dialect.profiles or self.lacks in dialect.options:
            return False
        required = {"maximize"} if self.maximize else set()
        if self.hyper.get("eps") and self.refuse is None and not self.any_eps:
            required.add("eps")
        if self.hyper.get("weight_decay") and not dialect.options & {"l2", "decoupled"}:
            return self.refuse is not None
        return required <= dialect.options


@cache
def categories() -> tuple[str, ...]:
    """Names of all categories, in alphabetical order.

    Examples
    --------
    >>> "u-decay" in categories()
    True
    """
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(_designs.__path__)))


@cache
def designs(category: str) -> tuple[Design, ...]:
    """Return the designs of a category, in the order in which they were written."""
    result: tuple[Design, ...] = import_module(f"{_designs.__name__}.{category.replace('-', '_')}").DESIGNS
    return result


@cache
def about(category: str) -> str:
    """Return the two sentences that open a category's files, for a reader who does not know Adamax."""
    text: str = import_module(f"{_designs.__name__}.{category.replace('-', '_')}").__doc__ or ""
    return " ".join(text.split())


def parts(level: str = "core", dialects: tuple[str, ...] = ()) -> list[Part]:
    """Return the vector files of a corpus, sorted by path; `dialects` narrows it down.

    Examples
    --------
    >>> parts("core", ("torch",))[0].path
    'core/torch/bf16/chain.json'
    """
    if level not in LEVELS:
        raise ValueError(f"unknown level {level!r}; known are {', '.join(LEVELS)}")
    required = LEVELS[: LEVELS.index(level) + 1]
    result = (
        Part(item, dialect, profile, category)
        for item in required
        for dialect, profiles in scope_of(dialects).items()
        for profile in profiles
        for category in categories()
    )
    return sorted((part for part in result if designs_of(part)), key=lambda part: part.path)


def designs_of(part: Part) -> list[Design]:
    """Return the designs that make up a file."""
    dialect, profile = get(part.dialect), part.profile
    every = (item for item in designs(part.category) if item.applies(dialect, profile))
    return [item for item in every if item.level_for(dialect, profile) == part.level]


def _profiles(dialect: str) -> tuple[str, ...]:
    """Return the profiles in which a dialect has cases, sorted; none for one that was read from sources only."""
    declared, evidence = get(dialect).profiles, get(dialect).provenance.evidence
    if evidence is Evidence.SOURCE:
        return ()
    return tuple(sorted(item for item in declared if evidence is Evidence.LIVE or not PROFILES[item].is_complex))


_CONFIRMED: dict[str, tuple[str, ...]] = {name: result for name in own_names() if (result := _profiles(name))}
SCOPE: dict[str, tuple[str, ...]] = {name: profiles for name, profiles in _CONFIRMED.items() if get(name).in_corpus}
"""Profiles of the dialects in the corpus. One that was confirmed after it was published has ``in_corpus=False``, so that the
bytes of a published corpus stay the same; its cases are made for a caller who names it."""


def scope_of(dialects: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the part of the scope that these dialects are, all of it for none.

    A dialect of another package is covered when it is named, in its real profiles: its package answers for it. So is one
    that came after the corpus was published.

    Raises
    ------
    ValueError
        When the corpus does not cover one of them; the message lists those it covers.

    Examples
    --------
    >>> sorted(scope_of(("torch",)))
    ['torch']
    """
    others = {name: _real(name) for name in dialects if name in names() and name not in own_names()}
    others |= {name: _CONFIRMED[name] for name in dialects if name in _CONFIRMED and name not in SCOPE}
    for name in dialects:
        if name not in SCOPE and name not in others:
            raise ValueError(f"the corpus does not cover dialect {name!r}; it covers {', '.join(sorted(SCOPE))}")
    return {name: profiles for name, profiles in (SCOPE | others).items() if not dialects or name in dialects}


def _real(dialect: str) -> tuple[str, ...]:
    return tuple(sorted(profile for profile in get(dialect).profiles if not PROFILES[profile].is_complex))

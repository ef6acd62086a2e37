"""A dialect: one framework's Adamax, as its update, its constants and what is known about it.

A dialect is a value. The files in :mod:`adamax_ref.dialects` make one each; everything else in the project asks a
dialect for a recipe and for the step's constants and never looks inside.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, final

from .ahead import row_of
from .hyper import Hyperparameters
from .profile import PROFILES, Place, Rounding, Unrounded
from .recipe import Recipe
from .trace import trace
from .types import FormatRounding, HyperLike, Scalar
from .types import Rounding as Rounds

Update = Callable[[Scalar, Scalar, Scalar, Scalar, Any], Sequence[Scalar]]  # a dialect may read constants of its own
Constants = Callable[[HyperLike, int, Rounds], Mapping[str, Any]]  # the kind of numbers is that of the hyperparameters
Conditions = Callable[[HyperLike, FormatRounding], Mapping[str, bool]]


def usual_conditions(h: HyperLike, to: FormatRounding) -> Mapping[str, bool]:
    """Return whether decay is in use and whether to ascend: the two conditions that nearly every framework has."""
    return {"decaying": h.weight_decay != 0, "maximize": h.maximize}


class Evidence(StrEnum):
    """Evidence that a framework computes a dialect."""

    LIVE = "measured live"
    """The test run compares with the framework itself."""
    SOURCE = "read from source"
    """Its source was read; nothing was run."""
    PAPER = "printed in a paper"
    """There is no framework, only the text."""


@final
@dataclass(frozen=True)
class Provenance:
    """Source of a dialect's recipe, and the evidence for it.

    Attributes
    ----------
    framework, versions, source : str
        Name of the framework, the releases whose source says so, and the file and function that say it.
    evidence : Evidence
        How it is known.
    measured : str
        What the test run compares with, name and version of each distribution; empty where nothing is run.
    links : tuple of str
        Pages to read on.

    Raises
    ------
    ValueError
        When `measured` is empty for live evidence, or names something for another.
    """

    framework: str
    versions: str
    source: str
    evidence: Evidence
    measured: str = ""
    links: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.measured) is not (self.evidence is Evidence.LIVE):
            raise ValueError(
                f"measured={self.measured!r} does not go with evidence={self.evidence.value!r}; "
                "name what the test run compares with where it runs it, and nothing elsewhere"
            )


@final
@dataclass(frozen=True)
class Family:
    """Real function that an Adamax computes, whatever the order of its roundings.

    Dialects of one family differ by roundings only, so each is measured against the same exact values, and any order of
    operations that :mod:`adamax_ref.orders.axes` can assemble for the family counts as the same Adamax.

    Attributes
    ----------
    eps : {"max", "norm", "divisor", "none"}
        Where epsilon is added: to ``|g|`` inside the maximum, to the decayed norm inside the maximum, to the divisor,
        or nowhere.
    decay : {"none", "l2", "decoupled", "fixed"}
        What weight decay does: nothing; ``g + decay * p``; ``p - lr * decay * p``; ``p - decay * p``.
    bias : {"host", "compute", "product", "none"}
        How ``1 - beta1**t`` is formed: in double; in the working type; there, and the power as a running product;
        not at all. Each includes those before it.
    maximum : {"both", "norm", "gradient"}
        From which operand a NaN survives the maximum.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> get("paper").family.eps
    'none'
    """

    eps: Literal["max", "norm", "divisor", "none"] = "max"
    decay: Literal["none", "l2", "decoupled", "fixed"] = "l2"
    bias: Literal["host", "compute", "product", "none"] = "host"
    maximum: Literal["both", "norm", "gradient"] = "both"


@final
@dataclass(frozen=True, eq=False)
class Dialect:
    """One function that a framework calls Adamax.

    Attributes
    ----------
    name, title : str
        Short name for programs and a line for people.
    update : callable
        ``update(p, g, m, u, c) -> (p, m, u)``; see :func:`adamax_ref.recipe.trace.trace`.
    constants : callable
        ``constants(h, t, to) -> {name: scalar}``: plain arithmetic on the hyperparameters `h` and the step `t`
        (1 at the first step); ``to.work(x)``, ``to.store(x)`` and ``to.single(x)`` say where the framework rounds.
    conditions : callable
        ``conditions(h, to) -> {name: bool}``: all that the recipe may depend on. Equal conditions, equal recipe.
    defaults : Hyperparameters
        The framework's own.
    options : frozenset of str
        Of ``eps``, ``l2``, ``decoupled``, ``maximize``: what this Adamax has.
    provenance : Provenance
        Source and state of proof.
    quirks : tuple of str
        What surprises people, one sentence each.
    profiles : tuple of str
        The profiles in which the framework computes.
    flushes : bool
        Whether the framework turns subnormal inputs and results into zeros.
    stepwise : bool
        Whether in 16 bits every operation rounds to the storage type; otherwise ``store`` says where.
    variants : mapping of str to Dialect
        Other bit patterns of the same framework, by the last part of their name (``torch/unfused``).
    family : Family or None
        The real function it is; None for a function that :class:`Family` cannot say: nothing but the dialect itself
        and its variants then counts as the same Adamax.
    vector : int
        Number of elements that the framework's vector loop takes at once where the elements it leaves over have
        another recipe (``place="tail"``); 0 where all elements are treated alike.
    in_corpus : bool
        Whether the published corpus has cases of it. One that came after it has not; whoever names it
        gets them made all the same.
    """

    name: str
    title: str
    update: Update
    constants: Constants
    defaults: Hyperparameters
    provenance: Provenance
    conditions: Conditions = usual_conditions
    options: frozenset[str] = frozenset({"eps", "l2", "maximize"})
    quirks: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("f64", "f32", "f16", "bf16", "c64", "c128")
    flushes: bool = False
    stepwise: bool = False
    variants: Mapping[str, "Dialect"] = field(default_factory=dict)
    family: Family | None = Family()
    vector: int = 0
    in_corpus: bool = True

    def recipe(self, h: Hyperparameters, profile: str, place: Literal["body", "tail"] = "body") -> Recipe:
        """Return the recipe for these hyperparameters; the same object whenever the conditions are the same.

        Parameters
        ----------
        h : Hyperparameters
            Of the step.
        profile : str
            See :data:`adamax_ref.recipe.profile.PROFILES`.
        place : {"body", "tail"}
            Whether it is for what the framework's vector loop takes or for what it leaves over; see `vector`.

        Raises
        ------
        ValueError
            When the dialect does not exist in `profile`, or lacks an option that `h` asks for.

        Examples
        --------
        >>> from adamax_ref.dialects import get
        >>> torch = get("torch")
        >>> torch.recipe(Hyperparameters(lr=0.1), "f32") is torch.recipe(Hyperparameters(lr=0.2), "f32")
        True
        """
        self.check(h, profile)
        real = PROFILES[profile].real
        where: Place = "pair" if PROFILES[profile].is_complex else place
        conditions = self.conditions(h, Rounding(real.working, real.storage, where))
        return _traced(self, real.name, tuple(sorted(conditions.items())))

    def scalars(self, h: HyperLike, t: int, recipe: Recipe) -> tuple[float, ...]:
        """Return the step's constants in the recipe's order, each rounded where the framework rounds it.

        Parameters
        ----------
        h : Hyperparameters
            Numbers as Python floats.
        t : int
            Number of the step, from 1.
        recipe : Recipe
            From :meth:`recipe`.
        """
        made = self.constants(h, t, Rounding(recipe.working_format, recipe.storage_format))
        numbers = map(float, map(made.__getitem__, recipe.constants))
        return tuple(map(recipe.working_format.flush, numbers) if self.flushes else numbers)

    def scalars_of(self, h: HyperLike, recipe: Recipe) -> Callable[[int], tuple[float, ...]]:
        """Return :meth:`scalars` as a function of the number of the step, which forms but once what does not depend on it."""
        plain = all(type(number) is float for number in (h.lr, h.beta1, h.beta2, h.eps, h.weight_decay))
        to = Rounding(recipe.working_format, recipe.storage_format)
        row = row_of(self.constants, h, recipe.constants, to) if plain else None
        if row is None:
            return lambda t: self.scalars(h, t, recipe)
        flush = recipe.working_format.flush
        return lambda t: tuple(map(flush, row(t)) if self.flushes else row(t))

    def exact_scalars(self, h: HyperLike, t: int, recipe: Recipe) -> tuple[Fraction, ...]:
        """Return the same constants without any rounding; the fields of `h` are exact numbers."""
        made = self.constants(h, t, Unrounded())
        return tuple(made[name] for name in recipe.constants)

    def check(self, h: Hyperparameters, profile: str) -> None:
        """Refuse a profile or an option that this dialect does not have."""
        if profile not in self.profiles:
            raise ValueError(f"dialect {self.name!r} has no profile {profile!r}; it has {', '.join(self.profiles)}")
        if h.eps != 0 and "eps" not in self.options:
            raise ValueError(f"dialect {self.name!r} has no epsilon, but eps={h.eps!r}; pass eps=0")
        if h.weight_decay != 0 and not self.options & {"l2", "decoupled"}:
            raise ValueError(f"dialect {self.name!r} has no weight decay, but weight_decay={h.weight_decay!r}; pass weight_decay=0")
        if h.maximize and "maximize" not in self.options:
            raise ValueError(f"dialect {self.name!r} has no maximize; negate the gradient, or pass maximize=False")

    def __repr__(self) -> str:
        return f"<dialect {self.name}: {self.title}>"


@lru_cache(maxsize=4096)
def _traced(dialect: Dialect, profile: str, conditions: tuple[tuple[str, bool], ...]) -> Recipe:
    real = PROFILES[profile]
    names = dialect.constants(dialect.defaults, 1, Rounding(real.working, real.storage))
    return trace(dialect.update, names, dict(conditions), real, dialect.flushes, dialect.stepwise)

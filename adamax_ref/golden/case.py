"""The records of a vector file: one field here is one field of the JSON.

A trailing underscore keeps a name from being a Python keyword. An optional field that is None is not written.
Numbers stay the strings of the file; :mod:`adamax_ref.golden.patterns` reads them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import final

from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, PROFILES, Format

from .codec import OUTSIDE
from .patterns import decode, encode

FORMAT = "adamax-vectors/2"
QUANTITIES = ("theta", "m", "u")


@final
@dataclass(frozen=True)
class Number:
    """A hyperparameter: ``dec`` for people, the binary64 pattern ``f64`` decides."""

    dec: str
    f64: str

    @classmethod
    def of(cls, value: float) -> "Number":
        """Write a double.

        Examples
        --------
        >>> Number.of(0.5)
        Number(dec='0.5', f64='3fe0000000000000')
        """
        return cls(repr(float(value)), encode([value], BINARY64))

    @property
    def value(self) -> float:
        """The double; ValueError when the pattern is malformed."""
        (value,) = decode(self.f64, BINARY64)
        return value


@final
@dataclass(frozen=True)
class Hyper:
    """The hyperparameters of a case; ``decay`` is ``"none"``, ``"l2"`` or ``"decoupled"``."""

    lr: Number
    beta1: Number
    beta2: Number
    eps: Number
    weight_decay: Number
    decay: str
    maximize: bool

    def at(self, step: "Step | None" = None) -> Hyperparameters:
        """Return the hyperparameters of a step, which may have a learning rate of its own.

        Raises
        ------
        ValueError
            When one of them lies outside its range, as in the reject cases.
        """
        lr = self.lr if step is None or step.lr is None else step.lr
        return Hyperparameters(
            lr=lr.value,
            beta1=self.beta1.value,
            beta2=self.beta2.value,
            eps=self.eps.value,
            weight_decay=self.weight_decay.value,
            maximize=self.maximize,
        )


@final
@dataclass(frozen=True)
class Init:
    """Parameter, state and step counter before the first step."""

    theta: str
    m: str
    u: str
    t: int


@final
@dataclass(frozen=True)
class Constants:
    """Constants that a target may use: ``1 - beta1**t`` and ``lr`` over it, as binary64 patterns."""

    correction: str
    rate: str


@final
@dataclass(frozen=True)
class Step:
    """One step: skipped, or a gradient with an optional learning rate of its own."""

    skip: bool | None = None
    grad: str | None = None
    constants: Constants | None = None
    lr: Number | None = None


@final
@dataclass(frozen=True)
class Quantity:
    """Expected value of one quantity after a step.

    Attributes
    ----------
    bits, plain : str
        Of the canonical recipe; of the plain recipe where it differs.
    true : str
        The exact value rounded once to the storage format.
    lo, hi : str
        Least and greatest number inside the bound.
    bound : str
        How far any permitted recipe may be from the exact value; binary64, rounded up to a lower half of zeros.
    """

    bits: str
    true: str
    lo: str
    hi: str
    bound: str
    plain: str | None = None


@final
@dataclass(frozen=True)
class Expectation:
    """Expected values after a reported step."""

    step: int
    t: int
    theta: Quantity
    m: Quantity
    u: Quantity


@final
@dataclass(frozen=True)
class Alternative:
    """Expectations for a target that declares the token ``when``; they hold for the whole case."""

    when: str
    expect: tuple[Expectation, ...]


@final
@dataclass(frozen=True)
class Refusal:
    """The reason to refuse a case: the field at fault, and ``range``, ``nan``, ``length`` or ``format``."""

    field: str
    class_: str


@final
@dataclass(frozen=True)
class Case:
    """One tensor, its hyperparameters, its initial state, some steps, and the expected values.

    Which bugs it kills is in KILLS.json, so that a new bug changes no vector file.
    """

    id: str
    rev: int
    why: str
    flags: tuple[str, ...]
    spec: tuple[str, ...]
    needs: tuple[str, ...]
    excludes: tuple[str, ...]
    shape: tuple[int, ...]
    hyper: Hyper
    init: Init
    steps: tuple[Step, ...]
    report: tuple[int, ...]
    result: str
    expect: tuple[Expectation, ...] | None = None
    either: tuple[Alternative, ...] | None = None
    error: Refusal | None = None
    kills: tuple[str, ...] = field(default=(), compare=False, metadata=OUTSIDE)

    @property
    def dialect(self) -> str:
        """First part of the id."""
        return self.id.split("/")[0]

    @property
    def profile(self) -> str:
        """Second part of the id."""
        return self.id.split("/")[1]

    @property
    def category(self) -> str:
        """Third part of the id."""
        return self.id.split("/")[2]

    @property
    def slug(self) -> str:
        """Last part of the id."""
        return self.id.split("/")[3]

    @property
    def number(self) -> str:
        """Twelve digits of the hash of the id, in every corpus the same; used where the id would reveal the answer."""
        return f"{int.from_bytes(sha256(self.id.encode()).digest()[:8]) % 10**12:012}"

    @property
    def form(self) -> Format:
        """Format in which the numbers of this case are stored."""
        return PROFILES[self.profile].storage

    def expected(self, declares: tuple[str, ...] = ()) -> tuple[tuple[Expectation, ...], ...]:
        """Return what a target that declares these tokens may answer: the answer, and its alternatives."""
        return (self.expect or (), *(other.expect for other in self.either or () if other.when in declares))

    def with_kills(self, bugs: Iterable[str]) -> "Case":
        """Return the case with the list of bugs it kills."""
        return replace(self, kills=tuple(sorted(bugs)))


@final
@dataclass(frozen=True)
class ProfileTypes:
    """The number types of a file, by name."""

    name: str
    param: str
    state: str
    compute: str
    scalars: str

    @classmethod
    def of(cls, profile: str) -> "ProfileTypes":
        """Describe a profile.

        Examples
        --------
        >>> ProfileTypes.of("f16").compute
        'binary32'
        """
        types = PROFILES[profile]
        stored = f"complex of two {types.storage.name}" if types.is_complex else types.storage.name
        return cls(profile, stored, stored, types.working.name, types.working.name)


@final
@dataclass(frozen=True)
class VectorFile:
    """Cases of one dialect, profile and category; ``omitted`` gives the reason for each design without a case, by slug."""

    format: str
    corpus: str
    dialect: str
    profile: ProfileTypes
    category: str
    level: str
    count: int
    about: str
    cases: tuple[Case, ...]
    omitted: dict[str, str] | None = None

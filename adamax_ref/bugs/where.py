"""Conditions on dialect and profile under which a mistake can be made, each with the reason why not elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from adamax_ref.recipe.dialect import Dialect

from .parts import Parts

Test = Callable[[Dialect, str], bool]


@final
@dataclass(frozen=True)
class Where:
    """Conditions that must all hold, with the reason that is given where one does not.

    Attributes
    ----------
    conditions : tuple of (callable, str)
        ``test(dialect, profile)`` and the reason, a sentence without its full stop.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> (decays & wide("it is lost in the rounding")).why_not(get("paper"), "f32")
    'the dialect has no weight decay'
    """

    conditions: tuple[tuple[Test, str], ...] = ()

    def __call__(self, dialect: Dialect, profile: str) -> bool:
        """Tell whether the mistake can be made and can show."""
        return all(test(dialect, profile) for test, _ in self.conditions)

    def __and__(self, other: "Where") -> "Where":
        """Return both; the reasons of the first come first."""
        return Where(self.conditions + other.conditions)

    def why_not(self, dialect: Dialect, profile: str) -> str:
        """Return the first reason why not, or nothing where the mistake can be made."""
        return next((reason for test, reason in self.conditions if not test(dialect, profile)), "")


def where(test: Test, reason: str) -> Where:
    """Return a single condition."""
    return Where(((test, reason),))


def only(profiles: str, reason: str) -> Where:
    """Return the condition that the profile is one of those named, separated by blanks."""
    return where(lambda _, profile: profile in profiles.split(), reason)


def wide(reason: str) -> Where:
    """Return the condition that the profile has more than 16 bits."""
    return only("f64 f32 c64 c128", reason)


def _corrects(dialect: Dialect, profile: str) -> bool:
    return bool(Parts(dialect, profile).timed)


always = Where()
corrects = where(_corrects, "the dialect corrects no bias")
has_eps = where(lambda dialect, _: "eps" in dialect.options, "the dialect has no epsilon")
coupled = where(lambda dialect, _: "l2" in dialect.options, "the dialect's decay does not join the gradient")
decoupled = where(lambda dialect, _: "decoupled" in dialect.options, "the dialect has no decoupled decay")
decays = where(lambda dialect, _: bool({"l2", "decoupled"} & dialect.options), "the dialect has no weight decay")
climbs = where(lambda dialect, _: "maximize" in dialect.options, "the dialect cannot climb")


def _constants(dialect: Dialect, profile: str, t: int, beta1: float) -> tuple[float, ...]:
    h = replace(dialect.defaults, beta1=beta1)
    return dialect.scalars(h, t, dialect.recipe(h, profile))


def counts_with(bits: int) -> Where:
    """Return the condition that the correction still moves after 2**bits steps with a beta1 of 1 - 2**-bits."""

    def test(dialect: Dialect, profile: str) -> bool:
        early, late = (_constants(dialect, profile, t, 1 - 2.0**-bits) for t in (2**bits, 2 ** (bits + 1)))
        return early != late

    return where(test, "no beta so near 1 that a late step is still corrected is a number of the type it is rounded to")


keeps_nan = where(
    lambda dialect, _: dialect.family is None or dialect.family.maximum == "both", "the dialect's own maximum can lose a NaN"
)
counts_far = where(
    lambda dialect, _: dialect.family is None or dialect.family.bias != "product",
    "the dialect multiplies beta1 up step by step, so the corpus starts no case beyond step 4096",
)

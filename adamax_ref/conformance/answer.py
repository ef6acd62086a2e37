"""What a target says of itself and what it answers, as frozen records in the form of the protocol."""

from dataclasses import dataclass
from typing import final

FEATURES = ("l2", "decoupled", "maximize", "init-state", "lr-schedule", "skip", "complex")
TOKENS = ("ftz", "hyper32", "zero-sign-any", "in-place", "given-constants")


@final
@dataclass(frozen=True)
class Hello:
    """A target's description of itself.

    Attributes
    ----------
    name, version, language : str
        Of the target, not of its adapter.
    dialects, profiles, features, declares, exposes : tuple of str
        What it computes (an empty `dialects` means unknown: it is judged against any), which features of a case it can
        serve, which freedoms it takes, and which quantities it shows.
    device, recipe, homepage, issues : str or None
        Shown in the report.
    """

    name: str
    version: str
    language: str
    dialects: tuple[str, ...]
    profiles: tuple[str, ...]
    features: tuple[str, ...] = FEATURES
    declares: tuple[str, ...] = ()
    exposes: tuple[str, ...] = ("theta", "m", "u", "t")
    device: str | None = None
    recipe: str | None = None
    homepage: str | None = None
    issues: str | None = None


@final
@dataclass(frozen=True)
class Reported:
    """What a target has after a reported step; a quantity it does not expose is None."""

    step: int
    theta: str | None = None
    m: str | None = None
    u: str | None = None
    t: int | None = None


@final
@dataclass(frozen=True)
class Answer:
    """A target's answer to one case: exactly one of the five fields beside the id is set.

    Attributes
    ----------
    id : str
        Of the case.
    steps : tuple of Reported
        The case was run.
    refused : str
        The input is illegal; why.
    skipped : str
        It will not be run; why.
    error : (str, str)
        It should have worked and did not: kind and message.
    unasked : str
        The way to the target cannot carry this case; why. A program's answer never says so.
    """

    id: str
    steps: tuple[Reported, ...] | None = None
    refused: str | None = None
    skipped: str | None = None
    error: tuple[str, str] | None = None
    unasked: str | None = None

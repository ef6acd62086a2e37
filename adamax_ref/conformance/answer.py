"""A target's description of itself, its answers in the form of the protocol, and whether an answer can be compared."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.profile import PROFILES

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
    """Numbers of a target after a reported step; a quantity it does not expose is None."""

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


def fault_of(case: Case, steps: Sequence[Reported], hello: Hello) -> str:
    """Say what makes the steps of an answer unreadable; an empty string when nothing does.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = open_corpus().cases("torch", "f32")[0]
    >>> fault_of(case, (), Hello("mine", "1", "c", ("torch",), ("f32",))).partition(",")[0]
    'answers for steps []'
    """
    # Only plain values are compared: one that says of itself what it equals would say what it likes.
    for each in steps:
        for name in (*QUANTITIES, "t", "step"):
            value, plain = getattr(each, name), int if name in ("t", "step") else str
            if value is not None and type(value) is not plain:
                return f"{name} is {type(value).__name__}, not {plain.__name__}"
    if [each.step for each in steps] != list(case.report):
        return f"answers for steps {[each.step for each in steps[: len(case.report) + 1]]}, asked for {list(case.report)}"
    return next((fault for each in steps for fault in (_missing(each, hello) or _unreadable(case, each),) if fault), "")


def _missing(got: Reported, hello: Hello) -> str:
    # Every target shows the parameter, whatever it says: an answer without a number is no evidence.
    missing = (name for name in dict.fromkeys(("theta", *hello.exposes)) if getattr(got, name) is None)
    return next((f"{name} is missing at step {got.step}" for name in missing), "")


def _unreadable(case: Case, got: Reported) -> str:
    count = math.prod(case.shape) * (2 if PROFILES[case.profile].is_complex else 1)
    for name in QUANTITIES:
        text = getattr(got, name)
        if text is None:
            continue
        try:
            found = len(decode(text, case.form))
        except ValueError as error:
            return f"{name} at step {got.step}: {error}"
        if found != count:
            return f"{name} at step {got.step} has {found} numbers, the tensor {count}"
    return ""

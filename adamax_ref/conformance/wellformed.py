"""Whether an answer to a value case can be compared at all: the right steps, every number there, every pattern readable."""

import math
from collections.abc import Sequence

from adamax_ref.golden.case import QUANTITIES, Case
from adamax_ref.golden.patterns import decode
from adamax_ref.recipe.profile import PROFILES

from .answer import Hello, Reported


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

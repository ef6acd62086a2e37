"""How many functions are called Adamax: the dialects, computed without rounding, and what the pages say of them."""

import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from adamax_ref.dialects import get, names
from adamax_ref.exact.constants import exact_constants
from adamax_ref.recipe.dialect import Dialect, Evidence
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Rounding

PAGE = (Path(__file__).parents[2] / "docs" / "frameworks.md").read_text(encoding="utf-8")
EVERY = tuple(each for name in names() for each in (get(name), *get(name).variants.values()))
GRADIENTS = (Fraction(1, 64), Fraction(1), Fraction(1, 64), Fraction(0), Fraction(-3, 8))
"""The first is less than epsilon, so that a floor shows."""


def trajectory(dialect: Dialect) -> tuple[Fraction, ...]:
    """Return all numbers of a few steps without weight decay, exactly."""
    h = Hyperparameters(lr=0.25, beta1=0.5, beta2=0.75, eps=0.125 if "eps" in dialect.options else 0.0)
    form = PROFILES[dialect.profiles[0]]
    conditions = dialect.conditions(h, Rounding(form.working, form.storage))
    p, m, u = (Fraction(0),) * 3
    update: Any = dialect.update
    seen: list[Fraction] = []
    for t, g in enumerate(GRADIENTS, 1):
        c = SimpleNamespace(**exact_constants(dialect, h, t, bits=None), **conditions)
        p, m, u = update(p, g, m, u, c)
        seen += (p, m, u)
    return tuple(seen)


def test_the_page_says_how_many_functions_there_are() -> None:
    functions = {trajectory(each) for each in EVERY}
    assert re.findall(r'"Adamax" names (\d+) different functions', PAGE) == [str(len(functions))]


def test_the_page_says_how_many_dialects_there_are_and_how_they_are_known() -> None:
    live = [each for each in EVERY if each.provenance.evidence is Evidence.LIVE]
    told = re.findall(r"It has (\d+) dialects with (\d+) variants; (\d+) of these (\d+) were compared", PAGE)
    assert told == [tuple(map(str, (len(names()), len(EVERY) - len(names()), len(live), len(EVERY))))]

"""Searched elements of a case: those with an exact result near the middle between two numbers.

Of many draws the search takes, for each two orders of operations, the element nearest to a middle at which they differ. An
implementation that rounds once too often, or forms a constant in the wrong type, differs there first.

``hard_elements.json`` stores the results by case, so that generating the corpus needs no search. An entry names its
search and is ignored for any other. ``python -m adamax_ref.golden.generate`` searches for every case and writes the file.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref.exact.hard import Row, nearest, separated
from adamax_ref.exact.recipe_set import combine
from adamax_ref.orders.axes import cover
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, PROFILES

from .case import Case
from .codec import parse
from .numbers import Draw, draws
from .oracle import with_flushes
from .patterns import decode

Array = np.ndarray[Any, Any]

_PARAMETER = Draw(top=0, span=5)
_NORM = Draw(top=0, span=2)


@final
@dataclass(frozen=True)
class Search:
    """The extent of a search.

    Attributes
    ----------
    count : int
        How many elements to draw.
    share : int
        Only the nearest of so many draws are tried: with 256 those within about 1/512 unit in the last place of a middle.
    """

    count: int = 1 << 16
    share: int = 256


class Columns(NamedTuple):
    """Searched elements as columns: parameter, moment, norm and gradient."""

    theta: tuple[float, ...]
    m: tuple[float, ...]
    u: tuple[float, ...]
    grad: tuple[float, ...]


def hardest_elements(search: Search, name: str, dialect: Dialect, profile: str, h: Hyperparameters, t: int) -> Columns:
    """Search for the elements of a case.

    Parameters
    ----------
    search : Search
        The extent.
    name : str
        Id of the case, the key of the draws.
    dialect, profile, h, t : Dialect, str, Hyperparameters, int
        Of the case; `t` is its counter before the step.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> found = hardest_elements(Search(2000), "an/id", get("torch"), "f32", Hyperparameters(), 2)
    >>> 2 < len(found.theta) < 20
    True
    """
    rows, keep = list(_rows(name, profile, search.count)), search.count // search.share
    if PROFILES[profile].storage is not BINARY64:
        rows = _promising(rows, keep * 4, dialect, profile, h, t)
    finds = nearest(dialect, profile, h, t + 1, rows, keep)
    chosen = dict.fromkeys(separated(dialect, profile, h, t + 1, finds).values())
    elements = ((find.p, find.m, find.u, find.g) for find in chosen)
    return Columns(*(tuple(column) for column in zip(*elements, strict=True)))


def _promising(rows: list[Row], keep: int, dialect: Dialect, profile: str, h: Hyperparameters, t: int) -> list[Row]:
    """Keep those that are near a middle by binary64, whose errors are far below a narrower type's last place."""
    inputs = [np.array(column) for column in zip(*rows, strict=True)]
    _, another = cover(dialect, profile, h.weight_decay != 0)[:2]
    merged = combine([replace(another, profiles=("f64",), name="f64")], "f64", h, t + 1)
    near = np.concatenate(
        [_from_middle(numbers, profile) for _, value, numbers in merged.run(inputs) if value == merged.outputs[0][0]]
    )
    return [rows[at] for at in np.argsort(near, kind="stable")[:keep]]


def _from_middle(numbers: Array, profile: str) -> Array:
    """Return how far binary64 numbers are from a middle of the storage type's, in units of their distance."""
    form = PROFILES[profile].storage
    exponent = np.maximum(np.frexp(numbers)[1] - 1, form.emin)
    scaled = np.ldexp(numbers, form.precision - 1 - exponent)
    return np.asarray(np.abs(scaled - np.floor(scaled) - 0.5))


def _rows(name: str, profile: str, count: int) -> Iterator[Row]:
    """Draw elements with all digits of the storage type, parameters and updates of like size, so that bits meet."""
    stream, bits = draws(name), PROFILES[profile].storage.precision
    for _ in range(count):
        p, g, m = (double_of(_PARAMETER, next(stream), bits) for _ in range(3))
        yield p, g, m, abs(double_of(_NORM, next(stream), bits))


def double_of(draw: Draw, number: int, bits: int) -> float:
    """Make the number that :meth:`Draw.number` makes with so many bits, without a fraction."""
    half = 1 << (bits - 1)
    size = math.ldexp(half + number % half, draw.top - (number >> 40) % draw.span - bits + 1)
    return -size if number >> 63 else size


HARD_ELEMENTS = "hard_elements.json"


def elements_of(search: Search, case: Case, dialect: Dialect) -> Columns:
    """Return the elements of a case, from the file or by searching."""
    known = stored_elements().get(case.id)
    if known is None or known["search"] != search_key(search, case):
        return search_elements(search, case, dialect)
    return Columns(*(decode(known[name], case.form) for name in Columns._fields))


def search_elements(search: Search, case: Case, dialect: Dialect) -> Columns:
    """Return the elements of a case by searching."""
    return hardest_elements(search, case.id, with_flushes(dialect), case.profile, case.hyper.at(), case.init.t)


def search_key(search: Search, case: Case) -> str:
    """Return a text that names everything that the result of a search depends on."""
    return f"{search} {case.hyper.at()} t={case.init.t}"


@cache
def stored_elements() -> dict[str, dict[str, str]]:
    """Return the content of ``hard_elements.json``: for each case its search and its columns."""
    content: dict[str, dict[str, str]] = parse(files(__package__).joinpath(HARD_ELEMENTS).read_bytes(), HARD_ELEMENTS)
    return content

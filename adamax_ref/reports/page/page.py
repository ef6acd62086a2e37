"""From runs to one file: the templates filled in, and made shorter until the file is small enough."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from adamax_ref.bugs import bank
from adamax_ref.conformance.run import Run
from adamax_ref.markup import STYLE, environment, source

from . import blocks
from .chart import ulps
from .matrix import columns, legend, panels

LARGEST = 2_000_000
"""Largest size of a page, in bytes."""
_MOST = (None, 40, 12, 4, 1, 0)
"""So many cases of a run are told one by one: the first of these that gives a page that is small enough.

With 0 the picture of a run and its table of categories are left out too.
"""


def page(runs: Sequence[Run], title: str = "Adamax conformance") -> str:
    """Return the report on one or more runs as a page of HTML.

    The page needs no network and no script, and holds no time: equal runs give equal pages. Where it would become
    larger than two megabytes, fewer cases of each run are told one by one, and the page says how many are left out.

    Parameters
    ----------
    runs : sequence of Run
        At least one; runs of the same target make one section.
    title : str
        Of the page.

    Raises
    ------
    ValueError
        When there is no run.

    Examples
    --------
    >>> from adamax_ref.conformance.run import run
    >>> from adamax_ref.conformance.targets import open_target
    >>> from adamax_ref.golden.load import open_corpus
    >>> html = page([run(open_target("backend:numpy"), open_corpus(), "paper", "f32")])
    >>> html.startswith("<!doctype html>"), len(html.encode()) < LARGEST
    (True, True)
    """
    if not runs:
        raise ValueError("a page needs at least one run; judge a target first")
    template = environment(__package__).get_template("page.html")
    values = _values(runs, title)
    attempts = (_within(template.generate(most=most, **values)) for most in _MOST)
    return next(filter(None, attempts), None) or template.render(most=0, **values)


def _within(pieces: Iterable[str]) -> str | None:
    """Join the pieces of a page, or give up at the first that makes it too large."""
    kept: list[str] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece.encode())
        if size > LARGEST:
            return None
    return "".join(kept)


def _values(runs: Sequence[Run], title: str) -> dict[str, Any]:
    """Return what the templates need."""
    script = source("page.js", __package__)
    return {
        "title": title,
        "runs": runs,
        "panels": panels(runs),
        "profiles": columns(runs),
        "legend": legend(runs),
        "bugs": bank(),
        "blocks": blocks,
        "ulps": ulps,
        "package": version("adamax-ref"),
        "style": source(STYLE) + source("page.css", __package__),
        "script": script,
        "digest": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }

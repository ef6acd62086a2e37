"""The bug bank: wrong Adamaxes as people really write them, to measure the corpus and to explain failures.

Every file of :mod:`adamax_ref.bugs.themes` holds one tuple ``BUGS`` and is found by its name. A bug is a small change of
a dialect, made of the dialect's own recipe (:mod:`adamax_ref.bugs.parts`), so that it exists in every dialect and
profile. Ids are never used again; two entries that are the same function somewhere are both killed there.
"""

import pkgutil
from functools import cache
from importlib import import_module

from . import themes
from .bug import Bug as Bug
from .bug import one_step as one_step
from .bug import right as right
from .parts import Numbers as Numbers
from .parts import Parts as Parts
from .where import Where as Where


@cache
def bank() -> dict[str, Bug]:
    """Return all bugs by id.

    Examples
    --------
    >>> bank()["B16"].title
    'u decays with beta1'
    """
    files = (module.name for module in pkgutil.iter_modules(themes.__path__))
    bugs = [bug for file in files for bug in import_module(f"{themes.__name__}.{file}").BUGS]
    return {bug.id: bug for bug in sorted(bugs, key=lambda bug: int(bug.id[1:]))}

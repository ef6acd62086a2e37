"""The bug bank: wrong Adamaxes as people really write them, kept to measure the corpus and to explain failures.

Every file without underscore holds one tuple ``BUGS`` and is found by name. A bug is a small change of a dialect, made
of the dialect's own recipe (:mod:`adamax_ref.conformance.bugs._parts`), so that it exists in every dialect and profile.
Ids are never used again; two entries that are the same function somewhere are simply both killed there.
"""

import pkgutil
from functools import cache
from importlib import import_module

from ._bug import Bug as Bug
from ._bug import right as right
from ._parts import Numbers as Numbers
from ._parts import Parts as Parts
from ._where import Where as Where


@cache
def bank() -> dict[str, Bug]:
    """Return all bugs by id.

    Examples
    --------
    >>> bank()["B16"].title
    'u decays with beta1'
    """
    files = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    found = [bug for file in files for bug in import_module(f"{__name__}.{file}").BUGS]
    return {bug.id: bug for bug in sorted(found, key=lambda bug: int(bug.id[1:]))}

"""Every Adamax there is, one file a framework. The formula stands here and nowhere else in the project.

A framework's Adamax is a choice of about ten operations, of their order, and of the places where the scalars are
rounded. Five choices make nearly all the difference:

* **Where epsilon goes**: into the maximum beside ``|g|``, beside the decayed norm, into the divisor, or nowhere.
* **How the moment is averaged**: ``b1*m + (1-b1)*g``, or ``m + (1-b1)*(g-m)``; with which product fused; and
  whether ``1-b1`` was formed in double or in the working type.
* **How the bias is corrected**: on the learning rate, on the moment, on the divisor, or not at all; and how
  ``b1**t`` is formed.
* **In which order the update multiplies and divides**: ``(rate*m)/u``, ``rate*(m/u)``, ``(lr*m)/(c*u)`` and more.
* **What weight decay does**: nothing, joins the gradient, or shrinks the parameter, before or after.

A file holds ``constants`` and ``update`` and makes a :class:`~adamax_ref.recipe.dialect.Dialect` named ``DIALECT``.
Adding a framework is adding a file: it is found by its name. A dialect of another package has an entry point in the
group ``adamax_ref.dialects``, whose name is the dialect's.
"""

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from adamax_ref.recipe.dialect import Dialect

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


GROUP = "adamax_ref.dialects"


@cache
def names() -> tuple[str, ...]:
    """Names of all dialects, without variants, in alphabetical order.

    Examples
    --------
    >>> "torch" in names()
    True
    """
    return tuple(sorted({*own_names(), *(point.name for point in _registered())}))


def get(name: str | Dialect) -> Dialect:
    """Return a dialect, or a variant such as ``"torch/unfused"``; a dialect that is given is returned as it is.

    Parameters
    ----------
    name : str or Dialect
        See :func:`names`; a variant stands behind a slash.

    Raises
    ------
    ValueError
        When there is no such dialect, with those there are; or when two packages have one of that name.
    TypeError
        When an entry point does not lead to a dialect of its name.

    Examples
    --------
    >>> get("paper").title
    'Kingma & Ba 2015, Algorithm 2'
    >>> get(get("paper")).name
    'paper'
    """
    return name if isinstance(name, Dialect) else _get(name)


@cache
def _get(name: str) -> Dialect:
    family, _, variant = name.partition("/")
    if family not in names():
        raise ValueError(f"unknown dialect {name!r}; known are {', '.join(names())}")
    dialect = _load(family)
    if not variant:
        return dialect
    if variant not in dialect.variants:
        known = ", ".join(f"{family}/{key}" for key in dialect.variants) or "none"
        raise ValueError(f"unknown dialect {name!r}; variants of {family!r} are: {known}")
    return dialect.variants[variant]


@cache
def own_names() -> tuple[str, ...]:
    """Names of the dialects of this package, in alphabetical order.

    Examples
    --------
    >>> "paper" in own_names()
    True
    """
    files = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(sorted(file.replace("_", "-") for file in files))


@cache
def _registered() -> tuple["EntryPoint", ...]:
    from importlib.metadata import entry_points  # takes a third of the package's import time, so not before it is needed

    return tuple(entry_points(group=GROUP))


def _load(family: str) -> Dialect:
    points = [point for point in _registered() if point.name == family]
    packages = sorted({point.dist.name if point.dist else "another package" for point in points})
    if family in own_names():
        packages = ["adamax-ref", *packages]
    if len(packages) > 1:
        raise ValueError(f"the packages {' and '.join(packages)} each register a dialect {family!r}; uninstall all but one")
    dialect = points[0].load() if points else import_module(f"{__name__}.{family.replace('-', '_')}").DIALECT
    if not (isinstance(dialect, Dialect) and dialect.name == family):
        raise TypeError(f"the entry point {family!r} in {GROUP!r} leads to {dialect!r}, not to a dialect of that name")
    return dialect

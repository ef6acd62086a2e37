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

A file holds ``constants`` and ``update`` and makes a :class:`~adamax_ref.law.dialect.Dialect` named ``DIALECT``.
Adding a framework is adding a file: it is found by its name.
"""

import pkgutil
from functools import cache
from importlib import import_module

from adamax_ref.law.dialect import Dialect

from ._every import every_recipe as every_recipe


@cache
def names() -> tuple[str, ...]:
    """Names of all dialects, without variants, in alphabetical order.

    Examples
    --------
    >>> "torch" in names()
    True
    """
    files = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(sorted(file.replace("_", "-") for file in files))


@cache
def get(name: str) -> Dialect:
    """Return a dialect, or a variant such as ``"torch/unfused"``.

    Parameters
    ----------
    name : str
        See :func:`names`; a variant stands behind a slash.

    Raises
    ------
    ValueError
        When there is no such dialect; the message lists those there are.

    Examples
    --------
    >>> get("paper").title
    'Kingma & Ba 2015, Algorithm 2'
    """
    family, _, variant = name.partition("/")
    if family not in names():
        raise ValueError(f"unknown dialect {name!r}; known are {', '.join(names())}")
    dialect: Dialect = import_module(f"{__name__}.{family.replace('-', '_')}").DIALECT
    if not variant:
        return dialect
    if variant not in dialect.variants:
        known = ", ".join(f"{family}/{key}" for key in dialect.variants) or "none"
        raise ValueError(f"unknown dialect {name!r}; variants of {family!r} are: {known}")
    return dialect.variants[variant]

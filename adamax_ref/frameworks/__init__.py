"""The frameworks themselves: each file runs one framework's own Adamax on given numbers and returns what it did.

A dialect says what a framework computes; the framework of the same name is asked here. Nothing in this room knows a
formula. Every framework runs in a process of its own (:mod:`adamax_ref.frameworks.child`): several of them cannot
share one, and some choose their arithmetic from environment variables when they are loaded.
"""

import pkgutil
from functools import cache
from importlib import import_module

from .protocol import Framework as Framework
from .protocol import Missing as Missing
from .protocol import Start as Start
from .protocol import Trajectory as Trajectory

_OURS = ("batteries", "child", "elsewhere", "layout", "model", "protocol", "survey", "wire")


@cache
def _all() -> dict[str, Framework]:
    files = (file.name for file in pkgutil.iter_modules(__path__) if not file.name.startswith("_") and file.name not in _OURS)
    found = (framework for file in sorted(files) for framework in import_module(f"{__name__}.{file}").FRAMEWORKS)
    return {framework.name: framework for framework in found}


def names() -> tuple[str, ...]:
    """Names of all frameworks that can be asked, installed or not; each is the name of the dialect it should follow.

    Examples
    --------
    >>> "optax/jit" in names()
    True
    """
    return tuple(_all())


def get(name: str) -> Framework:
    """Return a framework by name.

    Raises
    ------
    ValueError
        When there is none of that name; the message lists those there are.

    Examples
    --------
    >>> get("torch").module
    'torch'
    """
    if name not in _all():
        raise ValueError(f"unknown framework {name!r}; known are {', '.join(names())}")
    return _all()[name]

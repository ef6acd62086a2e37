"""Targets by name: ``KIND:NAME``, with one file a kind, each with a function ``target(name)``.

Frameworks need no file here: :mod:`adamax_ref.frameworks` runs them, and ``framework.py`` is their target.
"""

from functools import cache
from importlib import import_module

from adamax_ref.conformance.target import Target
from adamax_ref.frameworks import names

_FILES = {
    "answers": "answers",
    "backend": "backend",
    "bug": "bug",
    "callable": "callable",
    "framework": "framework",
    "pipe": "program",
}
"""The file of each kind, which is imported when a target of its kind is opened."""


@cache
def frameworks() -> tuple[str, ...]:
    """Names of the frameworks whose own optimizer can be judged.

    Examples
    --------
    >>> "torch" in frameworks()
    True
    """
    return tuple(sorted({"torch", *names()}))


def open_target(text: str, lacks: tuple[str, ...] = (), declares: tuple[str, ...] = ()) -> Target:
    """Return the target that ``KIND:NAME`` stands for.

    Parameters
    ----------
    text : str
        The target as it is written on the command line.
    lacks, declares : tuple of str
        Features that a Python callable does not have, and freedoms that it takes; other targets say so themselves.

    Raises
    ------
    ValueError
        When there is no such kind, framework or backend; the message lists those there are. Also when `lacks` or
        `declares` is passed for another kind than ``callable``.
    TargetUnavailable
        When it is known but cannot run here.
    """
    kind, colon, name = text.partition(":")
    if kind not in _FILES or not colon:
        raise ValueError(f"unknown target {text!r}; write KIND:NAME with one of {', '.join(_FILES)} as its kind")
    if kind == "framework" and name not in frameworks():
        raise ValueError(f"unknown framework {name!r}; known are {', '.join(frameworks())}")
    make = import_module(f"{__name__}.{_FILES[kind]}").target
    if not (lacks or declares):
        target: Target = make(name)
        return target
    if kind != "callable":
        option = "lacks" if lacks else "declares"
        raise ValueError(f"{option} is for callable:MODULE:NAME; {kind}:{name} says so itself, leave {option} out")
    target = make(name, lacks, declares)
    return target

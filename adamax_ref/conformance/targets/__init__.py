"""Targets by name: a file without underscore is a framework, a file with one is a kind of its own.

``backend:NAME`` is answered by ``_backend.py`` and ``framework:torch`` by ``torch.py``; the frameworks that
:mod:`adamax_ref.frameworks` runs share ``_framework.py``. Each file has a function ``target(name)``.
"""

import pkgutil
from functools import cache
from importlib import import_module

from adamax_ref.conformance.target import Target
from adamax_ref.frameworks import names


@cache
def kinds() -> tuple[str, ...]:
    """Names of the kinds of target that stand before the colon.

    Examples
    --------
    >>> "backend" in kinds()
    True
    """
    files = (module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("_"))
    return tuple(sorted({"framework", *(file.removeprefix("_") for file in files)}))


@cache
def frameworks() -> tuple[str, ...]:
    """Names of the frameworks whose own optimizer can be judged.

    Examples
    --------
    >>> "torch" in frameworks()
    True
    """
    return tuple(sorted({*_own_files(), *names()}))


def _own_files() -> tuple[str, ...]:
    files = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(file.replace("_", "-") for file in files)


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
    if kind not in kinds() or not colon:
        raise ValueError(f"unknown target {text!r}; write KIND:NAME with one of {', '.join(kinds())} as its kind")
    if kind == "framework" and name not in frameworks():
        raise ValueError(f"unknown framework {name!r}; known are {', '.join(frameworks())}")
    file = name.replace("-", "_") if kind == "framework" and name in _own_files() else f"_{kind}"
    find = import_module(f"{__name__}.{file}").target
    if not (lacks or declares):
        made: Target = find(name)
        return made
    if kind != "callable":
        option = "lacks" if lacks else "declares"
        raise ValueError(f"{option} is for callable:MODULE:NAME; {kind}:{name} says so itself, leave {option} out")
    made = find(name, lacks, declares)
    return made

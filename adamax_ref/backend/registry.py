"""Engines that are installed, found in the entry-point group ``adamax_ref.backends``."""

import warnings
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from adamax_ref.arrays.dtypes import profile_of
from adamax_ref.arrays.types import Array

from .contract import AbstractBackend, BackendUnavailable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "adamax_ref.backends"
OWN = "adamax-ref"
"""The distribution that the engines of this package belong to."""


@cache
def _registered() -> tuple["EntryPoint", ...]:
    from importlib.metadata import entry_points  # takes a third of the package's import time, so not before it is needed

    return tuple(entry_points(group=GROUP))


def _package(point: Any) -> tuple[str, str]:
    """Return name and version of the distribution that an entry point belongs to."""
    distribution = getattr(point, "dist", None)
    return ("", "") if distribution is None else (distribution.name, distribution.version)


@cache
def backend_names() -> tuple[str, ...]:
    """Names of all engines that are registered, available or not.

    Examples
    --------
    >>> "numpy" in backend_names()
    True
    """
    return tuple(sorted({point.name for point in _registered()}))


def package_of(name: str) -> tuple[str, str]:
    """Return name and version of the package that an engine comes from.

    Examples
    --------
    >>> package_of("numpy")[0]
    'adamax-ref'
    """
    return next(map(_package, (point for point in _registered() if point.name == name)), ("", ""))


@cache
def get_backend(name: str) -> AbstractBackend:
    """Return the engine of that name.

    Raises
    ------
    ValueError
        When no engine is registered under `name`, with those that are; or when two packages have one of that name.
    BackendUnavailable
        When it is registered but cannot be loaded.

    Examples
    --------
    >>> get_backend("numpy").name
    'numpy'
    """
    points = [point for point in _registered() if point.name == name]
    if not points:
        raise ValueError(f"unknown backend {name!r}; registered are {', '.join(backend_names())}")
    if len(packages := _packages(points)) > 1:
        raise ValueError(f"the packages {' and '.join(packages)} each register a backend {name!r}; uninstall all but one")
    return _loaded(points[0])


def _packages(points: Sequence[Any]) -> list[str]:
    return sorted({_package(point)[0] for point in points})


def _loaded(point: Any) -> AbstractBackend:
    try:
        backend: AbstractBackend = point.load()
    except Exception as error:  # whatever a package of somebody else's does when it is imported
        raise BackendUnavailable(f"backend {point.name!r} cannot be imported ({type(error).__name__}: {error})") from error
    return backend


def why_unavailable(name: str) -> str | None:
    """Return None when an engine can run here, else the sentence that says why not.

    Examples
    --------
    >>> why_unavailable("numpy") is None
    True
    """
    try:
        _ = get_backend(name).capabilities
    except BackendUnavailable as reason:
        return str(reason)
    return None


def backend_for(array: Array) -> AbstractBackend:
    """Return the available engine of the highest priority that owns `array` and computes in its type.

    Raises
    ------
    TypeError
        When no available engine does.

    Examples
    --------
    >>> import numpy as np
    >>> backend_for(np.zeros(3)).owns(np.zeros(3))
    True
    """
    for backend in _by_priority():
        if _owns(backend, array) and profile_of(array) in profiles_of(backend):
            return backend
    kind = f"{type(array).__module__}.{type(array).__qualname__}"
    raise TypeError(f"no available backend computes on {kind}; `adamax-ref backends` lists what there is and what to install")


@cache
def profiles_of(backend: AbstractBackend) -> frozenset[str]:
    """Return the profiles that an engine declares, asked once."""
    return backend.capabilities.profiles


@cache
def _by_priority() -> tuple[AbstractBackend, ...]:
    """Return the engines that can run, the best first; one of another package that fails is left out with a warning."""
    usable: list[tuple[bool, int, bool, str, AbstractBackend]] = []
    for name in backend_names():
        points = [point for point in _registered() if point.name == name]
        own = [point for point in points if _package(point)[0] == OWN]
        if len(packages := _packages(points)) > 1:
            _warn(name, f"the packages {' and '.join(packages)} each register it")
            if not own:
                continue
        try:
            backend = _loaded((own or points)[0])
            _ = backend.capabilities
        except BackendUnavailable as reason:
            if not own:
                _warn(name, str(reason))
        except Exception as error:
            _warn(name, f"{type(error).__name__}: {error}")
        else:
            usable.append((backend.priority is None, -(backend.priority or 0), not own, name, backend))
    return tuple(backend for *_, backend in sorted(usable, key=lambda entry: entry[:4]))


def _owns(backend: AbstractBackend, array: Any) -> bool:
    """Ask an engine whether an array is its own; one that fails at that owns nothing."""
    try:
        return bool(backend.owns(array))
    except Exception as error:
        _warn(backend.name, f"owns() raised {type(error).__name__}: {error}")
        return False


def _warn(name: str, reason: str) -> None:
    package = " ".join(filter(None, package_of(name))) or "unknown"
    warnings.warn(f"the backend {name!r} of the package {package} is left out: {reason}", RuntimeWarning, stacklevel=3)

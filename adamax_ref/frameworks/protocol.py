"""Start and trajectory: input and output of a framework's run."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref.recipe.hyper import Hyperparameters

from .elsewhere import python_of, version_in
from .layout import Layout

Array = np.ndarray[Any, Any]
Step = Callable[[Array, float], tuple[Array, Array, Array]]
"""``step(gradient, lr) -> (p, m, u)``, copies of the numbers after the step."""


class Missing(RuntimeError):
    """A framework that is not installed; the message says what to install."""


@final
@dataclass(frozen=True)
class Start:
    """Start of a run.

    Attributes
    ----------
    profile : str
        Name of the profile; the arrays have its storage type (bfloat16 as ``ml_dtypes.bfloat16``).
    hyper : Hyperparameters
        Of the whole run; only ``lr`` may change from step to step.
    p, m, u : numpy.ndarray
        Parameter and state, of one shape.
    t : int
        Number of steps the state has seen.
    """

    profile: str
    hyper: Hyperparameters
    p: Array
    m: Array
    u: Array
    t: int = 0


class Trajectory(NamedTuple):
    """Parameter, moment and norm after each step; a skipped step repeats what was there."""

    p: list[Array]
    m: list[Array]
    u: list[Array]


@final
@dataclass(frozen=True)
class Framework:
    """One way of running one framework.

    Attributes
    ----------
    name : str
        Name of the dialect whose bits it should give.
    module : str
        What must be importable.
    begin : callable
        ``begin(start) -> step``: puts the state into the framework's own optimizer; imports the framework.
    profiles : tuple of str
        Profiles it runs in.
    versions : tuple of str
        Distributions whose versions say what ran.
    environment : mapping of str to str
        Variables that have to be set before the framework is loaded.
    remedy : str
        How to get it.
    settings : str
        How it is run, in words: backend, compiler, number of arrays.
    find : callable or None
        For what is no Python package: its version, or None when it is not there.
    departs : mapping of str to str
        Profiles in which it does not give its dialect's bits, each with the cause.
    layout : Layout or None
        Where it keeps the state; None for a variant that keeps it as the framework of its dialect does.
    """

    name: str
    module: str
    begin: Callable[[Start], Step]
    profiles: tuple[str, ...]
    versions: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""
    settings: str = ""
    find: Callable[[], str | None] | None = None
    departs: Mapping[str, str] = field(default_factory=dict)
    layout: Layout | None = None

    @property
    def installed(self) -> bool:
        """Return whether it can be found, without loading it."""
        if self.find is not None:
            return self.find() is not None
        return find_spec(self.module) is not None if self._at_home else self._version(self.versions[0]) is not None

    @property
    def plain(self) -> str:
        """The profile to show something in: single precision, or double where there is none."""
        return "f32" if "f32" in self.profiles else "f64"

    @property
    def running(self) -> str:
        """Return the installed release, for example ``"keras 3.15.1, jax 0.10.2"``; without local version labels."""
        if self.find is not None:
            return f"{self.versions[0]} {self.find()}"
        return ", ".join(f"{name} {str(self._version(name)).partition('+')[0]}" for name in self.versions)

    @property
    def _at_home(self) -> bool:
        return python_of(self.module) == sys.executable

    def _version(self, name: str) -> str | None:
        return version(name) if self._at_home else version_in(python_of(self.module), name)

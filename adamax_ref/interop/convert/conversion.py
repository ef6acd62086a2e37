"""One parameter's state between two frameworks, and what a dialect declares about either end."""

from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Self, final

import numpy as np

from adamax_ref.dialects import get
from adamax_ref.recipe.dialect import Dialect, Family
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES, Profile, Rounding
from adamax_ref.recipe.recipe import INPUTS, Recipe

from .layout import Layout, layout_of

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class Side:
    """One end of a conversion.

    Attributes
    ----------
    name : str
        Of the dialect.
    dialect, family : Dialect, Family
        What its framework computes.
    layout : Layout
        Where its framework keeps the state.
    """

    name: str
    dialect: Dialect
    family: Family
    layout: Layout

    @classmethod
    def of(cls, name: str) -> Self:
        """Look a dialect and its layout up; ValueError where either is not known."""
        dialect, layout = get(name), layout_of(name)
        assert dialect.family is not None  # a test holds every framework with a layout to this
        return cls(name, dialect, dialect.family, layout)

    def scalars(self, h: Hyperparameters, profile: str, narrowing: bool = True) -> dict[str, float]:
        """Return the constants of a first step that its recipe reads.

        Without `narrowing` none passes through float32 on its way to a wider type.
        """
        constants = self._constants(h, PROFILES[profile].real, narrowing)
        flush = PROFILES[profile].working.flush if self.dialect.flushes else float
        return {name: flush(constants[name]) for name in self._recipe(h, profile).constants}

    def narrowed(self, h: Hyperparameters, profile: str) -> dict[str, float]:
        """Return the constants that pass through float32 on their way to a wider type."""
        narrow = self.scalars(h, profile)
        wide = self.scalars(h, profile, narrowing=False)
        return {name: x for name, x in narrow.items() if x != wide[name] and x == x}

    def vanishing(self, h: Hyperparameters, profile: str) -> set[str]:
        """Return the constants other than epsilon that are 0 in the state's type, not in double."""
        wide = self._constants(h, PROFILES["f64"], narrowing=False)
        own = self.scalars(h, profile)
        return {name for name, x in own.items() if x == 0 != wide[name] and name != "eps"}

    def eps(self, h: Hyperparameters, profile: str) -> float:
        """Return the epsilon that a step adds, 0 where it adds none."""
        return self.scalars(h, profile).get("eps", 0.0)

    def reads_parameter(self, h: Hyperparameters, profile: str) -> bool:
        """Tell whether the parameter enters the moment."""
        recipe = self._recipe(h, profile)
        first = len(recipe.leaves)
        needed = {recipe.outputs[1]}
        for at in reversed(range(len(recipe.operations))):
            if first + at in needed:
                needed.update(recipe.operations[at].args)
        return INPUTS.index("p") in needed

    def _constants(self, h: Hyperparameters, real: Profile, narrowing: bool) -> dict[str, float]:
        to: Any = Rounding(real.working, real.storage)
        if not narrowing:
            same = ("work", "store", "double", "product", "place", "working", "storage")
            to = SimpleNamespace(single=to.work, **{name: getattr(to, name) for name in same})
        return {name: float(x) for name, x in self.dialect.constants(h, 1, to).items()}

    def _recipe(self, h: Hyperparameters, profile: str) -> Recipe:
        """Return the recipe of a run; options and a type that the dialect lacks are left aside."""
        has, real = self.dialect.options, PROFILES[profile].real.name
        possible = replace(
            h,
            eps=h.eps if "eps" in has else 0.0,
            weight_decay=h.weight_decay if has & {"l2", "decoupled"} else 0.0,
            maximize=h.maximize and "maximize" in has,
        )
        usable = real if real in self.dialect.profiles else self.dialect.profiles[0]
        return self.dialect.recipe(possible, usable)


@final
@dataclass(frozen=True)
class Conversion:
    """One parameter's state on its way.

    Attributes
    ----------
    source, target : Side
        Where it comes from and where it goes.
    hyper : Hyperparameters
        Of the run, before and after.
    profile : str
        Of the state.
    step : int
        Number of steps behind it.
    moment, norm : numpy.ndarray
        As the source holds them.
    key : str
        Name of the parameter; empty where it is not known.
    """

    source: Side
    target: Side
    hyper: Hyperparameters
    profile: str
    step: int
    moment: Array
    norm: Array
    key: str = ""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Source and target."""
        return self.source, self.target

    @property
    def families(self) -> tuple[Family, Family]:
        """Those of source and target."""
        return self.source.family, self.target.family

    @cached_property
    def eps(self) -> tuple[float, float]:
        """The epsilons that source and target add."""
        source, target = (side.eps(self.hyper, self.profile) for side in self.sides)
        return source, target


def real_parts(array: Array) -> Array:
    """Return the real numbers that an array consists of.

    Examples
    --------
    >>> real_parts(np.array([1 + 2j]))
    array([[1.],
           [2.]])
    """
    return np.stack((array.real, array.imag)) if np.iscomplexobj(array) else array

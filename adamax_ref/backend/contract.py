"""The contract of an engine: capabilities, kernels, prepared steps, and arrays in and out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from operator import is_
from typing import Any, Literal, final

import numpy as np

from adamax_ref.arrays.dtypes import PROFILE_OF_DTYPE as PROFILE_OF_DTYPE
from adamax_ref.arrays.dtypes import dtype_name as dtype_name
from adamax_ref.arrays.dtypes import profile_of as profile_of
from adamax_ref.arrays.memory import Cover, bounds_of, form_of, require_alike, require_apart, require_updatable
from adamax_ref.arrays.types import Array, HostArray, StepCounter
from adamax_ref.arrays.types import Arrays as Arrays
from adamax_ref.recipe.recipe import Recipe

Three = tuple[Arrays, Arrays, Arrays]
"""New parameters, moments and norms."""

Pieces = tuple[list[Arrays], list[Arrays]]
"""What a framework's vector loop takes, and what it leaves over: for each piece `p`, `g`, `m` and `u`."""

Cut = Callable[[Arrays], Pieces]

Progress = Literal["none", "some", "all"]
"""How much of a step has been written."""

Constants = Sequence[tuple[float, ...]]
"""For each buffer the constants of its step, in the order of ``recipe.constants``."""


class BackendUnavailable(RuntimeError):
    """An engine that cannot run here; the message says in one sentence why and what to do."""


@cache
def host_profiles() -> frozenset[str]:
    """Return the profiles that NumPy has a dtype for here; bfloat16 is one of the package ml_dtypes, looked for once.

    Examples
    --------
    >>> "f32" in host_profiles()
    True
    """
    every = frozenset(PROFILE_OF_DTYPE.values())
    return every if find_spec("ml_dtypes") is not None else every - {"bf16"}


@final
@dataclass(frozen=True)
class Capabilities:
    """Abilities of an engine, as data; each item has a test behind it.

    Attributes
    ----------
    profiles : frozenset of str
        Profiles it computes in; by default all that NumPy can hold, see :func:`host_profiles`.
    in_place : bool
        Whether parameters are written where they lie.
    subnormals : bool
        Whether subnormal numbers survive; where not, the cases that need them are skipped under that name.
    device : {"cpu", "cuda", "any"}
        Where its arrays lie.
    fma : {"hardware", "emulated", "none"}
        How a fused multiply-add is made.
    """

    profiles: frozenset[str] = field(default_factory=host_profiles)
    in_place: bool = True
    subnormals: bool = True
    device: Literal["cpu", "cuda", "any"] = "cpu"
    fma: Literal["hardware", "emulated", "none"] = "hardware"


class Prepared(ABC):
    """A kernel bound to the arrays that it updates, ready to run again and again.

    Parameters
    ----------
    recipe : Recipe
        What to compute.
    ps, ms, us : sequence of array
        Parameters, moments and norms: real arrays of the recipe's storage type, one entry a buffer, all of one shape
        within an entry.

    Raises
    ------
    ValueError, TypeError
        When they do not belong together, cannot be written, or share memory; nothing has changed then.
    """

    in_place = True
    """Whether the arrays are written where they lie; :meth:`run` returns new ones otherwise."""

    _progress: Progress = "some"

    def __init__(self, recipe: Recipe, ps: Arrays, ms: Arrays, us: Arrays) -> None:
        self.recipe = recipe
        self.ps: list[Any] = list(ps)  # of the library that the engine computes with
        self.ms: list[Any] = list(ms)
        self.us: list[Any] = list(us)
        require_equally_long(ps, ms, us)
        for p, m, u in zip(ps, ms, us, strict=True):
            require_alike(recipe.storage, p, p, m, u)
        if self.in_place:
            self._forms = [form_of(array) for array in self.written]
            host = self._host(self.written)
            for array in host:
                require_updatable(array)
            self._cover = Cover(bounds_of(host))
            if not self._cover.is_apart():
                require_apart(host)

    @property
    def progress(self) -> Progress:
        """Return how much :meth:`run` has written since the last :meth:`check` or :meth:`fits`.

        It is asked after an exception, which a signal can bring at any instruction. An engine that does not know answers
        "some", and the optimizer then refuses to go on.
        """
        return self._progress

    @property
    def written(self) -> list[Any]:
        """Every array that a step writes."""
        return [*self.ps, *self.ms, *self.us]

    @staticmethod
    def memory_of(array: Array) -> Array:
        """Return a NumPy array over the memory of an array, where it lies on the host; otherwise the array itself."""
        return array

    def _host(self, arrays: Arrays) -> list[HostArray]:
        return [array for array in map(self.memory_of, arrays) if isinstance(array, np.ndarray)]

    def holds(self, ps: Arrays, ms: Arrays, us: Arrays) -> bool:
        """Return whether these are the very arrays that were prepared, and none was changed otherwise than by its elements.

        An array that was resized, reshaped, moved or made read-only has to be prepared anew.
        """
        given = [*ps, *ms, *us]
        return (
            self.in_place
            and len(given) == len(self._forms)
            and all(map(is_, given, self.written))
            and list(map(form_of, given)) == self._forms
        )

    def fits(self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> bool:
        """Return whether :meth:`holds`; gradients are then checked as :meth:`check` does. An engine may ask about all at once."""
        if not self.holds(ps, ms, us):
            return False
        self.check(gs)
        return True

    def check(self, gs: Arrays) -> None:
        """Refuse gradients that do not fit; ValueError or TypeError. Nothing is written."""
        require_equally_long(self.ps, gs)
        for p, g, m, u in zip(self.ps, gs, self.ms, self.us, strict=True):
            require_alike(self.recipe.storage, p, g, m, u)
        if self.in_place and self._cover.may_meet(bounds_of(self._host(gs))):
            require_apart(self._host(self.written), self._host(gs))

    def bounds(self, gs: Arrays) -> tuple[HostArray, HostArray]:
        """Return first and last address of the written arrays, and of gradients that :meth:`check` has passed.

        Two arrays of shape ``(n, 2)``; empty where memory has no addresses that Python knows. An optimizer with several
        prepared steps compares them, for no step can look at another's arrays.
        """
        return bounds_of(self._host(self.written)), bounds_of(self._host(gs))

    @abstractmethod
    def run(self, gs: Arrays, constants: Constants) -> Three:
        """Do one step and return the new ``(ps, ms, us)``; gradients never change.

        What can be refused is refused before the first write, as :meth:`check` does. Whatever is raised after that
        leaves arrays of which nobody knows which have been stepped.

        Parameters
        ----------
        gs : sequence of array
            Gradients, like the parameters.
        constants : sequence of tuple of float
            For each buffer those of its step, in the order of ``recipe.constants``.
        """


class Kernel(ABC):
    """A compiled recipe, which is bound to arrays by :meth:`prepare`."""

    @abstractmethod
    def prepare(self, ps: Arrays, ms: Arrays, us: Arrays) -> Prepared:
        """Check arrays and lay them out for :meth:`Prepared.run`; nothing is written."""


@final
@dataclass(frozen=True)
class RecipeKernel(Kernel):
    """The kernel of an engine whose prepared steps need nothing but the recipe and the arrays.

    Attributes
    ----------
    make : callable
        ``make(ps, ms, us) -> Prepared``.
    """

    make: Callable[[Arrays, Arrays, Arrays], Prepared]

    def prepare(self, ps: Arrays, ms: Arrays, us: Arrays) -> Prepared:
        """Call `make`."""
        return self.make(ps, ms, us)


def require_equally_long(*lists: Sized) -> None:
    """Refuse lists of different lengths; ValueError."""
    if len(set(map(len, lists))) > 1:
        raise ValueError(f"lists of {list(map(len, lists))} items; they must be equally long")


class AbstractBackend(ABC):
    """An engine: where arrays live, and how a recipe is run on them.

    Attributes
    ----------
    name : str
        Name of the entry point.
    priority : int or None
        Among engines that own an array the one with the highest priority takes it; None comes after all others, so that
        an engine of another package displaces one of this only if it says so.
    remedy : str
        What to install when it is unavailable, as one command or sentence.
    """

    name: str
    priority: int | None = None
    remedy: str = ""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """Return the abilities of this engine here; raises :class:`BackendUnavailable` like everything else."""

    @abstractmethod
    def owns(self, array: Array) -> bool:
        """Return whether `array` is of a kind that this engine computes on; never imports anything."""

    @abstractmethod
    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes.

        Raises
        ------
        BackendUnavailable
            When the engine or something the recipe needs is not to be had here.
        """

    @final
    def step(self, recipe: Recipe, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Constants) -> Three:
        """Do one step of a recipe and return the new ``(ps, ms, us)``: compile, prepare and run at once."""
        require_equally_long(ps, gs, ms, us, constants)
        return self.compile(recipe).prepare(ps, ms, us).run(gs, constants)

    @abstractmethod
    def from_host(self, value: HostArray, like: Array | None = None) -> Array:
        """Return a new array that holds `value`, of the namespace, dtype and device of `like` when that is given."""

    @abstractmethod
    def to_host(self, array: Array) -> HostArray:
        """Return a NumPy copy."""

    @abstractmethod
    def zeros_like(self, array: Array) -> Array:
        """Return zeros of the same namespace, shape, dtype, device and, where there is one, memory layout."""

    def check(self, array: Array) -> None:
        """Refuse an array that could not be updated (read-only, overlapping itself); ValueError with the remedy."""
        return None

    def split(self, array: Array) -> list[Array]:
        """Return the real buffers an array consists of: itself, or real and imaginary part."""
        own: Any = array
        return [own.real, own.imag] if profile_of(array).startswith("c") else [array]

    def join(self, parts: Arrays, like: Array) -> Array:
        """Put together what :meth:`split` took apart; in place that is `like` itself, which the parts are views of."""
        return like

    def pieces(self, arrays: Arrays, cut: Cut) -> Pieces:
        """Cut real buffers of one shape, as `cut` does with NumPy arrays; an engine that writes in place gives views."""
        return cut(arrays)

    def count(self, step: StepCounter, number: int) -> StepCounter:
        """Return a step counter advanced by one, to `number`; in place where it can be, and without waiting for a device."""
        step += 1
        return step

    def synchronize(self) -> None:
        """Wait until everything that was started has ended."""
        return None

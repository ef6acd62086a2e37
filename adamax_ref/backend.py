"""What an engine has to offer, and how the engines that are installed are found.

The core never imports an engine by name: it asks the entry-point group ``adamax_ref.backends``, and so a package of
somebody else's can add one. An engine is *exact* when ``adamax-ref verify backend:NAME`` says so.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, final

import numpy as np

from .law.recipe import Recipe

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "adamax_ref.backends"

Arrays = Sequence[Any]
Kernel = Callable[[Arrays, Arrays, Arrays, Arrays, Sequence[tuple[float, ...]]], tuple[Arrays, Arrays, Arrays]]
"""``kernel(ps, gs, ms, us, constants) -> (ps, ms, us)``.

Five sequences of equal length, one entry a buffer: real arrays of the recipe's storage type, all of one shape within
an entry, and the constants of that buffer's step in the order of ``recipe.constants``. An engine that works in place
returns the arrays it was given; the others return new ones and leave the given ones alone. Gradients never change.

An engine that works in place makes a :class:`PreparedKernel` of it, so that what it refuses is known before any engine
has written. Of a plain function nobody knows when it begins to write: whatever it raises counts as raised half way.
"""

Run = Callable[[Sequence[tuple[float, ...]]], tuple[Arrays, Arrays, Arrays]]
"""``run(constants) -> (ps, ms, us)``: the part of a kernel that writes."""


@final
class PreparedKernel:
    """A kernel in two parts, of which only the second writes.

    Parameters
    ----------
    prepare : callable
        ``prepare(ps, gs, ms, us) -> run``: checks the buffers, raises when one cannot be stepped, and changes nothing.
        What it returns is called once with the constants, while nobody else changes the buffers.

    Examples
    --------
    >>> kernel = PreparedKernel(lambda ps, gs, ms, us: lambda constants: (ps, ms, us))
    >>> kernel([1.0], [2.0], [3.0], [4.0], [()])
    ([1.0], [3.0], [4.0])
    """

    __slots__ = ("prepare",)

    def __init__(self, prepare: Callable[[Arrays, Arrays, Arrays, Arrays], Run]) -> None:
        self.prepare = prepare

    def __call__(
        self, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Sequence[tuple[float, ...]]
    ) -> tuple[Arrays, Arrays, Arrays]:
        """Do both."""
        return self.prepare(ps, gs, ms, us)(constants)


def prepared(kernel: Kernel, ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> Run:
    """Return the part of a kernel that writes, the buffers being checked; of a plain function that is all of it.

    Examples
    --------
    >>> prepared(lambda ps, gs, ms, us, constants: (ps, ms, us), [1.0], [2.0], [3.0], [4.0])([()])
    ([1.0], [3.0], [4.0])
    """
    prepare = getattr(kernel, "prepare", None)
    return partial(kernel, ps, gs, ms, us) if prepare is None else prepare(ps, gs, ms, us)


PROFILE_OF_DTYPE = {
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "bfloat16": "bf16",
    "complex64": "c64",
    "complex128": "c128",
}


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
    """What an engine can do, as data; each item has a test behind it.

    Attributes
    ----------
    profiles : frozenset of str
        Profiles it computes in; by default all that NumPy can hold, see :func:`host_profiles`.
    in_place : bool
        Whether parameters are written where they lie.
    subnormals : bool
        Whether subnormal numbers survive; where not, the cases that need them are skipped under that name.
    device : str
        ``"cpu"``, ``"cuda"``, or ``"any"``.
    fma : str
        How a fused multiply-add is made: ``"hardware"``, ``"emulated"``, ``"none"``.
    """

    profiles: frozenset[str] = field(default_factory=host_profiles)
    in_place: bool = True
    subnormals: bool = True
    device: str = "cpu"
    fma: str = "hardware"


class AbstractBackend(ABC):
    """An engine: where arrays live, and how a recipe is run on them.

    Attributes
    ----------
    name : str
        Name of the entry point.
    priority : int
        Among engines that own an array the one with the highest priority takes it.
    remedy : str
        What to install when it is unavailable, as one command or sentence.
    """

    name: str
    priority: int = 0
    remedy: str = ""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this engine can do here; raises :class:`BackendUnavailable` like everything else."""

    @abstractmethod
    def owns(self, array: Any) -> bool:
        """Whether `array` is of a kind that this engine computes on; never imports anything."""

    @abstractmethod
    def compile(self, recipe: Recipe) -> Kernel:
        """Return the kernel for a recipe, the same one for equal recipes.

        Raises
        ------
        BackendUnavailable
            When the engine or something the recipe needs is not to be had here.
        """

    @abstractmethod
    def from_host(self, value: np.ndarray[Any, Any], like: Any = None) -> Any:
        """Return a new array that holds `value`, of the namespace, dtype and device of `like` when that is given."""

    @abstractmethod
    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """Return a NumPy copy."""

    @abstractmethod
    def zeros_like(self, array: Any) -> Any:
        """Return zeros of the same namespace, shape, dtype, device and, where there is one, memory layout."""

    def check(self, array: Any) -> None:
        """Refuse an array that could not be updated (read-only, overlapping itself); ValueError with the remedy."""
        return None

    def split(self, array: Any) -> list[Any]:
        """Return the real buffers an array consists of: itself, or real and imaginary part."""
        return [array.real, array.imag] if profile_of(array).startswith("c") else [array]

    def join(self, parts: Sequence[Any], like: Any) -> Any:
        """Put together what :meth:`split` took apart; in place that is `like` itself, which the parts are views of."""
        return like

    def pieces(self, arrays: Sequence[Any], cut: Callable[[Any], tuple[list[Any], list[Any]]]) -> tuple[list[Any], list[Any]]:
        """Cut real buffers of one shape, as `cut` does with NumPy arrays; an engine that writes in place gives views."""
        return cut(arrays)

    def count(self, step: Any, number: int) -> Any:
        """Return a step counter advanced by one, to `number`; in place where it can be, and without waiting for a device."""
        step += 1
        return step

    def synchronize(self) -> None:
        """Wait until everything that was started has ended."""
        return None


def dtype_name(array: Any) -> str:
    """Name of an array's dtype without namespace or byte order, e.g. ``"float32"``.

    Examples
    --------
    >>> dtype_name(np.zeros(1, dtype=">f4"))
    'float32'
    """
    return _name_of_dtype(array.dtype)


@lru_cache(maxsize=256, typed=True)  # dtypes of different namespaces must not be compared
def _name_of_dtype(dtype: Any) -> str:
    """Return the bare name; cached, for NumPy takes 5 microseconds to make one."""
    return str(getattr(dtype, "name", dtype)).rsplit(".", 1)[-1]


def profile_of(array: Any) -> str:
    """Name of the profile whose storage type an array has.

    Raises
    ------
    TypeError
        When it is of another type; the message names it.

    Examples
    --------
    >>> profile_of(np.zeros(3, dtype=np.complex64))
    'c64'
    """
    name = dtype_name(array)
    if name not in PROFILE_OF_DTYPE:
        raise TypeError(f"Adamax needs a floating or complex dtype, not {name}; one of {', '.join(PROFILE_OF_DTYPE)}")
    return PROFILE_OF_DTYPE[name]


@cache
def _registered() -> tuple["EntryPoint", ...]:
    from importlib.metadata import entry_points  # takes a third of the package's import time, so not before it is needed

    return tuple(entry_points(group=GROUP))


@cache
def backend_names() -> tuple[str, ...]:
    """Names of all engines that are registered, available or not.

    Examples
    --------
    >>> "numpy" in backend_names()
    True
    """
    return tuple(sorted({point.name for point in _registered()}))


@cache
def get_backend(name: str) -> AbstractBackend:
    """Return the engine of that name.

    Raises
    ------
    ValueError
        When no engine is registered under `name`; the message lists those that are.
    BackendUnavailable
        When it is registered but cannot be imported.

    Examples
    --------
    >>> get_backend("numpy").name
    'numpy'
    """
    for point in _registered():
        if point.name == name:
            try:
                backend: AbstractBackend = point.load()
            except (ImportError, AttributeError) as error:
                raise BackendUnavailable(f"backend {name!r} cannot be imported ({error})") from error
            return backend
    raise ValueError(f"unknown backend {name!r}; registered are {', '.join(backend_names())}")


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


def backend_for(array: Any) -> AbstractBackend:
    """Return the available engine of the highest priority that owns `array`.

    Raises
    ------
    TypeError
        When no available engine does.

    Examples
    --------
    >>> backend_for(np.zeros(3)).owns(np.zeros(3))
    True
    """
    for backend in _by_priority():
        if backend.owns(array):
            return backend
    kind = f"{type(array).__module__}.{type(array).__qualname__}"
    raise TypeError(f"no available backend computes on {kind}; `adamax-ref backends` lists what there is and what to install")


@cache
def _by_priority() -> tuple[AbstractBackend, ...]:
    usable = (get_backend(name) for name in backend_names() if why_unavailable(name) is None)
    return tuple(sorted(usable, key=lambda backend: (-backend.priority, backend.name)))

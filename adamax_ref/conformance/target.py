"""Base class of targets, which describe themselves and answer cases, and cases as NumPy arrays for those in this process.

A malformed pattern, a wrong length or a negative counter cannot become arrays: such a case is not sent to a target in this
process.
"""

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, final

import numpy as np

from adamax_ref.golden.case import Case
from adamax_ref.golden.patterns import decode, encode
from adamax_ref.recipe.profile import PROFILES, Format

from .answer import Answer, Hello, Reported

_DTYPES = {"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "c64": "complex64", "c128": "complex128"}

Array = np.ndarray[Any, Any]


class Unaskable(Exception):
    """A case that cannot be put to a target in this process; it counts neither for nor against it."""


@final
@dataclass(frozen=True)
class Start:
    """Parameter and state as arrays of the profile, gradients one for each step or None where it is skipped."""

    theta: Array
    m: Array
    u: Array
    grads: tuple[Array | None, ...]


def dtype_of(profile: str) -> np.dtype[Any]:
    """Return the NumPy type of a profile; bfloat16 needs the package ml_dtypes.

    Examples
    --------
    >>> dtype_of("c64")
    dtype('complex64')
    """
    if profile == "bf16":
        from ml_dtypes import bfloat16

        made: np.dtype[Any] = np.dtype(bfloat16)
        return made
    return np.dtype(_DTYPES[profile])


def start_of(case: Case) -> Start:
    """Turn a case into arrays.

    Raises
    ------
    Unaskable
        When a pattern is malformed, a length does not fit the shape, or the counter is negative.
    """
    if case.init.t < 0:
        raise Unaskable("a negative counter")
    grads = tuple(None if each.grad is None else _array(each.grad, case) for each in case.steps)
    theta, m, u = (_array(getattr(case.init, name), case) for name in ("theta", "m", "u"))
    return Start(theta, m, u, grads)


def _array(text: str, case: Case) -> Array:
    try:
        numbers = decode(text, case.form)
    except ValueError as error:
        raise Unaskable("malformed arrays") from error
    parts = 2 if PROFILES[case.profile].is_complex else 1
    count = parts * math.prod(case.shape)
    if len(numbers) != count:
        raise Unaskable("malformed arrays")
    real = np.array(numbers, dtype=np.float64)
    dtype = dtype_of(case.profile)
    made = real.astype(dtype) if parts == 1 else real.astype(dtype.type(0).real.dtype).view(dtype)
    return made.reshape(case.shape)


def text_of(array: Array, form: Format) -> str:
    """Write an array as patterns; a complex number is two.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> text_of(np.array([1 - 2j], dtype=np.complex64), BINARY32)
    '3f800000 c0000000'
    """
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.kind == "c":
        flat = flat.view(flat.real.dtype)
    with np.errstate(invalid="ignore"):  # a NaN that signals is an answer like any other
        numbers = flat.astype(np.float64).tolist()
    return encode(numbers, form)


class Refusal(Exception):
    """Input that an implementation refused as illegal; the message is the implementation's."""


class TargetUnavailable(RuntimeError):
    """A target that could not be run; the message says why and what to do."""


class Target(ABC):
    """An implementation under test."""

    @property
    @abstractmethod
    def hello(self) -> Hello:
        """Description of the target by itself."""

    @abstractmethod
    def run(self, case: Case) -> Answer:
        """Answer one case, whatever happens; an implementation's faults become an ``error`` answer."""

    def declares(self, dialect: str) -> tuple[str, ...]:
        """Return the freedoms that the target takes in a dialect; by default those of its hello."""
        return self.hello.declares

    @final
    def hello_for(self, dialect: str) -> Hello:
        """Return the hello with the freedoms that hold in one dialect."""
        return replace(self.hello, declares=self.declares(dialect))

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the course of the run, for the reader of the report."""
        return ()

    @property
    def answered(self) -> frozenset[str]:
        """Ids of cases that were answered before anybody asked; each must be in the corpus."""
        return frozenset()

    def record(self, path: Path) -> None:
        """Write a transcript of everything that follows to a file; ValueError for a target with which nothing is exchanged."""
        raise ValueError(f"{type(self).__name__} runs in this process; only a program (-- COMMAND ARGS...) has a transcript")

    def close(self) -> None:
        """Release what the target holds."""
        return None

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()


def attempt(case: Case, run: Callable[[Case], tuple[Reported, ...]]) -> Answer:
    """Run a case in this process: a Refusal is one, anything else that is raised is an error.

    That holds for what leaves a program or a test too (``sys.exit``, ``pytest.skip``): it must not end the judge.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = open_corpus().cases("torch", "f32")[0]
    >>> attempt(case, lambda case: ()).steps
    ()
    """
    try:
        return Answer(case.id, steps=run(case))
    except Refusal as refusal:
        return Answer(case.id, refused=str(refusal))
    except Unaskable as reason:
        return Answer(case.id, unasked=str(reason))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an implementation under test may raise anything
        return Answer(case.id, error=("adapter-error", f"{type(error).__name__}: {error}"))


def about(implementation: Callable[..., object]) -> tuple[str, str]:
    """Return name and version of an implementation in Python.

    Examples
    --------
    >>> about(np.linalg.norm) == ("numpy.linalg.norm", np.__version__)
    True
    """
    module = getattr(implementation, "__module__", None) or type(implementation).__module__
    name = getattr(implementation, "__qualname__", None) or getattr(implementation, "__name__", type(implementation).__qualname__)
    top = module.partition(".")[0]
    try:
        return f"{module}.{name}", version(top)
    except PackageNotFoundError:
        return f"{module}.{name}", str(getattr(sys.modules.get(top), "__version__", "unknown"))

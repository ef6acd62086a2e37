"""Problems of a measurement: parameters of some sizes and one type, with or without weight decay."""

import json
from dataclasses import dataclass
from math import prod
from operator import index
from pathlib import Path
from typing import Any, final

import numpy as np

from adamax_ref.arrays.memory import STORED
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES

from .row import Row

Host = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class Problem:
    """Parameters to step.

    Attributes
    ----------
    tensors, size : int
        How many parameters, and elements of each.
    profile : {"f64", "f32", "f16", "bf16"}
        Their type.
    decay : float
        Weight decay.
    model : str
        Name of a list of shapes; `size` is then the mean.
    shapes : tuple of tuple of int
        Of the parameters of a model; empty where all have `size` elements.

    Examples
    --------
    >>> str(Problem(1000, 1000))
    '1000 x 1000 f32'
    >>> str(of_model("resnet50"))
    'resnet50 (161 tensors) f32'
    """

    tensors: int
    size: int
    profile: str = "f32"
    decay: float = 0.0
    model: str = ""
    shapes: tuple[tuple[int, ...], ...] = ()

    @property
    def elements(self) -> int:
        """Elements of all parameters together."""
        return sum(map(prod, self.shapes)) if self.shapes else self.tensors * self.size

    @property
    def itemsize(self) -> int:
        """Bytes of an element in memory."""
        return PROFILES[self.profile].storage.width // 8

    @property
    def hyper(self) -> Hyperparameters:
        """The hyperparameters of every contender."""
        return Hyperparameters(lr=2e-3, weight_decay=self.decay)

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy's dtype; for bfloat16 that of ml_dtypes."""
        if self.profile == "bf16":
            from ml_dtypes import bfloat16

            brain: np.dtype[Any] = np.dtype(bfloat16)
            return brain
        return np.dtype(STORED[PROFILES[self.profile].storage.name])

    def start(self) -> tuple[list[Host], list[Host]]:
        """Return parameters and gradients, the same at every call."""
        rng = np.random.default_rng(2015)
        flat = (rng.standard_normal(self.elements, np.float32).astype(self.dtype) for _ in "pg")
        ps, gs = (self._cut(values) for values in flat)
        return ps, gs

    def _cut(self, values: Host) -> list[Host]:
        """Return a copy for each parameter."""
        shapes = self.shapes or ((self.size,),) * self.tensors
        ends = np.cumsum([prod(shape) for shape in shapes])[:-1]
        return [piece.reshape(shape).copy() for piece, shape in zip(np.split(values, ends), shapes, strict=True)]

    def row(self) -> Row:
        """Return what a record says of the problem; the shapes stand in their file."""
        own: Row = {"tensors": self.tensors, "size": self.size, "profile": self.profile, "decay": self.decay}
        return own | ({"model": self.model} if self.model else {})

    def __str__(self) -> str:
        what = f"{self.model} ({self.tensors} tensors)" if self.model else f"{self.tensors} x {self.size}"
        return f"{what} {self.profile}" + (" decay" if self.decay else "")


def of_model(name: str, profile: str = "f32", decay: float = 0.0) -> Problem:
    """Return the problem of a model's parameters.

    Parameters
    ----------
    name : str
        One of :func:`models`, or the path of a JSON file with a list of shapes, such as ``[[100, 64], [64]]``.
    profile, decay
        As of :class:`Problem`.

    Raises
    ------
    ValueError
        When there is no such list, or it holds something else; the message says what.

    Examples
    --------
    >>> of_model("mlp").elements
    7074
    """
    file = _MODELS / f"{name}.json" if name in models() else Path(name)
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
        shapes = tuple(tuple(map(index, shape)) for shape in listed)
    except (OSError, TypeError, ValueError) as error:
        known = ", ".join(models())
        raise ValueError(f"{name!r} is neither one of {known} nor a JSON file with a list of shapes ({error})") from error
    if not shapes or min((length for shape in shapes for length in shape), default=1) < 1:
        raise ValueError(f"the shapes in {name!r} must be a list of lists of lengths, each at least 1")
    return Problem(len(shapes), sum(map(prod, shapes)) // len(shapes), profile, decay, file.stem, shapes)


def models() -> tuple[str, ...]:
    """Names of the lists of shapes that come with the package.

    Examples
    --------
    >>> models()
    ('gpt2-small', 'mlp', 'resnet50')
    """
    return tuple(sorted(file.stem for file in _MODELS.glob("*.json")))


_MODELS = Path(__file__).with_name("models")

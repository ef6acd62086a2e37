"""What is measured: so many parameters of one size and type, with or without weight decay."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from adamax_ref.law.hyper import Hyperparameters
from adamax_ref.law.profile import PROFILES
from adamax_ref.memory import STORED

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

    Examples
    --------
    >>> str(Problem(1000, 1000))
    '1000 x 1000 f32'
    """

    tensors: int
    size: int
    profile: str = "f32"
    decay: float = 0.0

    @property
    def elements(self) -> int:
        """Elements of all parameters together."""
        return self.tensors * self.size

    @property
    def itemsize(self) -> int:
        """Bytes of an element in memory."""
        return PROFILES[self.profile].storage.width // 8

    @property
    def hyper(self) -> Hyperparameters:
        """The hyperparameters of every contender."""
        return Hyperparameters(lr=2e-3, weight_decay=self.decay)

    @property
    def dtype(self) -> Any:
        """NumPy's dtype; for bfloat16 that of ml_dtypes."""
        if self.profile == "bf16":
            from ml_dtypes import bfloat16

            return np.dtype(bfloat16)
        return np.dtype(STORED[PROFILES[self.profile].storage.name])

    def start(self) -> tuple[list[Host], list[Host]]:
        """Return parameters and gradients, the same at every call."""
        rng = np.random.default_rng(2015)
        flat = (rng.standard_normal(self.elements, np.float32).astype(self.dtype) for _ in "pg")
        ps, gs = (list(values.reshape(self.tensors, self.size)) for values in flat)
        return [p.copy() for p in ps], [g.copy() for g in gs]

    def __str__(self) -> str:
        return f"{self.tensors} x {self.size} {self.profile}" + (" decay" if self.decay else "")

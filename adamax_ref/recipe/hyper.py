"""Hyperparameters of one step, validated with the words PyTorch uses."""

import math
from dataclasses import dataclass
from typing import Any, final


@final
@dataclass(frozen=True)
class Hyperparameters:
    """The numbers a step depends on beside parameters, gradients and state.

    Parameters
    ----------
    lr : float
        Learning rate, in ``[0, inf]``.
    beta1, beta2 : float
        Decay rates of the first moment and of the infinity norm, each in ``[0, 1)``.
    eps : float
        Term that keeps the divisor from zero, in ``[0, inf]``.
    weight_decay : float
        Coefficient of the weight decay, in ``[0, inf]``; its effect depends on the dialect.
    maximize : bool
        Ascend instead of descend.

    Raises
    ------
    ValueError
        When a number lies outside its range or is NaN; the first of lr, eps, beta1, beta2, weight_decay is named.
        The message is PyTorch's (torch/optim/adamax.py, 2.13); a note on the exception tells the remedy.
    TypeError
        When a value is not a real number.

    Examples
    --------
    >>> Hyperparameters(lr=-1.0)
    Traceback (most recent call last):
    ...
    ValueError: Invalid learning rate: -1.0
    The learning rate must be at least 0; pass maximize=True to ascend.
    """

    lr: float = 2e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    maximize: bool = False

    def __post_init__(self) -> None:
        below_one = "A beta must lie in [0, 1); 0 switches the memory off."
        _check(self.lr, math.inf, "Invalid learning rate: ", "The learning rate must be at least 0; pass maximize=True to ascend.")
        _check(self.eps, math.inf, "Invalid epsilon value: ", "Epsilon must be at least 0; 1e-8 is the usual value.")
        _check(self.beta1, 1.0, "Invalid beta parameter at index 0: ", below_one)
        _check(self.beta2, 1.0, "Invalid beta parameter at index 1: ", below_one)
        _check(self.weight_decay, math.inf, "Invalid weight_decay value: ", "Weight decay must be at least 0; 0 switches it off.")

    @property
    def betas(self) -> tuple[float, float]:
        """Both betas, in PyTorch's order."""
        return self.beta1, self.beta2


def _check(value: Any, end: float, words: str, remedy: str) -> None:
    """Refuse what is not a real number in ``[0, end)``, or in ``[0, inf]`` where `end` is infinite."""
    try:
        legal = 0.0 <= value < end or (math.isinf(end) and value == end)
    except TypeError:
        error: Exception = TypeError(f"{words}{value!r} (expected a real number)")
        legal = False
    else:
        error = ValueError(f"{words}{value}")
    if not legal:
        error.add_note(remedy)
        raise error

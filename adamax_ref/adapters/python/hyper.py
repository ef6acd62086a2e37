"""Hyperparameters and which of them an Adamax must refuse, and its state."""

from dataclasses import dataclass


@dataclass
class Hyper:
    """The hyperparameters."""

    lr: float
    beta1: float
    beta2: float
    eps: float
    weight_decay: float
    maximize: bool

    def check(self) -> None:
        """Refuse what is out of range with a ValueError; call your own checks here if you have some."""
        if not self.lr >= 0:  # a NaN fails every comparison
            raise ValueError("lr must be at least 0")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError("beta1 and beta2 must lie in [0, 1)")
        if not (self.eps >= 0 and self.weight_decay >= 0):
            raise ValueError("eps and weight_decay must be at least 0")


@dataclass
class State:
    """Parameter, moments and step counter."""

    theta: list[float]
    m: list[float]
    u: list[float]
    t: int

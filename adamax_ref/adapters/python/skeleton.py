"""Your Adamax: what it is, what it refuses, and one step of it."""

from dataclasses import dataclass

# No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
ABOUT = {"name": "my adamax", "version": "1", "dialects": [], "features": ["init-state", "lr-schedule", "skip"]}


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
        """Refuse what is out of range with a ValueError; call your own checks here. A NaN fails every comparison."""
        if not self.lr >= 0:
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


def step(state: State, grad: list[float], h: Hyper, profile: str) -> None:
    """Make one step: count it, and change theta, m and u."""
    state.t += 1  # write your step in place of this line

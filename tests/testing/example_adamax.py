"""Adamaxes as a user would write them: a class and a function, each right and with one mistake."""

from typing import Any

import numpy as np


class Mine:
    """An optimizer class over NumPy arrays, with PyTorch's options and state."""

    norm_decay = staticmethod(lambda beta1, beta2: beta2)

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: Any = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        maximize: bool = False,
    ) -> None:
        for name, value in (("lr", lr), ("eps", eps), ("weight_decay", weight_decay)):
            if not value >= 0:
                raise ValueError(f"{name} must be at least 0, not {value}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must lie in [0, 1), not {betas}")
        self.params, self.lr, self.betas, self.eps = list(params), lr, betas, eps
        self.weight_decay, self.maximize = weight_decay, maximize
        self.state: dict[Any, dict[str, Any]] = {}

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for param in self.params:
            if param.grad is not None:
                self._update(param, -param.grad if self.maximize else param.grad)

    def _update(self, param: Any, g: Any) -> None:
        zeros = np.zeros_like(param.data)
        state = self.state.setdefault(param, {"step": 0, "exp_avg": zeros, "exp_inf": zeros})
        beta1, beta2 = self.betas
        state["step"] += 1
        if self.weight_decay:
            g = g + self.weight_decay * param.data
        state["exp_avg"] = beta1 * state["exp_avg"] + (1 - beta1) * g
        state["exp_inf"] = np.maximum(self.norm_decay(beta1, beta2) * state["exp_inf"], abs(g) + self.eps)
        param.data = param.data - self.lr / (1 - beta1 ** state["step"]) * state["exp_avg"] / state["exp_inf"]


class Forgetful(Mine):
    """With the wrong decay rate in the norm: bug B16."""

    norm_decay = staticmethod(lambda beta1, beta2: beta1)


class Secretive:
    """Has no state that can be looked at, and neither weight decay nor maximize."""

    def __init__(self, params: Any, lr: float = 2e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8) -> None:
        self.inner = Mine(params, lr, betas, eps)

    def step(self) -> None:
        """Update."""
        self.inner.step()


def step(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
    """Do a step of the Adamax in the paper."""
    m = hyper.beta1 * m + (1 - hyper.beta1) * g
    u = np.maximum(hyper.beta2 * u, abs(g))
    return p - hyper.lr / (1 - hyper.beta1**t) * m / u, m, u


def uncorrected(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
    """Leave out the bias correction: bug B01."""
    m = hyper.beta1 * m + (1 - hyper.beta1) * g
    u = np.maximum(hyper.beta2 * u, abs(g))
    return p - hyper.lr * m / u, m, u

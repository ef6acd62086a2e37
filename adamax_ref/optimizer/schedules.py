"""Learning-rate schedules: PyTorch's linear warm-up, cosine annealing and sequence, to the last bit.

The values are formed by the chained formulas of ``torch/optim/lr_scheduler.py``, in the same order, on Python floats:
each learning rate comes from the one before it. State dictionaries can be exchanged with PyTorch's, and the attributes
have PyTorch's names for that reason.
"""

import math
import warnings
from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np

from .hookable import Hookable
from .hypers import number
from .tensors import is_tensor

_RESUME = (
    "param 'initial_lr' is not specified in param_groups[{}] when resuming scheduler with last_epoch >= 0.\n"
    "Load the optimizer's state before, or start with last_epoch=-1."
)
_ORDER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite order: otherwise the "
    "first value of the learning rate schedule is skipped."
)
_LAST = "To get the last learning rate computed by the scheduler, please use `get_last_lr()`."


class Schedule(ABC):
    """Sets the learning rate of every group, step by step.

    Parameters
    ----------
    optimizer : Adamax
        Its groups get the key ``initial_lr``; ``lr`` is overwritten, already on construction.
    last_epoch : int
        -1 to begin; otherwise the number of the last step that was taken.

    Raises
    ------
    TypeError
        When `optimizer` is none of this package.
    KeyError
        When a group lacks ``initial_lr`` although steps have been taken.
    """

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Hookable):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer: Any = optimizer
        for at, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(_RESUME.format(at))
        self.base_lrs = self._values("initial_lr")
        self.last_epoch = last_epoch
        self._is_initial = False
        self._get_lr_called_within_step = False
        self._last_lr: list[Any] = []
        self.begin()

    @abstractmethod
    def chained(self) -> list[Any]:
        """Return the learning rates at ``last_epoch``, formed from those before it."""

    @abstractmethod
    def closed(self) -> list[Any]:
        """Return the learning rates at ``last_epoch``, formed from the first ones."""

    def begin(self) -> None:
        """Take step 0."""
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def step(self) -> None:
        """Set the next learning rates; to be called after the optimizer's step."""
        if self._step_count == 1 and not self.optimizer.has_stepped:
            warnings.warn(_ORDER, UserWarning, stacklevel=2)
        self._step_count += 1
        self.move_to(None)

    def move_to(self, epoch: int | None) -> None:
        """Set the learning rates of the next step, or by the closed formula those of step `epoch`."""
        self._get_lr_called_within_step = True
        try:
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            values = self.chained() if epoch is None else self.closed()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            assign(group, lr)
        self._last_lr = self._values("lr")

    def get_lr(self) -> list[Any]:
        """Return what the next step would set; :meth:`get_last_lr` is nearly always what is wanted."""
        if not self._get_lr_called_within_step:
            warnings.warn(_LAST, UserWarning, stacklevel=2)
        return self.chained()

    def get_last_lr(self) -> list[Any]:
        """Return the learning rate of each group as it was set last."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a saved state, ours or PyTorch's; the optimizer's own has to be loaded after it."""
        self.__dict__.update(state_dict)

    def _values(self, key: str) -> list[Any]:
        return [copied(group[key]) for group in self.optimizer.param_groups]


@final
class LinearLR(Schedule):
    """Change the learning rate linearly from one multiple of it to another.

    Parameters
    ----------
    optimizer : Adamax
        Whose learning rates are set.
    start_factor : float
        First multiple, in ``(0, 1]``.
    end_factor : float
        Last multiple, in ``[0, 1]``.
    total_iters : int
        Number of steps between them, at least 1; the learning rate stays as it is afterwards.
    last_epoch : int
        See :class:`Schedule`.

    Raises
    ------
    ValueError
        When a factor or `total_iters` is out of range.

    Examples
    --------
    >>> from adamax_ref import Adamax, Parameter
    >>> optimizer = Adamax([Parameter(np.zeros(1), grad=np.ones(1))], lr=0.1)
    >>> schedule = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.07500000000000001]
    """

    def __init__(
        self, optimizer: Any, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if not 0 <= end_factor <= 1:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        if total_iters < 1:
            raise ValueError(f"total_iters must be at least 1, got {total_iters}; with fewer the learning rate never rises")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def chained(self) -> list[Any]:
        """Return the former learning rates times the ratio of two neighbouring multiples."""
        lrs = self._values("lr")
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in lrs]
        if self._is_initial or self.last_epoch > self.total_iters:
            return lrs
        rise = self.end_factor - self.start_factor
        factor = 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)
        return [lr * factor for lr in lrs]

    def closed(self) -> list[Any]:
        """Return the first learning rates times the multiple of this step."""
        steps = min(self.total_iters, self.last_epoch)
        factor = self.start_factor + (self.end_factor - self.start_factor) * steps / self.total_iters
        return [lr * factor for lr in self.base_lrs]


@final
class CosineAnnealingLR(Schedule):
    """Let the learning rate swing between its first value and a least one, along a cosine.

    Parameters
    ----------
    optimizer : Adamax
        Whose learning rates are set.
    T_max : int
        Steps from the first value to the least, at least 1; afterwards it rises again.
    eta_min : float
        The least learning rate.
    last_epoch : int
        See :class:`Schedule`.

    Raises
    ------
    ValueError
        When `T_max` is less than 1.

    Examples
    --------
    >>> from adamax_ref import Adamax, Parameter
    >>> optimizer = Adamax([Parameter(np.zeros(1), grad=np.ones(1))], lr=0.1)
    >>> schedule = CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step(); schedule.step(); schedule.get_last_lr()
    [0.05]
    """

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_max < 1:
            raise ValueError(f"T_max must be at least 1, got {T_max}; it is half the period in steps")
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def chained(self) -> list[Any]:
        """Return the former learning rates moved along the cosine; three cases, as PyTorch has them."""
        lrs, least, now, period = self._values("lr"), self.eta_min, self.last_epoch, self.T_max
        if self._is_initial:
            return lrs
        if self._step_count == 1 and now > 0:
            return [least + (base - least) * (1 + math.cos(now * math.pi / period)) / 2 for base in self.base_lrs]
        if (now - 1 - period) % (2 * period) == 0:
            rise = 1 - math.cos(math.pi / period)
            return [lr + (base - least) * rise / 2 for base, lr in zip(self.base_lrs, lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * now / period)) / (1 + math.cos(math.pi * (now - 1) / period))
        return [ratio * (lr - least) + least for lr in lrs]

    def closed(self) -> list[Any]:
        """Return the point of the cosine at this step."""
        swing = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * swing / 2 for base in self.base_lrs]


def copied(lr: Any) -> Any:
    """Return a learning rate that a later change in place does not reach."""
    if is_tensor(lr):
        return lr.clone()
    return lr.copy() if isinstance(lr, np.ndarray) else lr


def assign(group: dict[str, Any], lr: Any) -> None:
    """Set a group's learning rate; an array of one element that can be written to is filled in place."""
    held = group["lr"]
    if is_tensor(held):
        held.fill_(number(lr))
    elif isinstance(held, np.ndarray):
        held.fill(number(lr))
    else:
        group["lr"] = lr

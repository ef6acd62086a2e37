"""Base class of learning-rate schedules: base rates, counting, warnings, and state dictionaries like PyTorch's.

The attributes have PyTorch's names, for they are the keys of its state dictionaries.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from adamax_ref.recipe.types import Number

from .hooks import Hookable
from .options import number
from .tensors import is_tensor
from .types import Group

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
        self._last_lr: list[Number] = []
        self.begin()

    @abstractmethod
    def chained(self) -> list[Number]:
        """Return the learning rates at ``last_epoch``, formed from those before it."""

    @abstractmethod
    def closed(self) -> list[Number]:
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

    def get_lr(self) -> list[Number]:
        """Return what the next step would set; :meth:`get_last_lr` is nearly always what is wanted."""
        if not self._get_lr_called_within_step:
            warnings.warn(_LAST, UserWarning, stacklevel=2)
        return self.chained()

    def get_last_lr(self) -> list[Number]:
        """Return the learning rate of each group as it was set last."""
        return self._last_lr

    def state_dict(self) -> dict[str, object]:
        """Return everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, object]) -> None:
        """Take over a saved state, ours or PyTorch's; the optimizer's own has to be loaded after it."""
        self.__dict__.update(state_dict)

    def _values(self, key: Literal["lr", "initial_lr"]) -> list[Number]:
        return [copied(group[key]) for group in self.optimizer.param_groups]


def copied(lr: Any) -> Any:
    """Return a learning rate that a later change in place does not reach."""
    if is_tensor(lr):
        return lr.clone()
    return lr.copy() if isinstance(lr, np.ndarray) else lr


def assign(group: Group, lr: Number) -> None:
    """Set a group's learning rate; an array of one element that can be written to is filled in place."""
    held = group["lr"]
    if is_tensor(held):
        held.fill_(number(lr))
    elif isinstance(held, np.ndarray):
        held.fill(number(lr))
    else:
        group["lr"] = lr

"""Learning-rate schedules: PyTorch's linear warm-up and cosine annealing, to the last bit.

The values are formed by the chained formulas of ``torch/optim/lr_scheduler.py``, in the same order, on Python floats:
each learning rate comes from the one before it.
"""

import math
from typing import Any, final

from adamax_ref.recipe.types import Number

from .schedule import Schedule


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
    >>> import numpy as np
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

    def chained(self) -> list[Number]:
        """Return the former learning rates times the ratio of two neighbouring multiples."""
        lrs = self._values("lr")
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in lrs]
        if self._is_initial or self.last_epoch > self.total_iters:
            return lrs
        rise = self.end_factor - self.start_factor
        factor = 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)
        return [lr * factor for lr in lrs]

    def closed(self) -> list[Number]:
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
    >>> import numpy as np
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

    def chained(self) -> list[Number]:
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

    def closed(self) -> list[Number]:
        """Return the point of the cosine at this step."""
        swing = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * swing / 2 for base in self.base_lrs]

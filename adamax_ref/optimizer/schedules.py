"""Schedules of the learning rate, with PyTorch's formulas."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, final

from adamax_ref.recipe.types import Number

from .schedule import Schedule, assign


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


@final
class SequentialLR:
    """Hand over from one schedule to the next at given steps.

    Parameters
    ----------
    optimizer : Adamax
        The one that all schedules belong to.
    schedulers : sequence
        Schedules; a sequence may be among them.
    milestones : sequence of int
        Steps at which the next one takes over; one fewer than schedules.
    last_epoch : int
        -1 to begin.

    Raises
    ------
    ValueError
        When there is no schedule, their number does not fit, or one belongs to another optimizer.
    TypeError
        When something is no schedule.

    Examples
    --------
    >>> import numpy as np
    >>> from adamax_ref import Adamax, CosineAnnealingLR, LinearLR, Parameter
    >>> optimizer = Adamax([Parameter(np.zeros(1), grad=np.ones(1))])
    >>> warm_up = LinearLR(optimizer, start_factor=0.1, total_iters=20)
    >>> decline = CosineAnnealingLR(optimizer, T_max=80, eta_min=3e-5)
    >>> schedule = SequentialLR(optimizer, [warm_up, decline], milestones=[20])
    >>> for _ in range(100):
    ...     optimizer.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [3e-05]
    """

    def __init__(self, optimizer: Any, schedulers: Sequence[Any], milestones: Sequence[int], last_epoch: int = -1) -> None:
        _check(optimizer, schedulers, milestones)
        self._schedulers = list(schedulers)
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            assign(group, group["initial_lr"])
        _undo(self)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first.begin()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:
        """Let the schedule whose turn it is set the next learning rates; a new one begins by its closed formula."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            schedule.move_to(0)
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()

    def begin(self) -> None:
        """Take step 0, as a member of another sequence."""
        self.step()

    def move_to(self, epoch: int | None) -> None:
        """Refuse to begin anew in the middle of another sequence, which PyTorch cannot do either."""
        raise NotImplementedError("a SequentialLR can only be the first member of another one; list its members instead")

    def get_last_lr(self) -> list[Number]:
        """Return the learning rate of each group as it was set last."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, object]:
        """Return everything but the optimizer; the members' states stand under ``_schedulers``."""
        kept = {key: value for key, value in self.__dict__.items() if key not in ("optimizer", "_schedulers")}
        return {**kept, "_schedulers": [schedule.state_dict() for schedule in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, object]) -> None:
        """Take over a saved state, ours or PyTorch's."""
        members: Any = state_dict["_schedulers"]
        if len(members) != len(self._schedulers):
            raise ValueError(f"the state dict has {len(members)} schedules, but there are {len(self._schedulers)}")
        self.__dict__.update({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for schedule, member in zip(self._schedulers, members, strict=True):
            schedule.load_state_dict(member)


def _check(optimizer: Any, schedulers: Sequence[Any], milestones: Sequence[int]) -> None:
    if not schedulers:
        raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
    for at, schedule in enumerate(schedulers):
        if not hasattr(schedule, "optimizer"):
            raise TypeError(f"SequentialLR at index {at} should have `optimizer` as its attribute.")
        if schedule.optimizer is not optimizer:
            raise ValueError(
                "SequentialLR expects all schedulers to belong to the same optimizer, but got scheduler "
                f"{type(schedule).__name__} at index {at} has {schedule.optimizer}, which is different from "
                f"{type(optimizer).__name__}."
            )
    if len(milestones) != len(schedulers) - 1:
        raise ValueError(
            "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone "
            f"points, but got number of schedulers {len(schedulers)} and the number of milestones to be equal to {len(milestones)}"
        )


def _undo(schedule: Any) -> None:
    """Take back the step that every member took on its construction."""
    for member in getattr(schedule, "_schedulers", ()):
        _undo(member)
    if not hasattr(schedule, "_schedulers"):
        schedule.last_epoch -= 1

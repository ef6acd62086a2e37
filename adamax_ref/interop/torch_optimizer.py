"""Adamax for training frameworks: a ``torch.optim.Optimizer``, driven by torch's own schedulers, computed by ours.

Groups, state, hooks and state dictionaries are torch's; only the step is not. This module imports torch.
"""

from typing import Any, final

import torch

from adamax_ref.optimizer.adamax import Adamax as Reference


@final
class Adamax(torch.optim.Adamax):  # type: ignore[misc]
    """``torch.optim.Adamax`` whose step is computed by a backend of this package, in place, in any dialect.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, foreach, maximize, differentiable, capturable
        As for :class:`torch.optim.Adamax`.
    dialect, backend : str
        As for :class:`adamax_ref.Adamax`.

    Raises
    ------
    ValueError, TypeError
        As both classes do.

    Examples
    --------
    >>> layer = torch.nn.Linear(3, 2)
    >>> optimizer = Adamax(layer.parameters(), lr=0.1)
    >>> schedule = torch.optim.lr_scheduler.LinearLR(optimizer)
    >>> isinstance(optimizer, torch.optim.Optimizer)
    True
    """

    def __init__(self, params: Any, *args: Any, dialect: str = "torch", backend: str | None = None, **options: Any) -> None:
        super().__init__(params, *args, **options)
        self._names = dialect, backend
        self._core()

    def _core(self) -> Reference:
        """Return the reference over the very groups and state of this optimizer."""
        dialect, backend = self._names
        core = Reference([{"params": [], **self.defaults}], dialect=dialect, backend=backend)
        core.param_groups, core.state = self.param_groups, self.state
        return core

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_names": self._names}

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Any = None) -> Any:
        """Update every parameter that has a gradient; see :meth:`adamax_ref.Adamax.step`."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None and not self.state[param]:
                    self._begin(param, group["capturable"])
        self._core().step()
        return loss

    def _begin(self, param: Any, capturable: bool) -> None:
        """Make the state that torch makes: a float counter, and zeros laid out like the parameter."""
        zeros = torch.zeros_like(param, memory_format=torch.preserve_format)
        dtype = torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32
        step = torch.zeros((), dtype=dtype, device=param.device if capturable else "cpu")
        self.state[param].update(step=step, exp_avg=zeros, exp_inf=torch.zeros_like(zeros))

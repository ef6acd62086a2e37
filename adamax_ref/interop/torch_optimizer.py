"""Adamax for training frameworks: a ``torch.optim.Optimizer``, driven by torch's own schedulers, computed by ours.

Groups, state, hooks and state dictionaries are torch's; only the step is not. ``Adamax`` is made when it is first asked
for, so that the module can be imported without torch.
"""

from functools import cache
from typing import Any

from adamax_ref.optimizer.adamax import Adamax as Reference


def __getattr__(name: str) -> Any:
    if name != "Adamax":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return optimizer_class()


@cache
def optimizer_class() -> Any:
    """Return the class ``Adamax``, a subclass of ``torch.optim.Adamax``.

    It takes the arguments of its base and, by keyword, ``dialect`` and ``backend`` of :class:`adamax_ref.Adamax`. A
    step is computed by a backend of this package, in place on the parameters' memory.

    Raises
    ------
    ModuleNotFoundError
        When torch is not installed.

    Examples
    --------
    >>> import torch
    >>> from adamax_ref.interop.torch_optimizer import Adamax
    >>> optimizer = Adamax(torch.nn.Linear(3, 2).parameters(), lr=0.1)
    >>> schedule = torch.optim.lr_scheduler.LinearLR(optimizer)
    >>> isinstance(optimizer, torch.optim.Optimizer)
    True
    """
    import torch

    class Adamax(torch.optim.Adamax):  # type: ignore[misc]
        """``torch.optim.Adamax`` whose step is computed by :mod:`adamax_ref`."""

        __module__ = __name__
        __qualname__ = "Adamax"

        def __init__(self, params: Any, *args: Any, dialect: str = "torch", backend: str | None = None, **options: Any) -> None:
            super().__init__(params, *args, **options)
            self.adamax_ref_dialect, self.adamax_ref_backend = dialect, backend
            self.adamax_ref_fault: str | None = None
            self._core()

        def _core(self) -> Reference:
            """Return the reference over the very groups and state of this optimizer."""
            dialect, backend = self.adamax_ref_dialect, self.adamax_ref_backend
            core = Reference([{"params": [], **self.defaults}], dialect=dialect, backend=backend)
            core.param_groups, core.state, core.fault = self.param_groups, self.state, self.adamax_ref_fault
            return core

        def load_state_dict(self, state_dict: Any) -> None:
            super().load_state_dict(state_dict)
            self.adamax_ref_fault = None

        def __getstate__(self) -> dict[str, Any]:
            names = ("adamax_ref_dialect", "adamax_ref_backend", "adamax_ref_fault")
            return {**super().__getstate__(), **{name: getattr(self, name) for name in names}}

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
                        self.state[param].update(_beginning(torch, param, group["capturable"]))
            core = self._core()
            try:
                core.step()
            finally:
                self.adamax_ref_fault = core.fault
            return loss

    return Adamax


def _beginning(torch: Any, param: Any, capturable: bool) -> dict[str, Any]:
    """Return the state that torch begins with: a float counter, and zeros laid out like the parameter."""
    dtype = torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32
    return {
        "step": torch.zeros((), dtype=dtype, device=param.device if capturable else "cpu"),
        "exp_avg": torch.zeros_like(param, memory_format=torch.preserve_format),
        "exp_inf": torch.zeros_like(param, memory_format=torch.preserve_format),
    }

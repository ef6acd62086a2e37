"""Adamax for training frameworks: a ``torch.optim.Optimizer``, driven by torch's own schedulers, computed by ours.

Groups, state, hooks and state dictionaries are torch's; only the step is not. ``Adamax`` is made when it is first asked
for, so that the module can be imported without torch.
"""

import sys
from functools import cache
from typing import Any

from adamax_ref.optimizer.adamax import Adamax as Reference
from adamax_ref.recipe.dialect import Dialect


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

        def __init__(
            self, params: Any, *args: Any, dialect: str | Dialect = "torch", backend: str | None = None, **options: Any
        ) -> None:
            super().__init__(params, *args, **options)
            self.adamax_ref_dialect, self.adamax_ref_backend = dialect, backend
            self._core()

        def _core(self) -> Reference:
            """Return the reference over the very groups and state of this optimizer; made once, and again for a copy."""
            core: Reference | None = self.__dict__.get("_adamax_ref_core")
            if core is None:
                dialect, backend = self.adamax_ref_dialect, self.adamax_ref_backend
                core = self._adamax_ref_core = Reference([{"params": [], **self.defaults}], dialect=dialect, backend=backend)
            core.param_groups, core.state = self.param_groups, self.state
            return core

        def __getstate__(self) -> dict[str, Any]:
            names = ("adamax_ref_dialect", "adamax_ref_backend")
            kept = {name: getattr(self, name) for name in names}
            return {**super().__getstate__(), **kept, "adamax_ref_fault": self._core().fault}

        def __setstate__(self, state: dict[str, Any]) -> None:
            """Take over a state, as torch does when it copies and when it loads; a loaded one makes whole what broke."""
            fault = state.get("adamax_ref_fault")
            self.__dict__.pop("_adamax_ref_core", None)
            super().__setstate__({name: value for name, value in state.items() if name != "adamax_ref_fault"})
            if fault is not None:
                self._core().fault = fault

        def step(self, closure: Any = None) -> Any:
            """Update every parameter that has a gradient; see :meth:`adamax_ref.Adamax.step`."""
            watched = closure is not None or _is_watched(torch, self)
            return (_watched if watched else _update)(self, closure)

        def prepared(self, wanted: Any = None) -> Any:
            """Return the prepared step that :meth:`step` would do now; see :meth:`adamax_ref.Adamax.prepared`."""
            return self._core().prepared(wanted)

        def _begin(self) -> None:
            """Make the state of parameters that have a gradient for the first time."""
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None and not self.state[param]:
                        self.state[param].update(_beginning(torch, param, group["capturable"]))

    def _update(self: Any, closure: Any = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        core = self._core()
        if not core.repeat():
            with torch.no_grad():
                self._begin()
                core.step()
        return loss

    _update.__qualname__ = "Adamax.step"
    _watched = torch.optim.Optimizer.profile_hook_step(_update)
    Adamax.step.hooked = True  # type: ignore[attr-defined] # torch need not wrap it: entering a profiler's range takes as long as a step
    return Adamax


def _is_watched(torch: Any, optimizer: Any) -> bool:
    """Return whether a profiler or a hook wants to see the step, so that torch's own wrapper has to be gone through."""
    everyone = sys.modules["torch.optim.optimizer"]
    return bool(
        optimizer._optimizer_step_pre_hooks
        or optimizer._optimizer_step_post_hooks
        or everyone._global_optimizer_pre_hooks
        or everyone._global_optimizer_post_hooks
        or torch.autograd._profiler_enabled()
    )


def _beginning(torch: Any, param: Any, capturable: bool) -> dict[str, Any]:
    """Return the state that torch begins with: a float counter, and zeros laid out like the parameter."""
    dtype = torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32
    return {
        "step": torch.zeros((), dtype=dtype, device=param.device if capturable else "cpu"),
        "exp_avg": torch.zeros_like(param, memory_format=torch.preserve_format),
        "exp_inf": torch.zeros_like(param, memory_format=torch.preserve_format),
    }

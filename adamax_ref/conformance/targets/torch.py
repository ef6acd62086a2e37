"""``torch.optim.Adamax`` itself, on the CPU, in this process, with the state of a case put in.

A learning rate that a step brings with it goes through the constructor, so that PyTorch's own check of it applies: an
optimizer with the new rate takes over the state of the one before.
"""

from importlib.metadata import version
from typing import Any, final

from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.arrays import Array, start_of, text_of
from adamax_ref.conformance.target import Target, TargetUnavailable, attempt
from adamax_ref.golden.case import Case

_FEATURES = ("l2", "maximize", "init-state", "lr-schedule", "skip", "complex")


@final
class TorchTarget(Target):
    """PyTorch's optimizer."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._hello = Hello(
            name="torch.optim.Adamax",
            version=version("torch"),
            language="python",
            dialects=("torch",),
            profiles=("bf16", "c128", "c64", "f16", "f32", "f64"),
            features=_FEATURES,
            device="cpu",
        )

    @property
    def hello(self) -> Hello:
        """One dialect, all profiles."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Run a case."""
        return attempt(case, self._steps)

    def _steps(self, case: Case) -> tuple[Reported, ...]:
        start = start_of(case)
        parameter = self._tensor(start.theta).requires_grad_()
        optimizer = self._optimizer(case, parameter, case.hyper.lr.value)
        self._load(optimizer, parameter, (start.m, start.u), case.init.t)
        reported = []
        for number, (step, grad) in enumerate(zip(case.steps, start.grads, strict=True), 1):
            following = self._optimizer(case, parameter, (step.lr or case.hyper.lr).value)
            following.state.update(optimizer.state)
            optimizer = following
            parameter.grad = None if grad is None else self._tensor(grad)
            optimizer.step()
            if number in case.report:
                reported.append(self._reported(number, case, parameter, optimizer.state[parameter]))
        return tuple(reported)

    def _optimizer(self, case: Case, parameter: Any, lr: float) -> Any:
        hyper = case.hyper
        return self._torch.optim.Adamax(
            [parameter],
            lr=lr,
            betas=(hyper.beta1.value, hyper.beta2.value),
            eps=hyper.eps.value,
            weight_decay=hyper.weight_decay.value,
            maximize=hyper.maximize,
        )

    def _load(self, optimizer: Any, parameter: Any, moments: tuple[Array, Array], t: int) -> None:
        """Put state in; the counter in double, as PyTorch makes it under a default type of double."""
        m, u = map(self._tensor, moments)
        step = self._torch.tensor(float(t), dtype=self._torch.float64)
        optimizer.state[parameter] = {"step": step, "exp_avg": m, "exp_inf": u}

    def _tensor(self, array: Array) -> Any:
        if array.dtype.name == "bfloat16":
            return self._torch.from_numpy(array.astype("float32")).to(self._torch.bfloat16)
        return self._torch.from_numpy(array.copy())

    def _array(self, tensor: Any) -> Array:
        tensor = tensor.detach()
        made: Array = (tensor.float() if tensor.dtype == self._torch.bfloat16 else tensor).numpy()
        return made

    def _reported(self, number: int, case: Case, parameter: Any, memory: dict[str, Any]) -> Reported:
        arrays = (parameter, memory["exp_avg"], memory["exp_inf"])
        theta, m, u = (text_of(self._array(array), case.form) for array in arrays)
        return Reported(number, theta, m, u, int(memory["step"].item()))


def target(name: str) -> Target:
    """Return the target; TargetUnavailable when PyTorch is not installed."""
    try:
        import torch
    except ImportError as error:
        raise TargetUnavailable(f"framework {name!r} cannot be imported ({error}); pip install torch") from error
    return TorchTarget(torch)

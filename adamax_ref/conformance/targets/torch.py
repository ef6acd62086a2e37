"""``torch.optim.Adamax`` itself, on the CPU, in this process, with the state of a case put in."""

from adamax_ref.conformance.lent import TorchLender
from adamax_ref.conformance.optimizer_class import OptimizerTarget
from adamax_ref.conformance.target import Target, TargetUnavailable


def target(name: str) -> Target:
    """Return the target; TargetUnavailable when PyTorch is not installed."""
    try:
        import torch
    except ImportError as error:
        raise TargetUnavailable(f"framework {name!r} cannot be imported ({error}); pip install torch") from error
    lender = TorchLender(torch)
    return OptimizerTarget(torch.optim.Adamax, (name,), ("decoupled",), lender, "torch.optim.Adamax")

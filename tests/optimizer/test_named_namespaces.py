"""A named engine gets the arrays it asks for: tensors themselves for torch's namespace, views of their memory for NumPy."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from adamax_ref import Adamax

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("name", ["array-api-torch", "array-api", "numpy", None])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_tensors_are_stepped_by_any_engine_with_the_same_bits(peer: Callable[[str], ModuleType], name: str, dtype: str) -> None:
    torch = peer("torch")
    generator = torch.Generator().manual_seed(3)
    start, grad = (torch.randn(5, 7, generator=generator, dtype=getattr(torch, dtype)) for _ in "pg")
    results = []
    for engine in (name, "numpy"):
        param = torch.nn.Parameter(start.clone())
        optimizer = Adamax([param], lr=0.1, weight_decay=0.01, backend=engine)
        for _ in range(3):
            param.grad = grad.clone()
            optimizer.step()
        state = optimizer.state[param]
        assert all(isinstance(state[part], torch.Tensor) for part in ("exp_avg", "exp_inf"))
        assert param.is_leaf and not any(state[part].requires_grad for part in ("exp_avg", "exp_inf"))  # no graph grows
        results.append([np.asarray(x.detach()).tobytes() for x in (param, state["exp_avg"], state["exp_inf"])])
    assert results[0] == results[1]

"""The engines for NumPy arrays beside PyTorch itself: the same bits in every element after every step."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get
from adamax_ref.recipe.hyper import Hyperparameters

pytestmark = pytest.mark.frameworks

CASES = [Hyperparameters(), Hyperparameters(lr=0.1, beta1=0.3, weight_decay=0.01), Hyperparameters(eps=0.0, maximize=True)]


@pytest.mark.parametrize("name", ["numpy", "numpy-emulated", "numba"])
@pytest.mark.parametrize("profile", ["f32", "f64"])
@pytest.mark.parametrize("hyper", CASES, ids=["default", "far", "climbing"])
def test_ten_steps_equal_those_of_torch(peer: Callable[[str], ModuleType], hyper: Hyperparameters, profile: str, name: str) -> None:
    torch = peer("torch")
    dialect = get("torch")
    recipe = dialect.recipe(hyper, profile)
    kernel = partial(get_backend(name).step, recipe)
    rng = np.random.default_rng(11)
    dtype = {"f32": np.float32, "f64": np.float64}[profile]
    p = rng.standard_normal(4099).astype(dtype)
    m, u = np.zeros_like(p), np.zeros_like(p)
    theirs = torch.nn.Parameter(torch.from_numpy(p.copy()))
    options: dict[str, Any] = {"lr": hyper.lr, "betas": hyper.betas, "eps": hyper.eps}
    peer_optimizer = torch.optim.Adamax([theirs], weight_decay=hyper.weight_decay, maximize=hyper.maximize, **options)
    for t in range(1, 11):
        g = rng.standard_normal(p.shape).astype(dtype) * dtype(10.0) ** rng.integers(-20, 3, p.shape).astype(dtype)
        theirs.grad = torch.from_numpy(g.copy())
        peer_optimizer.step()
        kernel([p], [g], [m], [u], [dialect.scalars(hyper, t, recipe)])
        state = peer_optimizer.state[theirs]
        for ours, other in ((p, theirs.detach()), (m, state["exp_avg"]), (u, state["exp_inf"])):
            assert ours.tobytes() == other.numpy().tobytes()

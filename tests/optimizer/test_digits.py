"""Real input: a small network learns handwritten digits, once with torch's Adamax and once with ours."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref import Adamax, Parameter

pytestmark = pytest.mark.frameworks

ENGINE = None
"""The best there is, as for a user."""
STEPS = 300
GROUPS: tuple[dict[str, Any], ...] = ({"lr": 2e-3}, {"lr": 1e-2, "weight_decay": 1e-2}, {"lr": 5e-3, "betas": (0.8, 0.99)})
"""One group a layer. The second layer is frozen, without gradients, from step 50 to 99."""


def _frozen(layer: int, step: int) -> bool:
    return layer == 1 and 50 <= step < 100


@pytest.mark.parametrize("maximize", [False, True], ids=["minimize", "maximize"])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_three_hundred_steps_on_real_digits_have_the_bits_of_torch(
    peer: Callable[[str], ModuleType], same: Callable[[Any, Any], bool], kind: str, maximize: bool
) -> None:
    torch, datasets = peer("torch"), peer("sklearn.datasets")
    torch.manual_seed(1)
    dtype = getattr(torch, kind)
    images, digits = datasets.load_digits(return_X_y=True)
    inputs, labels = torch.tensor(images / 16, dtype=dtype), torch.tensor(digits)
    layers = [torch.nn.Linear(*sizes, dtype=dtype) for sizes in ((64, 32), (32, 32), (32, 10))]
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    theirs = torch.optim.Adamax(
        [{"params": list(layer.parameters()), **options} for layer, options in zip(layers, GROUPS, strict=True)],
        maximize=maximize,
    )
    twins = {p: Parameter(p.detach().numpy().copy()) for p in model.parameters()}
    ours = Adamax(
        [{"params": [twins[p] for p in layer.parameters()], **options} for layer, options in zip(layers, GROUPS, strict=True)],
        maximize=maximize,
    )
    loss_of = torch.nn.CrossEntropyLoss()
    batches = np.random.default_rng(7)
    sign = -1 if maximize else 1
    for step in range(STEPS):
        batch = torch.from_numpy(batches.integers(0, len(labels), 128))
        theirs.zero_grad()
        (sign * loss_of(model(inputs[batch]), labels[batch])).backward()
        for at, layer in enumerate(layers):
            for p in layer.parameters():
                if _frozen(at, step):
                    p.grad = None
                twins[p].grad = None if p.grad is None else p.grad.numpy().copy()
        theirs.step()
        ours.step()
        for p, twin in twins.items():
            assert same(twin.data, p), f"p differs at step {step}"
            if p in theirs.state:
                for part in ("exp_avg", "exp_inf"):
                    assert same(ours.state[twin][part], theirs.state[p][part]), f"{part} differs at step {step}"
                assert ours.state[twin]["step"] == theirs.state[p]["step"].item()
    with torch.no_grad():
        scores = model(inputs)
        loss, accuracy = loss_of(scores, labels).item(), (scores.argmax(1) == labels).double().mean().item()
    print(f"{kind}, maximize={maximize}: loss {loss:.4f}, accuracy {accuracy:.4f} after {STEPS} steps")
    assert accuracy > 0.9
    assert [ours.state[twins[p]]["step"] for p in layers[1].parameters()] == [STEPS - 50] * 2

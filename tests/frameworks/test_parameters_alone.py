"""ensmallen, of which only the parameters can be seen: the Python binding shows neither moment nor norm."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from adamax_ref.dialects import get
from adamax_ref.frameworks import Start
from adamax_ref.frameworks.batteries import FAMILIES, draw
from adamax_ref.frameworks.model import follow, mismatches
from adamax_ref.quality.survey import SIZE, STEPS
from adamax_ref.recipe.hyper import Hyperparameters

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("h", [Hyperparameters(lr=0.01), Hyperparameters(lr=0.3, beta1=0.3, beta2=0.95, eps=1e-3)])
def test_ensmallen_moves_the_parameters_as_its_dialect_does(
    family: str, h: Hyperparameters, peer: Callable[[str], ModuleType]
) -> None:
    module: Any = peer("pyensmallen")
    p, gradients = draw(family, "f64", SIZE, STEPS)
    seen: list[Any] = []

    def objective(at: Any, gradient: Any) -> float:
        gradient[:] = gradients[len(seen)]
        seen.append(np.array(at))
        return float(len(seen))

    optimizer = module.AdaMax(h.lr, 1, h.beta1, h.beta2, h.eps, STEPS, -1.0, False, True, False)
    seen.append(optimizer.optimize(objective, p.copy()))
    zero = np.zeros_like(p)
    ours = follow("ensmallen", Start("f64", h, p, zero, zero), gradients)
    assert len(seen) == STEPS + 1 and mismatches(seen[1:], ours.p) == 0
    assert "pyensmallen" in get("ensmallen").quirks[0]

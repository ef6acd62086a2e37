"""Runs for the page, judged once: exact, wrong in two ways (once under a hostile name), and named."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from adamax_ref.conformance.run import Run, run
from adamax_ref.conformance.targets import open_target
from adamax_ref.conformance.targets.callable import StepTarget
from adamax_ref.golden.load import open_corpus
from adamax_ref.reports.page import page

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>&lt;"


def separately(p: Any, g: Any, m: Any, u: Any, t: int, hyper: Any) -> Any:
    """Do MLX's step with another order of its last operations."""
    m = hyper.beta1 * m + (1 - hyper.beta1) * g
    u = np.maximum(hyper.beta2 * u, abs(g))
    return p - (hyper.lr * (m / (u + hyper.eps))), m, u


@cache
def _runs() -> tuple[Run, ...]:
    targets = (open_target("backend:numpy"), open_target("bug:B16"), StepTarget(separately, ("mlx",)), open_target("bug:B22"))
    exact, wrong, named, other = (run(target, open_corpus(), "mlx", "f32") for target in targets)
    return exact, wrong, named, replace(other, hello=replace(other.hello, name=HOSTILE))


@pytest.fixture
def runs() -> tuple[Run, ...]:
    """Return four runs: exact, not conformant, named, and not conformant under a hostile name."""
    return _runs()


@cache
def _html() -> str:
    return page(_runs())


@pytest.fixture
def html() -> str:
    """Return the page of these runs."""
    return _html()

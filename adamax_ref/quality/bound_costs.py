"""Time that certification takes, and the tolerances that simple bounds would give."""

import math
import time
from collections.abc import Iterator

import numpy as np

from adamax_ref.dialects import get
from adamax_ref.exact.certify import Certified, Step, certify
from adamax_ref.recipe.profile import BINARY32

SUBJECTS = ((10_000, 1), (64, 1000))
"""Elements and steps."""


def lines(subjects: tuple[tuple[int, int], ...] | None = None) -> Iterator[str]:
    """Yield one line for each subject: certified values and the ends of their bounds, in binary32 by one process.

    Parameters
    ----------
    subjects : tuple of (int, int), optional
        Elements and steps of each; ``SUBJECTS`` unless given.

    Examples
    --------
    >>> [line] = lines(((2, 1),))
    >>> line.split(":")[0]
    'truth of 2 elements through 1 steps'
    """
    for elements, steps in subjects or SUBJECTS:
        wall, processor = time.perf_counter(), time.process_time()
        _certified(elements, steps)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        yield f"truth of {elements} elements through {steps} steps: {processor:.2f} s of one processor, {wall:.2f} s on the clock"


def _certified(elements: int, steps: int) -> None:
    torch, draw = get("torch"), np.random.default_rng(1)
    start, *grads = draw.standard_normal((steps + 1, elements)).astype(np.float32).astype(np.float64).tolist()
    zeros = [0.0] * elements
    for now in certify(torch, "f32", start, zeros, zeros, 0, [Step(grad, torch.defaults) for grad in grads]):
        for quantity in (now.p, now.m, now.u):
            assert len(quantity.lo) == len(quantity.hi) == elements


USUAL = (
    ("torch.testing.assert_close, float32", 1.3e-6, 1e-5),
    ("numpy.testing.assert_allclose", 1e-7, 0.0),
    ("Keras, Adamax golden test", 5e-4, 5e-4),
)
"""Relative and absolute tolerance: torch/testing/_comparison.py (2.13); numpy/testing (2.4), where the absolute one is 0;
keras/src/optimizers/adamax_test.py (3.15), ``test_correctness_with_golden``."""

START = (1.0, -0.5, 0.1, 2.0)
STEPS = 8


def plain_run() -> Certified:
    """Certify eight steps of four elements at PyTorch's defaults in binary32."""
    torch = get("torch")
    grads = [[BINARY32.round(math.ldexp((3 * t + 5 * at) % 17 - 8.5, -3)) for at in range(len(START))] for t in range(STEPS)]
    p = [BINARY32.round(x) for x in START]
    zeros = [0.0] * len(p)
    return certify(torch, "f32", p, zeros, zeros, 0, [Step(g, torch.defaults) for g in grads])[-1]


def table() -> list[str]:
    """Return the table, line by line.

    Examples
    --------
    >>> table()[2].split(",")[0].split()
    ['derived', 'bound', 'parameter', '1.0']
    """
    now = plain_run()
    lines = [f"how far a float32 parameter may be off after {STEPS} steps at PyTorch's defaults", ""]
    for at, start in enumerate(START):
        bound, true = now.p.bound[at], now.p.true[at]
        lines.append(_line("derived bound", start, bound, true, bound))
        for name, relative, absolute in USUAL:
            lines.append(_line(name, start, absolute + relative * abs(true), true, bound))
    return lines


def _line(name: str, start: float, allowed: float, true: float, bound: float) -> str:
    ulp = math.ulp(true) * 2.0**29
    return f"{name:<38} parameter {start:<5}, {allowed:.2e} = {allowed / ulp:8.1f} ulp, {allowed / bound:7.1f} times the bound"

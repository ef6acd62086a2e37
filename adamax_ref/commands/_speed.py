"""How long the truth takes: a step of many elements, and a long trajectory of some."""

import time
from collections.abc import Iterator

import numpy as np

from adamax_ref.dialects import get
from adamax_ref.exact.certify import Step, certify

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

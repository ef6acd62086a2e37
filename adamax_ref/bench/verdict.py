"""What the bits of a contender are worth: a time is shown only beside the answer."""

import numpy as np

from .contender import Contender, ours
from .problem import Host, Problem


def verdict(contender: Contender, problem: Problem, steps: int) -> str:
    """Say how many numbers of p, m and u differ from the contender's recipe after so many steps.

    The recipe is evaluated by an engine that shares no arithmetic with the contender: the ufuncs of the NumPy engine,
    or for that engine the array-API engine, whose fused multiply-add is emulated.

    Examples
    --------
    >>> small = Problem(2, 100)
    >>> contender = ours("numpy", small)
    >>> contender.step()
    >>> verdict(contender, small, 1)
    'exact: the bits of torch'
    """
    if contender.result is None:
        return contender.remark or "yardstick"
    assert contender.dialect is not None
    engine = "array-api" if contender.name == "adamax_ref numpy" else "numpy"
    reference = ours(engine, problem, contender.dialect)
    for _ in range(steps):
        reference.step()
    assert reference.result is not None
    wrong, total = 0, 0
    for got, want in zip(contender.result(), reference.result(), strict=True):
        wrong += sum(map(differing, got, want))
        total += problem.elements
    if not wrong:
        return f"exact: the bits of {contender.dialect}"
    return f"{wrong} of {total} numbers differ from {contender.dialect}"


def differing(got: Host, want: Host) -> int:
    """Count the numbers whose bits differ; one NaN is as good as another.

    Examples
    --------
    >>> differing(np.array([0.0, np.nan, 1.0]), np.array([-0.0, -np.nan, 1.0]))
    1
    """
    bits = np.dtype(f"u{got.itemsize}")
    unequal = got.view(bits) != want.view(bits)
    unequal &= ~(np.isnan(got) & np.isnan(want))
    return int(np.count_nonzero(unequal))

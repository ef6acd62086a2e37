"""A recipe as a kernel: plan, constants, compiled code on the pieces."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from typing import Any

import numba
import numpy as np

from adamax_ref.backend import Arrays, Kernel, get_backend
from adamax_ref.guards import require_gradual_underflow
from adamax_ref.law.recipe import Recipe
from adamax_ref.threads import num_threads, share

from .cached import compiled
from .ledger import Ledger, Plan, asked, require_sound, rows_of


def kernel_for(recipe: Recipe) -> Kernel:
    """Return the kernel that runs `recipe` in place, all parameters of a call at once."""
    step = compiled(recipe)
    working = np.dtype(f"f{recipe.working_format.width // 8}")
    itemsize = recipe.storage_format.width // 8
    idle: list[Ledger] = []  # a call takes one and gives it back, so that two threads never share tables

    def run(plan: Plan, constants: Sequence[tuple[float, ...]]) -> None:
        work = partial(step, *plan.columns, np.zeros(1, np.int64), *rows_of(constants, working))
        pieces = len(plan.cuts) - 1
        threads = min(pieces, num_threads(int(numba.config.NUMBA_NUM_THREADS)))
        share(work, threads) if threads > 1 else work()

    def kernel(ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays, constants: Sequence[tuple[float, ...]]) -> Any:
        require_gradual_underflow()
        if not len(ps) == len(gs) == len(ms) == len(us) == len(constants):
            raise ValueError(f"lists of {[*map(len, (ps, gs, ms, us, constants))]} items; they must be equally long")
        if ps:
            ledger = idle.pop() if idle else Ledger(recipe.storage, itemsize)
            plan = ledger.plan(ps, gs, ms, us)
            if plan is not None:
                run(plan, constants)
            else:
                _asked_and_run(recipe, run, list(zip(ps, gs, ms, us, strict=True)), constants)
            idle.append(ledger)
        return ps, ms, us

    return kernel


def _asked_and_run(recipe: Recipe, run: Callable[..., None], quads: list[Any], constants: Sequence[tuple[float, ...]]) -> None:
    """Step strided arrays, and leave those of foreign byte order or alignment to the NumPy engine; the bits are the same."""
    require_sound(recipe.storage, quads)
    foreign = [not all(array.dtype.isnative and array.flags.aligned for array in quad) for quad in quads]
    ours = [quad for quad, other in zip(quads, foreign, strict=True) if not other]
    plan = asked(recipe.storage, ours)
    if any(foreign):
        ps, gs, ms, us = zip(*compress(quads, foreign), strict=True)
        get_backend("numpy").compile(recipe)(ps, gs, ms, us, list(compress(constants, foreign)))
    if ours:
        run(plan, [one for one, other in zip(constants, foreign, strict=True) if not other])

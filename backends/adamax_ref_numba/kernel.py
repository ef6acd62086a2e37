"""A recipe as a kernel: plan, constants, compiled code on the pieces."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from typing import Any

import numba
import numpy as np

from adamax_ref.backend import Arrays, Kernel, PreparedKernel, Run, get_backend, prepared
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
    # A call takes the one that has waited longest and gives it back, so that two threads never share tables and calls
    # that are made in the same order at every step find their own again.
    idle: list[Ledger] = []

    def walk(plan: Plan, constants: Sequence[tuple[float, ...]]) -> None:
        work = partial(step, *plan.columns, np.zeros(1, np.int64), *rows_of(constants, working))
        pieces = len(plan.cuts) - 1
        threads = min(pieces, num_threads(int(numba.config.NUMBA_NUM_THREADS)))
        share(work, threads) if threads > 1 else work()

    def prepare(ps: Arrays, gs: Arrays, ms: Arrays, us: Arrays) -> Run:
        require_gradual_underflow()
        if not len(ps) == len(gs) == len(ms) == len(us):
            raise ValueError(f"lists of {[*map(len, (ps, gs, ms, us))]} items; they must be equally long")
        ledger = idle.pop(0) if idle else Ledger(recipe.storage, itemsize)
        plan = ledger.plan(ps, gs, ms, us) if ps else None
        others = _asked(recipe, walk, list(zip(ps, gs, ms, us, strict=True))) if ps and plan is None else None

        def run(constants: Sequence[tuple[float, ...]]) -> tuple[Arrays, Arrays, Arrays]:
            if len(constants) != len(ps):
                raise ValueError(f"{len(constants)} rows of constants and {len(ps)} parameters; they must be equally long")
            if plan is not None:
                walk(plan, constants)
            elif others is not None:
                others(constants)
            idle.append(ledger)
            return ps, ms, us

        return run

    return PreparedKernel(prepare)


def _asked(recipe: Recipe, walk: Callable[..., None], quads: list[Any]) -> Callable[[Sequence[tuple[float, ...]]], None]:
    """Prepare strided arrays, and leave those of foreign byte order or alignment to the NumPy engine; the bits are the same."""
    require_sound(recipe.storage, quads)
    ours = [all(array.dtype.isnative and array.flags.aligned for array in quad) for quad in quads]
    foreign = [not mine for mine in ours]
    parts: list[tuple[list[bool], Callable[..., object]]] = []
    if any(foreign):
        parts.append((foreign, prepared(get_backend("numpy").compile(recipe), *zip(*compress(quads, foreign), strict=True))))
    if any(ours):
        parts.append((ours, partial(walk, asked(recipe.storage, list(compress(quads, ours))))))

    def run(constants: Sequence[tuple[float, ...]]) -> None:
        for which, part in parts:
            part(list(compress(constants, which)))

    return run

"""Permitted recipes that a case would call wrong: there must be none that the case does not exclude by name.

All permitted recipes go through a case side by side. After a step many of them still have the same bits; each different state
is carried on once, as a row of an array, and every recipe reads its own row.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adamax_ref.dialects._axes import permitted
from adamax_ref.exact.recipe_set import combine
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.recipe import INPUTS

from .case import QUANTITIES, Case, Expectation
from .patterns import decode

Array = np.ndarray[Any, Any]


def failing(case: Case, dialect: Dialect) -> tuple[str, ...]:
    """Return the names of the permitted recipes that leave a case's limits, without those it excludes.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> from adamax_ref.golden.load import open_corpus
    >>> failing(open_corpus().cases("torch", "f32")[0], get("torch"))
    ()
    """
    laws = [law for law in permitted(dialect, case.profile, case.hyper.decay != "none") if not excluded(law.name, case.excludes)]
    wanted = {expect.step: expect for expect in case.expect or ()}
    failed: dict[str, None] = {}
    for number, (rows, states) in enumerate(_states(case, laws), 1):
        if number in wanted:
            wrong = outside(states, wanted[number], case)
            failed |= dict.fromkeys(law.name for law, row in zip(laws, rows, strict=True) if wrong[row])
    return tuple(failed)


def excluded(name: str, fragments: Sequence[str]) -> bool:
    """Tell whether a recipe has one of the choices that a case excludes.

    Examples
    --------
    >>> excluded("m=sum final=F3 endfma=no", ["final=F3"])
    True
    """
    return any({*fragment.split()} <= {*name.split()} for fragment in fragments)


def _states(case: Case, laws: Sequence[Dialect]) -> Iterator[tuple[list[int], Array]]:
    """Yield after each step which row each recipe is at, and the rows: different states, a quantity by number of elements."""
    init, t = case.init, case.init.t
    states = np.array([[decode(text, case.form) for text in (init.theta, init.m, init.u)]], dtype=np.float64)
    rows = [0] * len(laws)
    for each in case.steps:
        if each.grad is not None:
            t += 1
            merged = combine(laws, case.profile, case.hyper.at(each), t)
            grad = np.tile(np.array(decode(each.grad, case.form), dtype=np.float64), len(states))
            columns = {"p": states[:, 0].ravel(), "g": grad, "m": states[:, 1].ravel(), "u": states[:, 2].ravel()}
            rows, states = _after(merged, [columns[name] for name in INPUTS], rows, states.shape)
        yield rows, states


def _after(merged: Any, inputs: list[Array], rows: list[int], shape: tuple[int, ...]) -> tuple[list[int], Array]:
    """Do a step: every recipe takes its own row of each of its results."""
    made: dict[int, list[Array]] = {value: [] for value in merged.results}
    for _, value, numbers in merged.run(inputs):
        made[value].append(np.asarray(numbers, dtype=np.float64))
    whole = {
        value: np.concatenate(pieces).reshape(shape[0], shape[2]) if pieces else inputs[0].reshape(shape[0], 0)
        for value, pieces in made.items()
    }
    known: dict[bytes, int] = {}
    after: list[Array] = []
    reached = []
    for row, ends in zip(rows, merged.outputs, strict=True):
        state = np.stack([whole[end][row] for end in ends])
        at = known.setdefault(state.tobytes(), len(after))
        if at == len(after):
            after.append(state)
        reached.append(at)
    return reached, np.stack(after)


def outside(states: Array, expect: Expectation, case: Case) -> Array:
    """Tell for each state whether one of its numbers lies outside its limits; NaN must meet NaN."""
    wrong = np.zeros(len(states), dtype=bool)
    for at, name in enumerate(QUANTITIES):
        got = states[:, at]
        lo, hi = (np.array(decode(getattr(getattr(expect, name), end), case.form)) for end in ("lo", "hi"))
        inside = ((lo <= got) & (got <= hi)) | (np.isnan(got) & np.isnan(lo))
        wrong |= ~inside.all(axis=1)
    return wrong

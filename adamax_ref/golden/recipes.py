"""The permitted recipes of the corpus: RECIPES.json, and the recipes that a case would call wrong.

RECIPES.json lists choices, because the permitted orders of rounding are products of independent choices: one line of
``moment``, one of ``update`` and, in 16 bits, one of ``rounding``, joined by blanks, are the name of a recipe;
``decaying`` replaces ``update`` where there is weight decay. :mod:`adamax_ref.orders.axes` and docs/conformance.md
explain the words.

:func:`failing` runs all permitted recipes through a case side by side. Many of them have the same bits after a step; each
different state is stored once, as a row of an array, and every recipe reads its own row.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from adamax_ref.dialects import get
from adamax_ref.exact.hard import draws
from adamax_ref.exact.recipe_set import combine
from adamax_ref.orders.axes import permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import INPUTS, OUTPUTS

from .case import QUANTITIES, Case, Expectation
from .oracle import with_flushes
from .patterns import decode

_MOMENT = ("m", "mfma", "c1")
_ROUNDING = ("round", "scalars")
_ELEMENTS = 1 << 13
"""Number of drawn elements on which a framework's own order of roundings is compared with the others."""


def recipes(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the content of RECIPES.json for these dialects and profiles.

    Examples
    --------
    >>> made = recipes([("paper", "f32")])
    >>> made["canonical"]["paper/f32"]["plain"]
    'm=sum mfma=none c1=host bias=host power=exact final=F1 endfma=no'
    """
    canonical: dict[str, dict[str, str]] = {}
    sets: dict[str, tuple[dict[str, list[str]], list[str]]] = {}
    for dialect, profile in pairs:
        canonical[f"{dialect}/{profile}"] = own_names(get(dialect), profile)
        choices = _choices(get(dialect), profile)
        sets.setdefault(str(choices), (choices, []))[1].append(f"{dialect}/{profile}")
    return {"canonical": canonical, "permitted": [{**choices, "pairs": " ".join(lines)} for choices, lines in sets.values()]}


def _choices(dialect: Dialect, profile: str) -> dict[str, list[str]]:
    """Take the names of the permitted recipes apart into lists of choices, each in the order of the names."""
    collected: dict[str, dict[str, None]] = {"moment": {}, "update": {}, "decaying": {}, "rounding": {}}
    for decaying in (False, True):
        for one in permitted(dialect, profile, decaying):
            parts = _parts(one.name)
            collected["moment"][parts["moment"]] = None
            collected["decaying" if decaying else "update"][parts["update"]] = None
            collected["rounding"][parts["rounding"]] = None
    if collected["update"] == collected["decaying"]:
        del collected["decaying"]
    return {name: list(lines) for name, lines in collected.items() if list(lines) != [""]}


def _parts(name: str) -> dict[str, str]:
    """Take the name of a recipe apart.

    Examples
    --------
    >>> _parts("m=sum mfma=none c1=host final=F1 endfma=no round=opmath scalars=compute")["rounding"]
    'round=opmath scalars=compute'
    """
    words: dict[str, list[str]] = {"moment": [], "update": [], "rounding": []}
    for word in name.split():
        axis = word.partition("=")[0]
        words["moment" if axis in _MOMENT else "rounding" if axis in _ROUNDING else "update"].append(word)
    return {part: " ".join(lines) for part, lines in words.items()}


def own_names(dialect: Dialect, profile: str) -> dict[str, str]:
    """Return the name of the permitted recipe that gives a framework's own bits, without and with decay.

    A framework whose order of roundings is none of the products has its own name there.
    """
    collected = {"plain": _own_name(dialect, profile, 0.0)}
    if dialect.options & {"l2", "decoupled"}:
        collected["decaying"] = _own_name(dialect, profile, 0.07)
    return collected


def _own_name(dialect: Dialect, profile: str, decay: float) -> str:
    """Return the permitted recipe with the bits of a dialect: first compare moment and roundings, then the rest."""
    others = permitted(dialect, profile, decay != 0)
    kinds = {(parts["moment"], parts["rounding"]): one for one in others if (parts := _parts(one.name))}
    alike = _alike(dialect, list(kinds.values()), profile, decay, ("m", "u"))
    kinds_left = {kind for kind, one in kinds.items() if one in alike}
    rest = [one for one in others if (parts := _parts(one.name)) and (parts["moment"], parts["rounding"]) in kinds_left]
    return next((one.name for one in _alike(dialect, rest, profile, decay, OUTPUTS)), dialect.name)


def _alike(dialect: Dialect, others: list[Dialect], profile: str, decay: float, names: Sequence[str]) -> list[Dialect]:
    """Return the dialects that give another's bits at drawn elements, at two steps and on both sides of beta1 = 1/2."""
    inputs = [np.array(column) for column in zip(*draws(profile, _ELEMENTS, seed=1), strict=True)]
    places = [OUTPUTS.index(name) for name in names]
    for beta1, t in ((0.9, 3), (0.3, 2)):
        h = Hyperparameters(lr=0.3, beta1=beta1, beta2=0.98, eps=1e-3 * ("eps" in dialect.options), weight_decay=decay)
        merged = combine([with_flushes(dialect), *others], profile, h, t)
        bits: dict[int, bytes] = dict.fromkeys(merged.results, b"")
        for _, value, numbers in merged.run(inputs):
            bits[value] += numbers.tobytes()
        own, *ends = merged.outputs
        others = [one for one, end in zip(others, ends, strict=True) if all(bits[end[at]] == bits[own[at]] for at in places)]
    return others


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
    permitted_dialects = [
        recipe_dialect
        for recipe_dialect in permitted(dialect, case.profile, case.hyper.decay != "none")
        if not excluded(recipe_dialect.name, case.excludes)
    ]
    expected = {expect.step: expect for expect in case.expect or ()}
    failed: dict[str, None] = {}
    for number, (rows, states) in enumerate(_states(case, permitted_dialects), 1):
        if number in expected:
            wrong = outside(states, expected[number], case)
            failed |= dict.fromkeys(
                recipe_dialect.name for recipe_dialect, row in zip(permitted_dialects, rows, strict=True) if wrong[row]
            )
    return tuple(failed)


def excluded(name: str, fragments: Sequence[str]) -> bool:
    """Tell whether a recipe has one of the choices that a case excludes.

    Examples
    --------
    >>> excluded("m=sum final=F3 endfma=no", ["final=F3"])
    True
    """
    return any({*fragment.split()} <= {*name.split()} for fragment in fragments)


def _states(case: Case, permitted_dialects: Sequence[Dialect]) -> Iterator[tuple[list[int], Array]]:
    """Yield after each step which row each recipe is at, and the rows: different states, a quantity by number of elements."""
    init, t = case.init, case.init.t
    states = np.array([[decode(text, case.form) for text in (init.theta, init.m, init.u)]], dtype=np.float64)
    rows = [0] * len(permitted_dialects)
    for item in case.steps:
        if item.grad is not None:
            t += 1
            merged = combine(permitted_dialects, case.profile, case.hyper.at(item), t)
            grad = np.tile(np.array(decode(item.grad, case.form), dtype=np.float64), len(states))
            columns = {"p": states[:, 0].ravel(), "g": grad, "m": states[:, 1].ravel(), "u": states[:, 2].ravel()}
            rows, states = _after(merged, [columns[name] for name in INPUTS], rows, states.shape)
        yield rows, states


def _after(merged: Any, inputs: list[Array], rows: list[int], shape: tuple[int, ...]) -> tuple[list[int], Array]:
    """Do a step: every recipe takes its own row of each of its results."""
    collected: dict[int, list[Array]] = {value: [] for value in merged.results}
    for _, value, numbers in merged.run(inputs):
        collected[value].append(np.asarray(numbers, dtype=np.float64))
    whole = {
        value: np.concatenate(pieces).reshape(shape[0], shape[2]) if pieces else inputs[0].reshape(shape[0], 0)
        for value, pieces in collected.items()
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

"""Derivatives of a step on NumPy arrays, where there is no autograd: the explicit vector-Jacobian product."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adamax_ref.arrays.evaluation import operations
from adamax_ref.arrays.memory import STORED
from adamax_ref.backend import profile_of
from adamax_ref.dialects import get as get_dialect
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Recipe

from .derivatives import NAMES, pullback, slopes
from .functional import State, Tree, leaves, map_tree, update
from .pieces import cut

Pull = Callable[[Tree, State | None], tuple[Tree, Tree, State, dict[str, float]]]


def vjp(
    params: Tree, grads: Tree, state: State, hyper: Hyperparameters | None = None, *, dialect: str = "torch"
) -> tuple[tuple[Tree, State], Pull]:
    """Return :func:`update`'s result, and a function that pulls cotangents back through the step.

    Parameters
    ----------
    params, grads : tree of ndarray
        As for :func:`~adamax_ref.optimizer.functional.update`; real arrays.
    state : State
        Before the step.
    hyper : Hyperparameters or None
        None stands for the dialect's defaults.
    dialect : str
        Whose step.

    Returns
    -------
    (params, state), pull
        ``pull(params_bar, state_bar) -> (params_bar, grads_bar, state_bar, hyper_bar)``: from the cotangents of the
        results those of what was given; ``hyper_bar`` holds ``lr``, ``beta1``, ``beta2``, ``eps``, ``weight_decay``,
        summed over all elements with one rounding. Steps have none. A ``state_bar`` of None stands for zeros.

    Raises
    ------
    TypeError
        When an array is complex: take its parts.
    ValueError
        When something does not fit.

    Notes
    -----
    Roundings have derivative 1. At a tie of the maximum each side gets half; ``|g|`` has derivative 0 at 0. Both are
    PyTorch's choices. A parameter without gradient passes its cotangents on unchanged.

    Examples
    --------
    >>> from adamax_ref.optimizer.functional import init
    >>> p = np.array([1.0, 2.0])
    >>> (new, _), pull = vjp(p, np.array([0.5, -0.25]), init(p), Hyperparameters(lr=0.25))
    >>> _, _, _, hyper_bar = pull(np.array([1.0, 0.0]), None)
    >>> round(hyper_bar["lr"], 6)
    -1.0
    """
    chosen = get_dialect(dialect)
    h = hyper or chosen.defaults
    for _, array in leaves(params):
        if profile_of(array).startswith("c"):
            raise TypeError(f"vjp takes real arrays, not {array.dtype}; pass real and imaginary part")
    new = update(params, grads, state, h, dialect=dialect)

    def pull(params_bar: Tree, state_bar: State | None) -> tuple[Tree, Tree, State, dict[str, float]]:
        zeros = map_tree(np.zeros_like, params)
        bars = state_bar or State(None, zeros, zeros)
        done = map_tree(
            lambda p, g, t, m, u, dp, dm, du: _Pulled(chosen, h, (p, g, m, u), t + 1, (dp, dm, du)),
            params, grads, *state, params_bar, bars.exp_avg, bars.exp_inf,
        )  # fmt: skip
        p_bar, g_bar, m_bar, u_bar = (map_tree(lambda part, name=name: part.arrays[name], done) for name in "pgmu")
        parts = [part for _, part in leaves(done)]
        sums = {name: _total([term for part in parts for term in part.terms(at)]) for at, name in enumerate(NAMES)}
        return p_bar, g_bar, State(map_tree(lambda _: 0, params), m_bar, u_bar), sums

    return new, pull


class _Pulled:
    """The cotangents of one parameter, as a leaf."""

    def __init__(self, chosen: Dialect, h: Hyperparameters, arrays: tuple[Any, ...], t: int, bars: tuple[Any, ...]) -> None:
        self._by_constant: list[tuple[tuple[float, ...], Any]] = []
        if arrays[1] is None:
            self.arrays: dict[str, Any] = {"p": bars[0], "g": None, "m": bars[1], "u": bars[2]}
            return
        given = [np.array(array, order="C") for array in (*arrays, *bars)]
        out = [np.empty_like(array) for array in given[:4]]
        for recipe, piece in _pieces(chosen, h, profile_of(arrays[0]), (*given, *out)):
            self._pull(chosen, h, recipe, t, piece)
        self.arrays = dict(zip("pgmu", out, strict=True))

    def _pull(self, chosen: Dialect, h: Hyperparameters, recipe: Recipe, t: int, arrays: Sequence[Any]) -> None:
        dtype = np.dtype(STORED[recipe.working])
        wide = [array.astype(dtype) for array in arrays[:7]]
        constants = dict(zip(recipe.constants, map(dtype.type, chosen.scalars(h, t, recipe)), strict=True))
        values = dict(zip("pgmu", wide[:4], strict=True)) | constants
        with np.errstate(all="ignore"):
            table = operations(np, recipe, arrays[0].dtype)
            bars = pullback(recipe, table, np.where, values, dict(zip("pmu", wide[4:], strict=True)))
            for name, out in zip("pgmu", arrays[7:], strict=True):
                out[...] = bars[name]
        slope = slopes(chosen, h, t, recipe.constants)
        self._by_constant += [(slope[name], np.broadcast_to(bars[name], wide[0].shape)) for name in recipe.constants]

    def terms(self, option: int) -> list[float]:
        """Return what each element contributes to the derivative by one option."""
        found: list[float] = []
        for slope, bar in self._by_constant:
            if slope[option] != 0:
                found += (bar.astype(np.float64) * slope[option]).ravel().tolist()
        return found


def _pieces(chosen: Dialect, h: Hyperparameters, profile: str, arrays: Sequence[Any]) -> list[tuple[Recipe, Sequence[Any]]]:
    """Cut arrays where the framework's recipe changes with the position."""
    body, tail = chosen.recipe(h, profile, "body"), chosen.recipe(h, profile, "tail")
    if body == tail:
        return [(body, arrays)]
    front, rest = cut(arrays, chosen.vector)
    return [*((body, piece) for piece in front), *((tail, piece) for piece in rest)]


def _total(terms: list[float]) -> float:
    """Sum with one rounding; what is not finite goes the ordinary way."""
    return math.fsum(terms) if all(map(math.isfinite, terms)) else float(np.sum(terms))

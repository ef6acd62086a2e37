"""The optimizer as pure functions, ``init`` and ``update``, of nested dictionaries, lists and tuples of arrays."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from adamax_ref.backend import get_backend
from adamax_ref.dialects import get as get_dialect
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters

from . import traced
from .groups import engine
from .jobs import check_gradient, check_state
from .parameter import Parameter
from .prepared import PreparedSteps
from .tensors import is_tensor, tensor_zeros_like

Path = tuple[Hashable, ...]


def leaves(tree: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield everything in a tree that is no dictionary, list or tuple, with the way to it; None is a leaf.

    Examples
    --------
    >>> list(leaves({"a": [1, None], "b": 2}))
    [(('a', 0), 1), (('a', 1), None), (('b',), 2)]
    """
    if isinstance(tree, dict):
        items: Any = tree.items()
    elif isinstance(tree, (list, tuple)):
        items = enumerate(tree)
    else:
        yield path, tree
        return
    for key, value in items:
        yield from leaves(value, (*path, key))


def map_tree(function: Callable[..., object], tree: object, *others: object) -> Any:
    """Return a tree of the same shape with ``function(leaf, *leaves of the others)`` in it.

    Raises
    ------
    ValueError
        When another tree lacks a place that the first one has.

    Examples
    --------
    >>> map_tree(lambda a, b: a + b, {"a": (1, 2)}, {"a": (10, 20)})
    {'a': (11, 22)}
    """

    def build(node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            return {key: build(value, (*path, key)) for key, value in node.items()}
        if isinstance(node, (list, tuple)):
            parts = [build(value, (*path, at)) for at, value in enumerate(node)]
            return type(node)(*parts) if hasattr(node, "_fields") else type(node)(parts)
        return function(node, *(_at(other, path) for other in others))

    return build(tree, ())


def _at(tree: Any, path: Path) -> Any:
    """Return what stands at the end of a way; a None on the way stands for a whole tree of None.

    Examples
    --------
    >>> _at({"a": [1, 2]}, ("a", 1)), _at({"a": None}, ("a", 1))
    (2, None)
    """
    for key in path:
        if tree is None:
            return None
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"the trees differ: there is no {key!r} on the way {path!r}") from error
    return tree


Tree = Any


class State(NamedTuple):
    """State that :func:`update` carries from step to step; each field is a tree like the parameters.

    Attributes
    ----------
    step : tree of int
        Updates of each parameter so far.
    exp_avg, exp_inf : tree of arrays
        The moment and the norm.
    """

    step: Tree
    exp_avg: Tree
    exp_inf: Tree


def init(params: Tree, hyper: Hyperparameters | Mapping[str, object] | None = None, *, backend: str | None = None) -> State:
    """Return the state before the first step.

    Parameters
    ----------
    params : array, or nested dict, list or tuple of arrays
        Floating or complex arrays of any namespace.
    hyper : Hyperparameters, mapping or None
        Checked if given; the state does not depend on it.
    backend : str or None
        What will compute; None takes the best for each array.

    Raises
    ------
    TypeError
        When no backend computes on an array, or `params` holds something else.
    ValueError
        When a hyperparameter is out of range.

    Examples
    --------
    >>> state = init({"w": np.zeros(2)})
    >>> state.step, state.exp_avg["w"].tolist()
    ({'w': 0}, [0.0, 0.0])
    """
    options(hyper)

    def zeros(array: Any) -> Any:
        return tensor_zeros_like(array) if is_tensor(array) else engine(array, backend).zeros_like(array)

    return State(map_tree(lambda _: 0, params), map_tree(zeros, params), map_tree(zeros, params))


def update(
    params: Tree,
    grads: Tree,
    state: State,
    hyper: Hyperparameters | Mapping[str, object] | None = None,
    *,
    dialect: str | Dialect = "torch",
    backend: str | None = None,
) -> tuple[Tree, State]:
    """Return the parameters and the state after one step; nothing that is given changes.

    Parameters
    ----------
    params : array, or nested dict, list or tuple of arrays
        Any namespace.
    grads : tree
        Like `params`; None, for an array or a whole branch, leaves it and its counter as they are.
    state : State
        From :func:`init` or the last call.
    hyper : Hyperparameters, mapping or None
        None stands for the dialect's defaults. A mapping may hold ``lr``, ``beta1``, ``beta2``, ``eps``,
        ``weight_decay``, ``maximize``, also as traced arrays; what it lacks is the dialect's default.
    dialect : str or Dialect
        Whose Adamax; ``"torch/capturable"`` is meant for steps under ``jax.jit``.
    backend : str or None
        What computes; ignored for arrays that are being traced.

    Raises
    ------
    ValueError, TypeError, RuntimeError
        When something does not fit.

    Examples
    --------
    >>> params = {"w": np.array([1.0, 2.0])}
    >>> new, state = update(params, {"w": np.array([0.5, 0.0])}, init(params), Hyperparameters(lr=0.25))
    >>> new["w"].tolist(), state.step, params["w"].tolist()
    ([0.750000005, 2.0], {'w': 1}, [1.0, 2.0])
    """
    chosen, named = get_dialect(dialect), options(hyper, get_dialect(dialect).defaults)
    if backend is not None:
        get_backend(backend)

    def one(p: Any, g: Any, t: Any, m: Any, u: Any) -> tuple[Any, ...]:
        if g is None:
            return p, t, m, u
        check_gradient(g, p, "a parameter")
        check_state({"step": t, "exp_avg": m, "exp_inf": u}, p, "a parameter")
        if any(map(traced.is_traced, (p, g, m, u, t, *named.values()))):
            return _with(t, traced.step(chosen, named, t + 1, (p, g, m, u)))
        return _ordinary(p, g, t, m, u, named, dialect, backend)

    done = map_tree(lambda p, g, t, m, u: _Done(one(p, g, t, m, u)), params, grads, *state)
    new, step, exp_avg, exp_inf = (map_tree(lambda result, at=at: result.parts[at], done) for at in range(4))
    return new, State(step, exp_avg, exp_inf)


class _Done:
    """The results of one parameter, as a leaf."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts


def options(hyper: Hyperparameters | Mapping[str, object] | None, defaults: Hyperparameters | None = None) -> dict[str, object]:
    """Return hyperparameters by name, checked as far as they are numbers.

    Raises
    ------
    ValueError, TypeError
        When one is out of range or unknown.
    """
    base = defaults or Hyperparameters()
    names = (*traced.NAMES, "maximize")
    given = {name: getattr(hyper, name) for name in names} if isinstance(hyper, Hyperparameters) else dict(hyper or {})
    unknown = set(given) - set(names)
    if unknown:
        raise ValueError(f"unknown hyperparameter {min(unknown)!r}; there are {', '.join(names)}")
    named = {name: getattr(base, name) for name in names} | given
    traced.concrete(named, base)
    return named


def _with(t: Any, new: tuple[Any, Any, Any]) -> tuple[Any, ...]:
    p, m, u = new
    return p, t + 1, m, u


def _ordinary(
    p: Any, g: Any, t: Any, m: Any, u: Any, named: dict[str, object], dialect: str | Dialect, backend: str | None
) -> tuple[Any, ...]:
    """Step copies with the optimizer's own engine."""
    param = Parameter(_copied(p), g)
    memory = {"step": int(t), "exp_avg": _copied(m), "exp_inf": _copied(u)}
    group: Any = {
        "params": [param],
        **{name: value for name, value in named.items() if not name.startswith("beta")},
        "betas": (named["beta1"], named["beta2"]),
        **dict.fromkeys(("foreach", "differentiable", "capturable"), None),
    }
    state: dict[Any, Any] = {param: memory}
    PreparedSteps().step([group], state, get_dialect(dialect), backend)
    return param.data, memory["step"], memory["exp_avg"], memory["exp_inf"]


def _copied(array: Any) -> Any:
    """Return a copy where a backend might write; arrays that cannot be written to are their own copies."""
    if is_tensor(array):
        return array.detach().clone()
    if isinstance(array, np.ndarray):
        return np.array(array, order="K", subok=False)
    return array.copy() if hasattr(array, "copy") and type(array).__module__.startswith("cupy") else array

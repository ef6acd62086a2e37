"""Steps that an autograd or a compiler looks into: on torch tensors and JAX arrays, also with traced options.

The recipe is that of an ordinary step and runs on the array-API engine, whose operations have derivatives. Options
and the step's number may be arrays that are being traced; then the constants are formed by the dialect's own formulas
on those arrays.
"""

import math
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, final

from adamax_ref.arrays.memory import STORED
from adamax_ref.arrays.types import Array, Arrays
from adamax_ref.backend import profile_of
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Recipe

from .pieces import cut, namespace, paste
from .tensors import grad_enabled, is_tensor
from .types import Param, ParamState

Three = tuple[Array, Array, Array]
"""New parameter, moment and norm."""

NAMES = ("lr", "beta1", "beta2", "eps", "weight_decay")


def is_traced(value: object) -> bool:
    """Return whether a value belongs to a graph that is being recorded.

    Examples
    --------
    >>> is_traced(0.1)
    False
    """
    if is_tensor(value):
        return bool(value.requires_grad)
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.core.Tracer)


def primal(value: object, otherwise: object) -> Any:
    """Return the number behind a traced value, or `otherwise` where a compiler hides it."""
    if is_tensor(value):
        return value.item()
    if not is_traced(value):
        return value
    jax = sys.modules["jax"]
    try:
        return float(jax.lax.stop_gradient(value))
    except jax.errors.ConcretizationTypeError:
        return otherwise


def concrete(options: Mapping[str, object], defaults: Hyperparameters) -> Hyperparameters:
    """Return checked numbers for options of which some may be traced; a hidden one is taken to be the default."""
    return Hyperparameters(
        **{name: float(primal(options[name], getattr(defaults, name))) for name in NAMES}, maximize=bool(options["maximize"])
    )


@final
@dataclass(frozen=True)
class _TracedRounding:
    """The rounding of constants, on arrays: a conversion to the type in question, which autograd sees as exact."""

    xp: Any
    working: Any
    storage: Any

    def work(self, x: Any) -> Any:
        """Convert to the working type."""
        return self._to(x, self.working)

    def store(self, x: Any) -> Any:
        """Convert to the storage type and back."""
        return self._to(self._to(x, self.storage), self.working)

    def single(self, x: Any) -> Any:
        """Convert to float32."""
        return self._to(x, self.xp.float32)

    def double(self, x: Any) -> Any:
        """Convert to float64."""
        return self._to(x, self.xp.float64)

    def product(self, x: Any, count: Any) -> Any:
        """Return the power: a product of `count` factors has its derivative."""
        return x**count

    def _to(self, x: Any, dtype: Any) -> Any:
        if is_tensor(x):
            return x.to(dtype)
        return x.astype(dtype) if is_traced(x) else self.xp.asarray(x, dtype=dtype)


def step(dialect: Dialect, options: Mapping[str, object], t: Any, arrays: Arrays) -> Three:
    """Return new `p m u` for `p g m u`, through operations that can be traced.

    Parameters
    ----------
    dialect : Dialect
        Whose step it is.
    options : mapping
        ``lr``, ``beta1``, ``beta2``, ``eps``, ``weight_decay``, ``maximize``; numbers, or traced arrays of no axes.
    t : int or traced array
        Number of the step, from 1.
    arrays : tuple
        ``p``, ``g``, ``m``, ``u``: torch tensors or JAX arrays of one dtype and shape.
    """
    profile = profile_of(arrays[0])
    numbers = concrete(options, dialect.defaults)
    recipes = [dialect.recipe(numbers, profile, "body"), dialect.recipe(numbers, profile, "tail")]
    parts = zip(*(_split(array) for array in arrays), strict=True)
    new = [_real(dialect, options, t, part, recipes) for part in parts]
    p, m, u = (_join([part[at] for part in new], arrays[0]) for at in range(3))
    return p, m, u


def _real(dialect: Dialect, options: Mapping[str, object], t: Any, arrays: Any, recipes: list[Recipe]) -> tuple[Any, Any, Any]:
    if recipes[0] == recipes[1]:
        return _run(dialect, options, t, arrays, recipes[0])
    body, tail = cut(arrays, dialect.vector)
    done = [_run(dialect, options, t, piece, recipes[0]) for piece in body]
    done += [_run(dialect, options, t, piece, recipes[1]) for piece in tail]
    p, m, u = (paste([piece[at] for piece in done], arrays[0]) for at in range(3))
    return p, m, u


def _run(dialect: Dialect, options: Mapping[str, object], t: Any, arrays: Any, recipe: Recipe) -> tuple[Any, Any, Any]:
    from adamax_ref.arrays.evaluation import evaluator

    constants = scalars(dialect, options, t, recipe, arrays[0])
    return evaluator(recipe)(*arrays, constants)


def scalars(dialect: Dialect, options: Mapping[str, object], t: Any, recipe: Recipe, like: Array) -> tuple[Any, ...]:
    """Return the constants of a step: numbers, or traced arrays where an option or the step's number is traced.

    A traced constant has the derivatives of the dialect's formula and, unless a compiler hides the numbers, the value
    that an ordinary step uses, whatever power function the array library has.
    """
    if not any(map(is_traced, (t, *(options[name] for name in NAMES)))):
        return dialect.scalars(concrete(options, dialect.defaults), int(t), recipe)
    with double_precision(like):
        xp = namespace(like)
        to = _TracedRounding(xp, getattr(xp, STORED[recipe.working]), getattr(xp, STORED[recipe.storage]))
        wide = {name: to._to(options[name], xp.float64) if is_traced(options[name]) else options[name] for name in NAMES}
        made = dialect.constants(SimpleNamespace(**wide), t, to)
        hidden = primal(t, None) is None or any(primal(options[name], None) is None for name in NAMES)
        if hidden:
            return tuple(made[name] for name in recipe.constants)
        exact = dialect.scalars(concrete(options, dialect.defaults), int(primal(t, None)), recipe)
        return tuple(_at_value(made[name], value) for name, value in zip(recipe.constants, exact, strict=True))


def _at_value(traced: Any, value: float) -> Any:
    """Move a traced number to `value`; both differ by an ulp or two, so the difference and the sum are exact."""
    still = traced.detach() if is_tensor(traced) else sys.modules["jax"].lax.stop_gradient(traced)
    return traced + (value - still) if math.isfinite(value) else traced


def double_precision(like: object) -> AbstractContextManager[None]:
    """Return a context in which JAX computes in float64 where it is asked to."""
    context: AbstractContextManager[None] = nullcontext() if is_tensor(like) else sys.modules["jax"].enable_x64(True)
    return context


def differentiates(array: object) -> bool:
    """Return whether an array's namespace has an autograd.

    Examples
    --------
    >>> import numpy as np
    >>> differentiates(np.zeros(3))
    False
    """
    jax = sys.modules.get("jax")
    return is_tensor(array) or (jax is not None and isinstance(array, jax.Array))


def check_graph(param: object) -> None:
    """Refuse a leaf that requires a gradient: a graph cannot pass through it.

    Raises
    ------
    RuntimeError
        With PyTorch's words.
    """
    if is_tensor(param) and param.is_leaf and param.requires_grad:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def beyond(param: Param, memory: ParamState, dialect: Dialect, options: Mapping[str, object], t: int) -> Three:
    """Return new arrays `p m u` for one parameter, so that the graph goes on through its step; nothing changes yet."""
    with grad_enabled():
        data = param.clone() if is_tensor(param) else param.data
        return step(dialect, options, t, (data, param.grad, memory["exp_avg"], memory["exp_inf"]))


def put_through(param: Param, memory: ParamState, new: Three) -> None:
    """Let state and data become the arrays that :func:`beyond` made."""
    with grad_enabled():
        p, m, u = new
        memory["exp_avg"], memory["exp_inf"] = m, u
        if is_tensor(param):
            param.copy_(p)
        else:
            param.data = p


def _split(array: Any) -> list[Any]:
    if not profile_of(array).startswith("c"):
        return [array]
    xp = namespace(array)
    return [xp.real(array), xp.imag(array)]


def _join(parts: list[Any], like: Any) -> Any:
    if len(parts) == 1:
        return parts[0]
    return sys.modules["torch"].complex(*parts) if is_tensor(like) else sys.modules["jax"].lax.complex(*parts)

"""A Python callable as a target: ``callable:MODULE:NAME`` on the command line, or anything that tests hand over."""

import inspect
import os
import pkgutil
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

from adamax_ref.conformance.answer import FEATURES, TOKENS
from adamax_ref.conformance.lent import Lender, NumpyLender, TorchLender
from adamax_ref.conformance.optimizer_class import OptimizerTarget
from adamax_ref.conformance.step_function import StepTarget
from adamax_ref.conformance.target import Target, TargetUnavailable

Kind = Literal["numpy", "torch"]
_STEP_ARGUMENTS = 6


def of(
    implementation: Callable[..., object] | Target,
    dialects: tuple[str, ...] = (),
    lacks: tuple[str, ...] = (),
    arrays: Kind | None = None,
    declares: tuple[str, ...] = (),
) -> Target:
    """Return the target of a callable; a target stays what it is.

    A function of six required positional arguments is a step function, see
    :class:`~adamax_ref.conformance.step_function.StepTarget`; a class and everything else makes optimizers, see
    :class:`~adamax_ref.conformance.optimizer_class.OptimizerTarget`.

    Parameters
    ----------
    implementation : callable or Target
        What is to be judged.
    dialects, lacks, declares : tuple of str
        What it follows, which features it does not have, and which freedoms it takes.
    arrays : {"numpy", "torch"}, optional
        What an optimizer works on; if left out, tensors for a subclass of PyTorch's optimizer and else NumPy arrays.

    Raises
    ------
    TypeError
        When it cannot be called.
    ValueError
        When a feature or freedom is unknown, or one is passed with a target, which says that of itself.

    Examples
    --------
    >>> of(lambda p, g, m, u, t, hyper: (p, m, u)).hello.exposes
    ('theta', 'm', 'u')
    """
    _refuse_unknown("lacks", lacks, FEATURES)
    _refuse_unknown("declares", declares, TOKENS)
    if isinstance(implementation, Target):
        if lacks or declares:
            name = "lacks" if lacks else "declares"
            raise ValueError(f"{name}={lacks or declares!r} with a target, which says so in its hello; leave {name} out")
        return implementation
    if not callable(implementation):
        raise TypeError(f"{implementation!r} is no implementation; pass a step function, an optimizer class or a target")
    if _is_step(implementation):
        step: Any = implementation
        return StepTarget(step, dialects, lacks, declares)
    return OptimizerTarget(implementation, dialects, lacks, _lender(implementation, arrays), declares=declares)


def _refuse_unknown(argument: str, words: tuple[str, ...], known: tuple[str, ...]) -> None:
    if isinstance(words, str):
        raise ValueError(f"{argument}={words!r} is a str; write a tuple, ({words!r},)")
    for word in words:
        if word not in known:
            raise ValueError(f"{argument} has unknown {word!r}; known are {', '.join(known)}")


def _is_step(implementation: Callable[..., object]) -> bool:
    if inspect.isclass(implementation):
        return False
    try:
        parameters = inspect.signature(implementation).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in positional and each.default is each.empty for each in parameters) == _STEP_ARGUMENTS


def _lender(factory: Callable[..., object], arrays: Kind | None) -> Lender:
    if arrays is None:
        loaded = sys.modules.get("torch")
        theirs = loaded is not None and inspect.isclass(factory) and issubclass(factory, loaded.optim.Optimizer)
        arrays = "torch" if theirs else "numpy"
    if arrays == "numpy":
        return NumpyLender()
    if arrays != "torch":
        raise ValueError(f"unknown arrays {arrays!r}; an optimizer can be lent 'numpy' or 'torch'")
    return TorchLender(import_module("torch"))


def target(name: str, lacks: tuple[str, ...] = (), declares: tuple[str, ...] = ()) -> Target:
    """Return the target of ``MODULE:NAME``, imported as ``python -m`` would import it, from this folder too.

    Raises
    ------
    TargetUnavailable
        When there is nothing of that name, or what there is cannot be called.
    ValueError
        When a feature or freedom is unknown.

    Examples
    --------
    >>> target("adamax_ref:Adamax").hello.name
    'adamax_ref.optimizer.adamax.Adamax'
    """
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        implementation = pkgutil.resolve_name(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module may raise anything when it is imported, SystemExit too
        raise TargetUnavailable(f"callable {name!r} cannot be had ({type(error).__name__}: {error}); write MODULE:NAME") from error
    if not callable(implementation):
        raise TargetUnavailable(f"callable {name!r} is {implementation!r}, which cannot be called; write MODULE:NAME")
    return of(implementation, (), lacks, None, declares)

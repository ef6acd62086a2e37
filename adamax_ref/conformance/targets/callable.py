"""A Python callable as a target: ``callable:MODULE:NAME`` on the command line, or anything that tests hand over."""

import inspect
import os
import pkgutil
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal, final

import numpy as np

from adamax_ref.conformance.answer import FEATURES, TOKENS, Answer, Hello, Reported
from adamax_ref.conformance.target import Array, Target, TargetUnavailable, about, attempt, start_of, text_of
from adamax_ref.golden.case import Case
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES

from .optimizer_class import ArrayLibrary, NumpyArrays, OptimizerTarget, TorchTensors

StepFunction = Callable[[Array, Array, Array, Array, int, Hyperparameters], tuple[object, object, object]]
"""``step(p, g, m, u, t, hyper) -> p, m, u``; `t` is 1 at the first step."""
_LEGAL = "illegal input, which a step function never gets: to refuse it is its caller's task"


@final
class StepTarget(Target):
    """A step function under test.

    Parameters
    ----------
    step : callable
        ``step(p, g, m, u, t, hyper) -> p, m, u`` on arrays of the profile's dtype, which are its own to change; `t` is
        the number of the step, from 1, and `hyper` has ``lr``, ``beta1``, ``beta2``, ``eps``, ``weight_decay`` and
        ``maximize``. Skipped steps and illegal numbers never reach it, so that cases about those are not tested.
    dialects : tuple of str
        What it follows; nothing means unknown.
    lacks : tuple of str
        Features that it does not have, of ``l2``, ``decoupled``, ``maximize``, ``init-state``, ``lr-schedule``, ``complex``.
    declares : tuple of str
        Freedoms that it takes, of ``ftz``, ``hyper32``, ``zero-sign-any``.

    Examples
    --------
    >>> StepTarget(lambda p, g, m, u, t, hyper: (p, m, u), ("torch",), lacks=("complex",)).hello.features
    ('l2', 'decoupled', 'maximize', 'init-state', 'lr-schedule')
    """

    def __init__(
        self,
        step: StepFunction,
        dialects: tuple[str, ...] = (),
        lacks: tuple[str, ...] = (),
        declares: tuple[str, ...] = (),
    ) -> None:
        self._step = step
        features = tuple(feature for feature in FEATURES if feature not in ("skip", *lacks))
        exposes = ("theta", "m", "u")
        types = tuple(sorted(PROFILES))
        self._hello = Hello(*about(step), "python", dialects, types, features, declares, exposes, device="cpu")

    @property
    def hello(self) -> Hello:
        """All profiles; the counter is the harness's own and not shown."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Run a case, unless it is one to be refused."""
        if case.result == "reject":
            return Answer(case.id, unasked=_LEGAL)
        return attempt(case, self._steps)

    def _steps(self, case: Case) -> tuple[Reported, ...]:
        start = start_of(case)
        p, m, u, t = start.theta, start.m, start.u, case.init.t
        reported = []
        for number, (each, grad) in enumerate(zip(case.steps, start.grads, strict=True), 1):
            if grad is not None:
                t += 1
                p, m, u = self._stepped(p, grad, m, u, t, case.hyper.at(each))
            if number in case.report:
                theta, moment, norm = (text_of(array, case.form) for array in (p, m, u))
                reported.append(Reported(number, theta, moment, norm))
        return tuple(reported)

    def _stepped(self, p: Array, g: Array, m: Array, u: Array, t: int, hyper: Hyperparameters) -> tuple[Array, Array, Array]:
        with np.errstate(all="ignore"):  # cases with NaN and infinity are meant to overflow
            made = self._step(p.copy(), g.copy(), m.copy(), u.copy(), t, hyper)
        new_p, new_m, new_u = (taken(value, name, p) for name, value in zip(("p", "m", "u"), made, strict=True))
        return new_p, new_m, new_u


def taken(value: object, name: str, like: Array) -> Array:
    """Return a result as an array.

    Raises
    ------
    TypeError
        When its dtype or shape is not that of `like`.

    Examples
    --------
    >>> taken(np.float64([1.0]), "m", np.float32([1.0]))
    Traceback (most recent call last):
    ...
    TypeError: the new m is float64 of shape (1,) and must be float32 of shape (1,)
    """
    array = np.asarray(value)
    if (array.dtype, array.shape) != (like.dtype, like.shape):
        raise TypeError(f"the new {name} is {array.dtype} of shape {array.shape} and must be {like.dtype} of shape {like.shape}")
    return array


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
    :class:`~adamax_ref.conformance.targets.callable.StepTarget`; a class and everything else makes optimizers, see
    :class:`~adamax_ref.conformance.targets.optimizer_class.OptimizerTarget`.

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
    return OptimizerTarget(implementation, dialects, lacks, _library(implementation, arrays), declares=declares)


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


def _library(factory: Callable[..., object], arrays: Kind | None) -> ArrayLibrary:
    if arrays is None:
        loaded = sys.modules.get("torch")
        theirs = loaded is not None and inspect.isclass(factory) and issubclass(factory, loaded.optim.Optimizer)
        arrays = "torch" if theirs else "numpy"
    if arrays == "numpy":
        return NumpyArrays()
    if arrays != "torch":
        raise ValueError(f"unknown arrays {arrays!r}; write 'numpy' or 'torch'")
    return TorchTensors(import_module("torch"))


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

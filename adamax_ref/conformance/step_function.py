"""A step function in Python as a target: plain arithmetic on NumPy arrays, without an optimizer around it."""

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import final

import numpy as np

from adamax_ref.golden.case import Case
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import PROFILES

from .answer import FEATURES, Answer, Hello, Reported
from .arrays import Array, start_of, text_of
from .target import Target, attempt

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


def about(implementation: Callable[..., object]) -> tuple[str, str]:
    """Return name and version of something callable.

    Examples
    --------
    >>> about(np.linalg.norm) == ("numpy.linalg.norm", np.__version__)
    True
    """
    module = getattr(implementation, "__module__", None) or type(implementation).__module__
    name = getattr(implementation, "__qualname__", None) or getattr(implementation, "__name__", type(implementation).__qualname__)
    top = module.partition(".")[0]
    try:
        return f"{module}.{name}", version(top)
    except PackageNotFoundError:
        return f"{module}.{name}", str(getattr(sys.modules.get(top), "__version__", "unknown"))

"""An engine of this package, run through the public optimizer: its own loading of state, groups, skips and refusals.

The hyperparameters are handed over with correctly rounded powers, as in the corpus, so that no C library takes part.
"""

import sys
from importlib.metadata import version
from typing import final

import numpy as np

from adamax_ref.backend import OWN, AbstractBackend, BackendUnavailable, get_backend, package_of
from adamax_ref.backend.arithmetic import require_gradual_underflow
from adamax_ref.conformance.answer import Answer, Hello, Reported
from adamax_ref.conformance.target import Refusal, Start, Target, TargetUnavailable, attempt, start_of, text_of
from adamax_ref.dialects import get, names
from adamax_ref.exact.constants import ExactPower
from adamax_ref.golden.case import Case
from adamax_ref.optimizer.adamax import Adamax
from adamax_ref.optimizer.parameter import Parameter
from adamax_ref.optimizer.types import ParamState


@final
class BackendTarget(Target):
    """The optimizer on arrays of one engine."""

    def __init__(self, backend: AbstractBackend) -> None:
        self.backend = backend
        capabilities = backend.capabilities
        self._hello = Hello(
            name=_named(backend.name),
            version=package_of(backend.name)[1] or version("adamax-ref"),
            language="python",
            dialects=names(),
            profiles=tuple(sorted(capabilities.profiles)),
            declares=() if capabilities.subnormals else ("ftz",),
            device=capabilities.device,
        )

    @property
    def hello(self) -> Hello:
        """All dialects, the engine's profiles, every feature."""
        return self._hello

    def declares(self, dialect: str) -> tuple[str, ...]:
        """Follow a framework that makes zeros of subnormal numbers in that too; an engine that always does so, declares it."""
        return self._hello.declares or (("ftz",) if get(dialect).flushes else ())

    def run(self, case: Case) -> Answer:
        """Run a case."""
        return attempt(case, self._refusing)

    def _refusing(self, case: Case) -> tuple[Reported, ...]:
        """Do the steps; the optimizer refuses illegal input with a ValueError, whenever it first sees it."""
        start = start_of(case)
        try:
            return self._steps(case, start)
        except ValueError as error:
            raise Refusal(str(error)) from error

    def _steps(self, case: Case, start: Start) -> tuple[Reported, ...]:
        parameter = Parameter(self.backend.from_host(start.theta))
        optimizer = self._optimizer(case, parameter)
        self._load(optimizer, parameter, start, case.init.t)
        reported = []
        for number, (step, grad) in enumerate(zip(case.steps, start.grads, strict=True), 1):
            optimizer.param_groups[0]["lr"] = ExactPower((step.lr or case.hyper.lr).value)
            parameter.grad = None if grad is None else self.backend.from_host(grad, parameter.data)
            optimizer.step()
            if number in case.report:
                reported.append(self._reported(number, case, parameter, optimizer.state[parameter]))
        return tuple(reported)

    def _optimizer(self, case: Case, parameter: Parameter) -> Adamax:
        hyper = case.hyper
        return Adamax(
            [parameter],
            lr=ExactPower(hyper.lr.value),
            betas=(ExactPower(hyper.beta1.value), ExactPower(hyper.beta2.value)),
            eps=hyper.eps.value,
            weight_decay=hyper.weight_decay.value,
            maximize=hyper.maximize,
            dialect=case.dialect,
            backend=self.backend.name,
        )

    def _load(self, optimizer: Adamax, parameter: Parameter, start: Start, t: int) -> None:
        moments = {"exp_avg": start.m, "exp_inf": start.u}
        arrays = {name: self.backend.from_host(array, parameter.data) for name, array in moments.items()}
        saved = optimizer.state_dict()
        optimizer.load_state_dict({**saved, "state": {0: {"step": t, **arrays}}})

    def _reported(self, number: int, case: Case, parameter: Parameter, memory: ParamState) -> Reported:
        arrays = (parameter.data, memory["exp_avg"], memory["exp_inf"])
        theta, m, u = (text_of(self.backend.to_host(array), case.form) for array in arrays)
        return Reported(number, theta, m, u, int(memory["step"]))


def _named(name: str) -> str:
    """Return what a report calls an engine: one of another package by its own name."""
    package = package_of(name)[0]
    return f"adamax_ref on {name}" if package in ("", OWN) else f"{name} of {package}"


def target(name: str) -> Target:
    """Return the target of the engine `name`.

    Raises
    ------
    ValueError
        When no engine of that name is registered.
    TargetUnavailable
        When it cannot run here, this process flushes subnormal numbers, or it does so itself and does not declare it.
    """
    try:
        require_gradual_underflow()
        backend = get_backend(name)
        made = BackendTarget(backend)
        if backend.capabilities.subnormals and flushes(backend):
            raise TargetUnavailable(
                f"backend {name!r} turns subnormal numbers into zeros and declares that it keeps them; "
                "let its capabilities say subnormals=False"
            )
        return made
    except BackendUnavailable as reason:
        raise TargetUnavailable(str(reason)) from reason


def flushes(backend: AbstractBackend) -> bool:
    """Return whether an engine makes zeros of subnormal numbers, in float32 or float64, found out by a step.

    Examples
    --------
    >>> flushes(get_backend("numpy"))
    False
    """
    return any(_flushes_in(profile, backend) for profile in ("f32", "f64") if profile in backend.capabilities.profiles)


def _flushes_in(profile: str, backend: AbstractBackend) -> bool:
    """Step a subnormal parameter without a gradient, from zero state: one that flushes makes a zero of it.

    What else comes out, NaN for example, is a wrong engine, which the cases show.
    """
    dialect = get("torch")
    recipe = dialect.recipe(dialect.defaults, profile)
    form = recipe.storage_format
    zero = np.zeros(1, f"f{form.width // 8}")
    tiny = np.frombuffer((1).to_bytes(form.width // 8, sys.byteorder), zero.dtype)
    scalars = dialect.scalars(dialect.defaults, 1, recipe)
    try:
        p, g, m, u = (backend.from_host(value) for value in (tiny, zero, zero, zero))
        (new,), _, _ = backend.step(recipe, [p], [g], [m], [u], [scalars])
    except BackendUnavailable:
        raise
    except Exception:  # the cases show it, one by one
        return False
    # Bits, not values: a process that flushes would take the subnormal number itself for zero.
    return int.from_bytes(backend.to_host(new).tobytes(), sys.byteorder) in (0, 1 << (form.width - 1))

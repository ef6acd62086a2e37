"""A framework's own optimizer, in a process of its own, with the state of a case put in."""

from typing import final

from adamax_ref.conformance.answer import FEATURES, Answer, Hello, Reported
from adamax_ref.conformance.target import Target, TargetUnavailable, attempt, start_of, text_of
from adamax_ref.dialects import get as get_dialect
from adamax_ref.frameworks import Framework, Start, Trajectory, get
from adamax_ref.frameworks.child import Children
from adamax_ref.golden.case import Case

from .optimizer_class import torch_target

_LEGAL = "illegal input, which is refused here before it reaches the framework"
_FIXED_RATE = ("torchopt",)  # the learning rate is part of the function that TorchOpt makes


@final
class FrameworkTarget(Target):
    """One way of running one framework; see :mod:`adamax_ref.frameworks`.

    Parameters
    ----------
    framework : Framework
        Which.
    children : Children, optional
        Processes to run in, which stay open; otherwise the target has its own.
    """

    def __init__(self, framework: Framework, children: Children | None = None) -> None:
        self._framework = framework
        self._children = children or Children()
        self._borrowed = children is not None
        dialect = get_dialect(framework.name)
        lacking = {"complex"} | ({"lr-schedule"} if framework.name in _FIXED_RATE else set())
        options = {option for option in ("l2", "decoupled", "maximize") if option not in dialect.options}
        name, _, number = framework.running.partition(",")[0].partition(" ")
        self._hello = Hello(
            name=f"{framework.name} ({framework.settings}; {framework.running})",
            version=number or name,
            language="javascript" if framework.find is not None else "python",
            dialects=(framework.name.partition("/")[0],),
            profiles=tuple(sorted(profile for profile in framework.profiles if profile not in framework.departs)),
            features=tuple(feature for feature in FEATURES if feature not in lacking | options),
            declares=("ftz",) if dialect.flushes else (),
            exposes=("theta", "m", "u"),
            device="cpu",
        )

    @property
    def hello(self) -> Hello:
        """One dialect; the profiles and features of the framework."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Run a case, unless it is one to be refused."""
        if case.result == "reject":
            return Answer(case.id, unasked=_LEGAL)
        return attempt(case, self._steps)

    def _steps(self, case: Case) -> tuple[Reported, ...]:
        given = start_of(case)
        hyper = case.hyper.at()
        rates = [case.hyper.at(step).lr for step in case.steps]
        start = Start(case.profile, hyper, given.theta, given.m, given.u, case.init.t)
        played = self._children.play(self._framework.name, start, given.grads, rates)
        return tuple(_reported(at, played, case) for at in case.report)

    def close(self) -> None:
        """End the process, if it is the target's own."""
        if not self._borrowed:
            self._children.close()


def _reported(at: int, played: Trajectory, case: Case) -> Reported:
    theta, m, u = (text_of(quantity[at - 1], case.form) for quantity in played)
    return Reported(at, theta, m, u)


def target(name: str) -> Target:
    """Return the target of the framework `name`.

    Raises
    ------
    ValueError
        When there is none of that name.
    TargetUnavailable
        When it is not installed.
    """
    if name == "torch":
        return torch_target(name)  # as a class, which also shows its counter and refuses illegal input
    framework = get(name)
    if not framework.installed:
        raise TargetUnavailable(f"framework {name!r} is not installed; {framework.remedy}")
    return FrameworkTarget(framework)

"""The prepared steps of an optimizer: the last few that it did, and whether one of them broke."""

from collections.abc import Sequence
from typing import Any, final

from adamax_ref.backend.arithmetic import require_gradual_underflow
from adamax_ref.recipe.dialect import Dialect

from .groups import Group
from .jobs import collect
from .step import Bound, Step
from .types import MutableState

KEPT = 4
"""How many are kept, for parameters may take turns in having a gradient."""


class BrokenStep(RuntimeError):
    """An optimizer of which a step failed half-way, so that nobody knows which parameters have moved."""


@final
class PreparedSteps:
    """Does an optimizer's steps, with what was prepared for the last ones.

    Parameters
    ----------
    fault : str or None
        Why no step may be done, of an optimizer that this one is a copy of.

    Attributes
    ----------
    fault : str or None
        What went wrong in the middle of a step.
    made : int
        How many steps were prepared.
    """

    def __init__(self, fault: str | None = None) -> None:
        self.fault = fault
        self.made = 0
        self._steps: list[tuple[str | None, Step]] = []

    def step(self, groups: Sequence[Group], state: MutableState, dialect: Dialect, backend: str | None) -> None:
        """Do a step: everything or nothing, or break.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            When something does not fit; nothing has changed then.
        BrokenStep
            When an earlier step was broken.
        """
        if self.repeat(groups, state, dialect, backend):
            return
        rounds = collect(groups, state, dialect, backend)
        if rounds:
            step, bound = self._made(rounds[0], groups, state)
            self._run(step, bound, rounds[1:], groups, state)
            if len(rounds) == 1 and step.is_repeatable:
                self._steps = [(backend, step), *self._steps[: KEPT - 1]]

    def repeat(self, groups: Sequence[Group], state: MutableState, dialect: Dialect, backend: str | None) -> bool:
        """Do a step that is like an earlier one and return True; or do nothing and return False."""
        self.require_steppable()
        ready = self._ready(groups, state, dialect, backend)
        if ready is not None:
            self._run(*ready, [], groups, state)
        return ready is not None

    def _run(self, step: Step, bound: Bound, rounds: Sequence[Any], groups: Sequence[Group], state: Any) -> None:
        """Write; what goes wrong here breaks the optimizer, unless the step can be brought to an end."""
        try:
            step.run(bound, state)
            for jobs in rounds:  # parameters that stand twice in a group go on from the first result
                later, numbers = self._made(jobs, groups, state)
                later.run(numbers, state)
        except BaseException as fault:
            if rounds or not _is_ended(step, bound, state):
                self._break(fault)
            raise

    def ready(
        self, groups: Sequence[Group], state: MutableState, dialect: Dialect, backend: str | None, wanted: Step | None
    ) -> Step | None:
        """Return a step, or the wanted one, that was done before and is what would be done now; None when there is none."""
        self.require_steppable()
        steps = [step for named, step in self._steps if named == backend and wanted in (None, step)]
        return next((step for step in steps if step.holds(groups, state, dialect)), None)

    def require_steppable(self) -> None:
        """Refuse to step what an earlier step has left half done, and in a thread that flushes subnormal numbers.

        Raises
        ------
        BrokenStep
            When an earlier step was broken.
        BackendUnavailable
            When the processor flushes.
        """
        if self.fault is not None:
            raise BrokenStep(
                f"an earlier step broke off while it was written ({self.fault}), so some parameters have moved and others "
                "have not; load a saved state with load_state_dict, and the parameters that belong to it"
            )
        require_gradual_underflow()

    def _ready(
        self, groups: Sequence[Group], state: MutableState, dialect: Dialect, backend: str | None
    ) -> tuple[Step, Bound] | None:
        for at, (named, step) in enumerate(self._steps):
            if named != backend:
                continue
            try:
                bound = step.again(groups, state, dialect)
            except (ValueError, TypeError):  # who prepares it anew finds the words for what does not fit
                continue
            if bound is not None:
                if at:
                    self._steps.insert(0, self._steps.pop(at))
                return step, bound
        return None

    def _made(self, jobs: Any, groups: Sequence[Group], state: MutableState) -> tuple[Step, Bound]:
        step = Step(jobs, groups, state)
        self.made += 1
        return step, step.bind()

    def _break(self, fault: BaseException) -> None:
        self.fault = f"{type(fault).__name__}: {fault}"
        self._steps = []


def _is_ended(step: Step, bound: Bound, state: MutableState) -> bool:
    """Bring a step to an end that an exception interrupted; return False where it stays half done."""
    try:
        return step.end(bound, state)
    except BaseException:  # the first exception is the one that is raised
        return False

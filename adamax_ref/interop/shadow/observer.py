"""Shadow mode: a reference that follows a live optimizer step by step and reports the first bit in which the two differ.

When a step begins options, parameters, state and gradients are copied; when it is done the same step is done on the
copies and compared, bit by bit. The optimizer is only read. Costs: memory for four copies of the parameters, and for
the largest parameter three more while it is compared; time for those copies and one reference step.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn, final

from adamax_ref.dialects import get as get_dialect
from adamax_ref.exact.compare import Difference
from adamax_ref.optimizer.counting import steps_taken
from adamax_ref.optimizer.jobs import label
from adamax_ref.optimizer.types import STATE

from .divergence import Divergence, Element, Mismatch, explained
from .expected import Arrays, beginning, first_mismatch, stepped
from .observed_step import LATE, NOT_CALLED, ObservedStep
from .snapshot import Entry, Snapshot, read, same_parameters
from .step_calls import OutermostCall, Role, require_uncompiled

_MOST_REASONS = 100
"""Reasons that are listed; a loop that runs for weeks may find a new one at each step."""


@final
class Shadow:
    """The observer that :func:`shadow` attaches.

    Attributes
    ----------
    steps : int
        Steps that were made, until the first divergence.
    compared : int
        Steps of which every number was compared.
    elements : int
        Numbers compared.
    divergence : Divergence or None
        The first one; after it nothing more is compared.
    omissions : dict of str to int
        Reasons why something was not compared, and how often.
    """

    def __init__(self, optimizer: Any, dialect: str, carry: bool) -> None:
        get_dialect(dialect)
        require_uncompiled(optimizer)
        _require_adamax(optimizer)
        self.steps = self.compared = self.elements = 0
        self.divergence: Divergence | None = None
        self.omissions: dict[str, int] = {}
        self._optimizer = optimizer
        self._dialect = dialect
        self._carry = carry
        self._carried: dict[int, tuple[Any, Arrays]] = {}
        self._places: set[str] = set()
        self._observed: ObservedStep | None = None
        self._spare: Snapshot = ()
        self._calls = OutermostCall(optimizer, self)

    @property
    def parameters(self) -> int:
        """Number of parameters of which something was compared."""
        return len(self._places)

    @property
    def equal(self) -> bool:
        """True if every number of every step was compared, there was at least one, and none differs."""
        return self.elements > 0 and self.divergence is None and not self.omissions

    def close(self) -> None:
        """Detach from the optimizer; harmless when done twice."""
        self._calls.close()
        self._observed, self._spare, self._carried = None, (), {}

    def __enter__(self) -> "Shadow":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __str__(self) -> str:
        left_out = "".join(f"\n  left out ({_counted(times, 'time')}): {reason}" for reason, times in self.omissions.items())
        steps, numbers = _counted(self.steps, "step"), _counted(self.elements, "number")
        if self.divergence is not None:
            return f"{self.divergence}{left_out}"
        if not self.elements:
            return f"nothing was compared in {steps}{left_out}"
        if left_out:
            counts = f"{self.compared} of {steps} compared in full, {numbers} in all"
            return f"{counts}: these have the bits of dialect {self._dialect!r}{left_out}"
        counts = f"{steps}, {_counted(self.parameters, 'parameter')}, {numbers} compared"
        return f"{counts}: every bit as in dialect {self._dialect!r}"

    def begin(self) -> None:
        """Copy what a step starts from."""
        if self.divergence is None:
            self.steps += 1
            with self._recording():
                self._observed = ObservedStep(self._look, self._spare)

    def offer(self) -> None:
        """Note that the step has been handed a closure."""
        if self._observed is not None:
            self._observed.offer()

    def pause(self, role: Role) -> None:
        """Note that a hook or the closure begins."""
        if self._observed is not None:
            with self._recording():
                self._observed.pause(role)

    def resume(self) -> None:
        """Note that a hook or the closure has ended."""
        if self._observed is not None:
            with self._recording():
                self._observed.resume()

    def end(self) -> None:
        """Do the step on the copies, one parameter at a time, and stop at the first bit that differs."""
        observed, self._observed = self._observed, None
        if observed is None:
            return
        left_out = sum(self.omissions.values())
        with self._recording():
            self._judge(observed, observed.finish())
        self._spare = () if self._carry else observed.start
        self.compared += self.divergence is None and left_out == sum(self.omissions.values())

    def fail(self, error: BaseException) -> None:
        """Note that the step has raised, so that there is no result."""
        self._observed = None
        if self.divergence is None:
            self._omit(f"the step raised {type(error).__name__}")

    def skip(self, reason: str) -> None:
        """Note a step that cannot be followed. torch.compile may trace this function."""
        if self.divergence is None:
            self.steps += 1
            self._omit(reason)

    def _look(self) -> Snapshot:
        return read(self._optimizer, self._dialect)

    @contextmanager
    def _recording(self, what: str = "") -> Iterator[None]:
        """Turn an error of the shadow itself into a reason, for the training must go on."""
        try:
            yield
        except Exception as error:
            self._observed = None
            self._omit(f"{what}{type(error).__name__}: {error}")

    def _omit(self, reason: str) -> None:
        """Count a reason; what the reference goes on from is not known any more."""
        if reason not in self.omissions and len(self.omissions) >= _MOST_REASONS:
            reason = "for more reasons than are listed"
        self.omissions[reason] = self.omissions.get(reason, 0) + 1
        self._carried = {}

    def _judge(self, observed: ObservedStep, left: Snapshot) -> None:
        if observed.closure in (NOT_CALLED, LATE):
            self._mismatch("closure", observed.closure, "called before the update")
        elif not same_parameters(observed.start, left):
            self._mismatch("params", "other parameters or another order", "those that the step began with")
        elif observed.mixed:
            self._omit(observed.mixed)
        else:
            elements = self._compare(observed.start, left)
            if observed.unproven and self.divergence is None:
                self._omit(observed.unproven)
            else:
                self.elements += elements

    def _mismatch(self, what: str, got: str, wanted: str) -> None:
        self.divergence = Divergence(self.steps, "the step as a whole", what, Mismatch(what, got, wanted))

    def _compare(self, start: Snapshot, left: Snapshot) -> int:
        """Compare all parameters up to the first divergence, and return how many numbers that were."""
        elements = 0
        for before, after in zip(start, left, strict=True):
            if self.divergence is None:
                with self._recording(f"{before.where}: "):
                    elements += self._compare_one(before, after)
        return elements

    def _compare_one(self, before: Entry, after: Entry) -> int:
        if before.fault or "p" not in after.arrays:
            self._omit(f"{before.where}: {before.fault or after.fault}")
            return 0
        _, start = self._carried.get(id(before.param)) or (None, beginning(before))
        want, last = stepped(start, before)
        mismatch = first_mismatch(after, want, stateful=want is not start or "step" in before.arrays)
        if mismatch is not None:
            self._diverge(*mismatch, before, after, last)
        elif self._carry:
            self._carried[id(before.param)] = before.param, want
        self._places.add(before.where)
        return sum(array.size for name, array in after.arrays.items() if name != "step")

    def _diverge(self, name: str, difference: Difference | Mismatch, before: Entry, after: Entry, last: Arrays) -> None:
        """Set the divergence, then try to explain it."""
        self.divergence = Divergence(self.steps, before.where, name, difference)
        if isinstance(difference, Difference):
            with self._recording("the explanation: "):
                dialect = get_dialect(before.dialect)
                t = max(steps_taken(last["step"]) + (before.grad is not None), 1)
                element = Element.at(difference.where, last, before.grad, after.arrays, before.hyper, t, dialect)
                self.divergence = explained(self.divergence, element, dialect)


def shadow(optimizer: Any, dialect: str = "torch", carry: bool = False) -> Shadow:
    """Attach the reference to a live optimizer; use it in a ``with`` statement, or close it.

    The outermost call of ``optimizer.step`` is followed, with everything that a subclass or a replaced ``step`` does in
    it. What hooks and the closure change is the user's: it counts as an input before the update, and is not looked at
    after it. An error of the shadow itself never reaches the training loop; it is one of the omissions of the report.

    Parameters
    ----------
    optimizer : torch.optim.Adamax, or any with the same groups, state and step hooks
        Whose steps are to be followed; it is only read.
    dialect : str
        Whose Adamax it is supposed to be. For torch's own optimizer ``"torch"`` stands for the variant that a group's
        flags and the type of its learning rate ask for.
    carry : bool
        False: the reference starts each step from the optimizer's own values, so a divergence names the step that went
        wrong. True: it goes on from its own values, so whatever changes numbers between two steps is a divergence too.

    Returns
    -------
    Shadow
        With the attributes ``equal``, ``divergence``, ``omissions`` and counts; printing it gives the report.

    Raises
    ------
    AttributeError
        When `optimizer` has no groups, state or step hooks.
    TypeError
        When it is of another kind than Adamax: its groups lack an option, or its state lacks a part.
    ValueError
        When there is no such dialect.
    RuntimeError
        When ``optimizer.step`` was made by torch.compile.

    Examples
    --------
    >>> import numpy as np
    >>> import adamax_ref
    >>> weight = adamax_ref.Parameter(np.ones(3), grad=np.ones(3))
    >>> optimizer = adamax_ref.Adamax([weight])
    >>> with shadow(optimizer) as s:
    ...     optimizer.step()
    >>> print(s)
    1 step, 1 parameter, 9 numbers compared: every bit as in dialect 'torch'
    """
    return Shadow(optimizer, dialect, carry)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _require_adamax(optimizer: Any) -> None:
    """Refuse what shows by its class, options or state that it is no Adamax.

    Raises
    ------
    TypeError
        With what is missing.
    """
    home = next((cls for cls in type(optimizer).__mro__ if cls.__module__.startswith("torch.optim.")), None)
    for number, group in enumerate(optimizer.param_groups):
        lacking = [option for option in ("lr", "betas", "eps", "weight_decay") if option not in group]
        if lacking:
            _refuse(optimizer, f"param_groups[{number}] has no {', '.join(lacking)}")
        if "amsgrad" in group or (home is not None and home.__name__ not in ("Adamax", "Optimizer")):
            _refuse(optimizer, "it is of another family, whose state has no exp_inf")
        for at, param in enumerate(group["params"]):
            state = optimizer.state.get(param) or {}
            lacking = [part for part in STATE if state and part not in state]
            if lacking:
                _refuse(optimizer, f"the state of {label(group, number, at)} has no {', '.join(lacking)}")


def _refuse(optimizer: Any, reason: str) -> NoReturn:
    raise TypeError(f"optimizer is {type(optimizer).__name__}, which is no Adamax: {reason}; pass an Adamax")

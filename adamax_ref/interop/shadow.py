"""Shadow mode: a reference that follows a live optimizer step by step and says where the two part.

Before a step parameters and state are copied; after it the same step is done on the copies and compared, bit by bit.
The optimizer is only read. Costs: memory for three copies of the parameters, and for the largest parameter three more
while it is compared; time for those copies and one reference step.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, final

import numpy as np

from adamax_ref.dialects import get as get_dialect
from adamax_ref.optimizer.counting import next_step, steps_taken
from adamax_ref.optimizer.hypers import hyperparameters
from adamax_ref.optimizer.jobs import label
from adamax_ref.optimizer.loading import to_host
from adamax_ref.optimizer.pure import State, update
from adamax_ref.truth.compare import Difference, first_difference

from .compiled import refuse_compiled, require_uncompiled
from .diagnosis import Divergence, Element, bugs_of, followed
from .mode import mode

Arrays = dict[str, np.ndarray[Any, Any]]


@final
class Shadow:
    """The observer that :func:`shadow` attaches.

    Attributes
    ----------
    steps : int
        Steps observed so far.
    elements : int
        Numbers compared so far.
    divergence : Divergence or None
        The first one found; after it nothing more is compared.
    """

    def __init__(self, optimizer: Any, dialect: str, carry: bool) -> None:
        get_dialect(dialect)
        require_uncompiled(optimizer)
        self.steps = 0
        self.elements = 0
        self.divergence: Divergence | None = None
        self._dialect = dialect
        self._carry = carry
        self._before: dict[int, Arrays] = {}
        self._counts: dict[int, Any] = {}
        self._carried: dict[int, Arrays] = {}
        self._groups: list[dict[str, Any]] = []
        self._handles = (
            optimizer.register_step_pre_hook(self._look),
            optimizer.register_step_post_hook(self._compare),
        )

    def close(self) -> None:
        """Detach from the optimizer; harmless when done twice."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> "Shadow":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __str__(self) -> str:
        if self.divergence is not None:
            return str(self.divergence)
        return f"{self.steps} steps, {self.elements} numbers compared: every bit as in dialect {self._dialect!r}"

    def _look(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Copy what a step starts from; gradients may not exist yet, for a closure may make them."""
        refuse_compiled()
        if self.divergence is not None:
            return
        self._groups = [_frozen(group, mode(optimizer, group, self._dialect)) for group in optimizer.param_groups]
        for param in _parameters(self._groups):
            state = optimizer.state.get(param) or {}
            self._counts[id(param)] = steps_taken(state["step"]) if state else 0
            arrays = {"p": param.data, **_moments(state)}
            self._before[id(param)] = {
                name: _copied(array, self._before.get(id(param), {}).get(name)) for name, array in arrays.items()
            }

    def _compare(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Do the step on the copies, one parameter at a time, and stop at the first bit that differs."""
        if self.divergence is not None:
            return
        self.steps += 1
        done: set[int] = set()
        for number, group in enumerate(self._groups):
            for at, param in enumerate(group["params"]):
                if id(param) not in done and self.divergence is None:
                    self._one(optimizer, label(group, number, at), group, param)
                done.add(id(param))
        self._before = {key: value for key, value in self._before.items() if key in done}

    def _one(self, optimizer: Any, where: str, group: Mapping[str, Any], param: Any) -> None:
        """Compare one parameter, which is stepped as often as it stands in its group."""
        before, count = self._start(param), self._counts[id(param)]
        times = sum(other is param for other in group["params"]) if param.grad is not None else 0
        grad = None if param.grad is None else to_host(param.grad)
        want, last = before, before
        for again in range(times):
            last, want = want, _stepped(want, grad, count + again, group)
        state = optimizer.state.get(param) or {}
        got = {"p": param.data, **_moments(state)}
        for name in ("exp_avg", "exp_inf", "p"):
            if name not in got:
                continue
            found = np.asarray(to_host(got[name]))
            self.elements += found.size
            difference = None if _same_bytes(found, want[name]) else first_difference(found, want[name], what=name)
            if difference is not None:
                self._found(where, name, difference, got, last, grad, count + times, group)
                return
        if state and steps_taken(state["step"]) != _counted(count, times, state["step"]):
            difference = first_difference(np.float64(steps_taken(state["step"])), np.float64(count + times), what="step")
            if difference is not None:
                self._found(where, "step", difference, got, last, grad, count + times, group)
        if self._carry:
            self._carried[id(param)] = want

    def _start(self, param: Any) -> Arrays:
        """Return what the reference starts from: the optimizer's own values, or with `carry` its own last ones."""
        before = self._carried.get(id(param)) or self._before[id(param)]
        zeros = {name: np.zeros_like(before["p"]) for name in ("exp_avg", "exp_inf") if name not in before}
        return {**before, **zeros}

    def _found(
        self, where: str, name: str, difference: Difference, got: Mapping[str, Any], last: Arrays, grad: Any, t: int, group: Any
    ) -> None:
        h, law = hyperparameters(group), get_dialect(group["dialect"])
        element = Element.at(difference.where, last, grad, got, h, max(t, 1), law)
        self.divergence = Divergence(self.steps, where, name, difference, element, followed(element), bugs_of(element, law))


def shadow(optimizer: Any, dialect: str = "torch", carry: bool = False) -> Shadow:
    """Attach the reference to a live optimizer; use it in a ``with`` statement, or close it.

    Parameters
    ----------
    optimizer : torch.optim.Adamax, or any with the same groups, state and step hooks
        Whose steps are to be followed; it is only read. A step that torch.compile has taken over is refused.
    dialect : str
        What it is supposed to be. For torch's own optimizer ``"torch"`` stands for the variant that a group's flags
        and the type of its learning rate ask for.
    carry : bool
        False: the reference starts each step from the optimizer's own values, so a divergence names the step that went
        wrong. True: it goes on from its own, and shows how a difference grows.

    Returns
    -------
    Shadow
        With the attributes ``divergence``, ``steps`` and ``elements``; printing it gives the report.

    Raises
    ------
    AttributeError
        When `optimizer` has no step hooks.
    ValueError
        When there is no such dialect.
    RuntimeError
        Here when ``optimizer.step`` was made by torch.compile, or by the step when torch.compile has taken it over;
        nothing has moved then.

    Examples
    --------
    >>> import adamax_ref
    >>> weight = adamax_ref.Parameter(np.ones(3), grad=np.ones(3))
    >>> optimizer = adamax_ref.Adamax([weight])
    >>> with shadow(optimizer) as s:
    ...     optimizer.step()
    >>> print(s)
    1 steps, 9 numbers compared: every bit as in dialect 'torch'
    """
    return Shadow(optimizer, dialect, carry)


def _stepped(arrays: Arrays, grad: Any, count: int, group: Mapping[str, Any]) -> Arrays:
    state = State(count, arrays["exp_avg"], arrays["exp_inf"])
    p, new = update(arrays["p"], grad, state, hyperparameters(group), dialect=group["dialect"])
    return {"p": p, "exp_avg": new.exp_avg, "exp_inf": new.exp_inf}


def _same_bytes(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays hold the same bytes in the same order: the quick answer, which nearly always is yes."""
    plain = a.flags.c_contiguous and b.flags.c_contiguous and a.dtype == b.dtype and a.shape == b.shape
    return plain and np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8))


def _counted(count: int, times: int, step: Any) -> int:
    """Return where a counter of that kind stands after so many updates: a float32 one stops at 2**24."""
    return min(count + times, next_step(step)) if times else count


def _frozen(group: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """Copy a group's options as numbers, for an array of one element may change; the parameters stay themselves."""
    h = hyperparameters(group)
    numbers = {"lr": h.lr, "betas": h.betas, "eps": h.eps, "weight_decay": h.weight_decay}
    return {**group, **numbers, "params": list(group["params"]), "dialect": dialect}


def _moments(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in ("exp_avg", "exp_inf") if name in state}


def _parameters(groups: list[dict[str, Any]]) -> list[Any]:
    return [param for group in groups for param in group["params"]]


def _copied(array: Any, into: np.ndarray[Any, Any] | None) -> np.ndarray[Any, Any]:
    """Copy to the host, into the buffer of the last step if it still fits."""
    host = to_host(array)
    if into is None or into.shape != host.shape or into.dtype != host.dtype:
        into = np.empty_like(host)
    np.copyto(into, host)
    return into

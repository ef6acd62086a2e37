"""The outermost call of an optimizer's ``step``, and the user's functions that run inside it.

torch runs the step hooks in a wrapper around ``step`` of every class of which an optimizer was made. A subclass whose
``step`` calls ``super().step()`` may so run them twice in one step, or once, depending on what else was made before.
An observer must follow the call that the user makes, and tell apart what hooks and the closure change in it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper, wraps
from types import MethodType
from typing import Any, Literal, Protocol, final

from adamax_ref.optimizer.hooks import Hookable

REMEDY = "call optimizer.step() outside of torch.compile, or from a function under torch.compiler.disable"
_FILE = ("torch/_dynamo/eval_frame.py", "torch\\_dynamo\\eval_frame.py")
_TAKES_OVER = "compile_wrapper"
"""The function of that file that calls what was compiled; the others switch compilation off."""


def is_compiled() -> bool:
    """Return True inside a function that torch.compile has taken over.

    While torch traces, the answer is a constant of what is traced, so the compiled function repeats it. Where torch
    gives up tracing, the function runs as Python below torch's wrapper, which stands on the stack. A part that the
    user has taken out of compilation again is not compiled.

    Examples
    --------
    >>> is_compiled()
    False
    """
    torch = sys.modules.get("torch")
    return torch is not None and (torch.compiler.is_compiling() or _innermost_wrapper() == _TAKES_OVER)


def require_uncompiled(optimizer: object) -> None:
    """Raise when the step of an optimizer has been replaced by what torch.compile made of it.

    Raises
    ------
    RuntimeError
        With the remedy.
    """
    code = getattr(getattr(optimizer, "step", None), "__code__", None)
    if code is not None and code.co_name == _TAKES_OVER and code.co_filename.endswith(_FILE):
        raise RuntimeError(f"optimizer.step was made by torch.compile and cannot be followed; {REMEDY}")


def _innermost_wrapper() -> str | None:
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.endswith(_FILE):
            return frame.f_code.co_name
    return None


Function = Callable[..., Any]
Table = dict[int, Function]

Role = Literal["before", "closure", "after"]
"""The functions of the user that run inside a step: hooks before it, the closure, hooks after it."""

COMPILED = f"torch.compile has taken over the step; {REMEDY}"
PAST = "the step was called past optimizer.step, through its class or a method taken earlier; call optimizer.step()"
REPLACED = "optimizer.step was replaced after the shadow was attached; replace it before"


class Observer(Protocol):
    """Receiver of what happens around a step; its methods raise no exception."""

    def begin(self) -> None:
        """Note that a step begins."""

    def offer(self) -> None:
        """Note that the step has been handed a closure."""

    def pause(self, role: Role) -> None:
        """Note that a function of the user begins inside the step."""

    def resume(self) -> None:
        """Note that the function of the user has ended."""

    def end(self) -> None:
        """Note that the step is done."""

    def fail(self, error: BaseException) -> None:
        """Note that the step has raised."""

    def skip(self, reason: str) -> None:
        """Note a step that cannot be followed."""


@final
class OutermostCall:
    """The observation of one optimizer, from construction until :meth:`close`.

    The attribute ``step`` of the instance is replaced, as torch's own schedulers do it, and put back in the end.

    Parameters
    ----------
    optimizer : object
        With ``step`` and the methods that register step hooks.
    observer : Observer
        Receives each outermost call.

    Raises
    ------
    AttributeError
        When `optimizer` has no step hooks.
    """

    def __init__(self, optimizer: Any, observer: Observer) -> None:
        before, after = optimizer.register_step_pre_hook, optimizer.register_step_post_hook
        self._optimizer = optimizer
        self._observer: Observer | None = observer
        self._busy = self._paused = False
        self._unseen = 0
        self._former = vars(optimizer).get("step")
        self._tables = _hook_tables(optimizer)
        self._replacement = MethodType(self._wrapper(optimizer.step), optimizer)
        optimizer.step = self._replacement
        self._handles = before(self._enter_unseen), after(self._leave_unseen)

    def close(self) -> None:
        """Stop, and leave the optimizer as it was; harmless when done twice, and inside a step takes effect at its end.

        A wrapper that somebody has put around ``optimizer.step`` in the meantime stays, and calls the step as it was.
        """
        self._observer = None
        if self._busy:
            return
        for handle in self._handles:
            handle.remove()
        if vars(self._optimizer).get("step") is self._replacement:
            former = self._former
            while _is_ours(former) and former.__func__.outermost._observer is None:
                former = former.__func__.outermost._former
            if former is None:
                del self._optimizer.step
            else:
                self._optimizer.step = former

    def _wrapper(self, original: Function) -> Function:
        def step(this: Any, *args: Any, **kwargs: Any) -> Any:
            if this is not self._optimizer:  # a copy of the optimizer, with its attributes
                return type(this).step(this, *args, **kwargs)
            return self._call(args, kwargs)

        # torch's schedulers and gradient scalers read attributes and signature of the step.
        update_wrapper(step, getattr(original, "__func__", original))
        step.outermost = self  # type: ignore[attr-defined]
        return step

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do the step, observed if it is the outermost one. torch.compile may trace this function."""
        observer = self._observer
        if observer is None or self._busy:
            return self._original(*args, **kwargs)
        self._busy, self._unseen = True, 0
        try:
            reason = COMPILED if is_compiled() else self._replaced()
            if reason is None:
                return self._followed(observer, args, kwargs)
            observer.skip(reason)
            return self._original(*args, **kwargs)
        finally:
            self._busy = False
            if self._observer is None:
                self.close()

    def _original(self, *args: Any, **kwargs: Any) -> Any:
        if self._former is not None:
            return self._former(*args, **kwargs)
        return type(self._optimizer).step(self._optimizer, *args, **kwargs)

    def _followed(self, observer: Observer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        observer.begin()
        try:
            with self._watched_hooks():
                args, kwargs = self._with_watched_closure(observer, args, kwargs, 0)
                result = self._original(*args, **kwargs)
        except BaseException as error:
            observer.fail(error)
            raise
        observer.end()
        return result

    def _replaced(self) -> str | None:
        """Return a reason where a wrapper around ours may do what is not seen; torch's schedulers only count."""
        step = self._optimizer.step
        function: Any = getattr(step, "__func__", step)
        while function is not self._replacement.__func__:
            if not (_is_ours(function) or _is_of_scheduler(function)):
                return REPLACED
            function = function.__wrapped__
        return None

    @contextmanager
    def _watched_hooks(self) -> Iterator[None]:
        """Put a wrapper around each hook for the time of a step."""
        changes = [
            (table, number, hook, self._watched(hook, role))
            for role, table in self._tables
            for number, hook in table.items()
            if not isinstance(getattr(hook, "__self__", None), OutermostCall)
        ]
        for table, number, _, wrapper in changes:
            table[number] = wrapper
        try:
            yield
        finally:
            for table, number, hook, wrapper in changes:
                if table.get(number) is wrapper:
                    table[number] = hook

    def _watched(self, function: Function, role: Role) -> Function:
        """Return `function` with a note to the observer before and after it; hooks of other optimizers have none."""

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            observer = self._observer
            foreign = role != "closure" and args[0] is not self._optimizer
            if observer is None or foreign or self._paused or not self._busy:
                return function(*args, **kwargs)
            observer.pause(role)
            self._paused = True
            try:
                result = function(*args, **kwargs)
            finally:
                self._paused = False
                observer.resume()
            if role == "before" and _is_arguments(result):
                return self._with_watched_closure(observer, result[0], result[1], 1)
            return result

        return run

    def _with_watched_closure(self, observer: Observer, args: Any, kwargs: Any, at: int) -> tuple[Any, Any]:
        """Return the arguments of a step with its closure watched: the one at position `at`, or of that name."""
        if len(args) > at and callable(args[at]):
            observer.offer()
            args = (*args[:at], self._watched(args[at], "closure"), *args[at + 1 :])
        if callable(kwargs.get("closure")):
            observer.offer()
            kwargs = {**kwargs, "closure": self._watched(kwargs["closure"], "closure")}
        return args, kwargs

    def _enter_unseen(self, optimizer: Any, *_: Any) -> None:
        """Note a step that did not come through the attribute. torch.compile may trace this function."""
        if self._observer is not None and optimizer is self._optimizer and not self._busy:
            self._unseen += 1
            if self._unseen == 1:
                self._observer.skip(COMPILED if is_compiled() else PAST)

    def _leave_unseen(self, optimizer: Any, *_: Any) -> None:
        if optimizer is self._optimizer and not self._busy:
            self._unseen -= 1


def _hook_tables(optimizer: Any) -> tuple[tuple[Role, Table], ...]:
    """Return the functions that run around a step, of all optimizers and of this one."""
    torch = sys.modules.get("torch")
    if isinstance(optimizer, Hookable):
        every_before, before, after, every_after = optimizer.step_hooks()
    elif torch is not None and isinstance(optimizer, torch.optim.Optimizer):
        every: Any = sys.modules["torch.optim.optimizer"]
        every_before, every_after = every._global_optimizer_pre_hooks, every._global_optimizer_post_hooks
        before, after = optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks
    else:
        return ()
    return ("before", every_before), ("before", before), ("after", after), ("after", every_after)


def _is_arguments(result: Any) -> bool:
    """Return True if a hook has returned new arguments for the step."""
    return isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], (tuple, list)) and isinstance(result[1], dict)


def _is_ours(method: Any) -> bool:
    """Return True if a method or function is a replacement that this file made; a copied attribute does not tell."""
    function = getattr(method, "__func__", method)
    owner = getattr(function, "outermost", None)
    return isinstance(owner, OutermostCall) and owner._replacement.__func__ is function


def _is_of_scheduler(function: Any) -> bool:
    """Return True if torch's schedulers made a wrapper of ``step``; it counts and does nothing else."""
    scheduler = sys.modules.get("torch.optim.lr_scheduler")
    code = getattr(function, "__code__", None)
    return scheduler is not None and code is not None and code.co_filename == scheduler.__file__

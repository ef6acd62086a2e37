"""Functions that run around a step, around saving and around loading, and the methods that register them."""

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import count
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, cast, final

from .types import Group

Hook = Callable[..., object]
"""What it takes, and what may come of what it returns, the function that registers it says."""


@final
class Hooks:
    """Functions in the order in which they are to run.

    Attributes
    ----------
    table : dict
        The functions by the number of their handle.

    Examples
    --------
    >>> hooks = Hooks()
    >>> with hooks.add(print):
    ...     len(hooks.functions())
    1
    >>> len(hooks.functions())
    0
    """

    def __init__(self) -> None:
        self.table: dict[int, Hook] = {}

    def add(self, hook: Hook, prepend: bool = False) -> "Handle":
        """Add a function at the end, or before all others, and return a handle that removes it."""
        if not callable(hook):
            raise TypeError(f"a hook must be callable, not {hook!r}; pass a function")
        handle = Handle(self)
        if prepend:
            self.table = {handle.id: hook, **self.table}
        else:
            self.table[handle.id] = hook
        return handle

    def discard(self, number: int) -> None:
        """Remove the function with that number, if it is still there."""
        self.table.pop(number, None)

    def functions(self) -> tuple[Hook, ...]:
        """Return what is registered now; a hook that adds or removes hooks does not change a round that has begun."""
        return tuple(self.table.values())


@final
class Handle:
    """Removes a hook: by :meth:`remove`, or at the end of a ``with`` block.

    Attributes
    ----------
    id : int
        Different for every handle of a process.
    """

    _numbers: ClassVar[Iterable[int]] = count()

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = weakref.ref(hooks)
        self.id: int = next(Handle._numbers)  # type: ignore[call-overload]

    def remove(self) -> None:
        """Remove the hook; a second call, or one after the optimizer is gone, does nothing."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.discard(self.id)

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


EVERY_PRE = Hooks()
EVERY_POST = Hooks()


def register_optimizer_step_pre_hook(hook: Hook) -> Handle:
    """Run ``hook(optimizer, args, kwargs)`` before every step of every optimizer of this package.

    Parameters
    ----------
    hook : callable
        May return None, or ``(args, kwargs)`` to replace the arguments of the step.

    Returns
    -------
    Handle
        Removes the hook.

    Raises
    ------
    TypeError
        When `hook` is not callable.

    Examples
    --------
    >>> handle = register_optimizer_step_pre_hook(lambda optimizer, args, kwargs: None)
    >>> handle.remove()
    """
    return EVERY_PRE.add(hook)


def register_optimizer_step_post_hook(hook: Hook) -> Handle:
    """Run ``hook(optimizer, args, kwargs)`` after every step of every optimizer of this package.

    Parameters
    ----------
    hook : callable
        What it returns is ignored.

    Returns
    -------
    Handle
        Removes the hook.

    Raises
    ------
    TypeError
        When `hook` is not callable.

    Examples
    --------
    >>> handle = register_optimizer_step_post_hook(lambda optimizer, args, kwargs: None)
    >>> handle.remove()
    """
    return EVERY_POST.add(hook)


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Optimizer = TypeVar("Optimizer")


def hooked(
    step: Callable[Concatenate[Optimizer, Arguments], Result],
) -> Callable[Concatenate[Optimizer, Arguments], Result]:
    """Run the hooks around a step: global pre, own pre, the step, own post, global post."""

    @wraps(step)
    def run(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        given: tuple[Any, ...] = (self, *args)
        for hook in (*EVERY_PRE.functions(), *self._step_pre.functions()) if EVERY_PRE.table or self._step_pre.table else ():
            result = hook(self, given, kwargs)
            if result is None:
                continue
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}.")
            given, kwargs = result
        out = step(*given, **kwargs)
        for hook in (*self._step_post.functions(), *EVERY_POST.functions()) if self._step_post.table or EVERY_POST.table else ():
            hook(self, given, kwargs)
        return out

    return cast(Callable[Concatenate[Optimizer, Arguments], Result], run)


Loss = TypeVar("Loss")


class Hookable(ABC):
    """An optimizer's hooks; see PyTorch's page for what each may do."""

    param_groups: list[Group]
    has_stepped: bool = False

    @abstractmethod
    def step(self, closure: Callable[[], Loss] | None = None) -> Loss | None:
        """Update every parameter that has a gradient."""

    def _forget_hooks(self) -> None:
        """Start without hooks, as after construction, copying and unpickling."""
        self._step_pre = Hooks()
        self._step_post = Hooks()
        self._state_dict_pre = Hooks()
        self._state_dict_post = Hooks()
        self._load_pre = Hooks()
        self._load_post = Hooks()

    def step_hooks(self) -> tuple[dict[int, Hook], ...]:
        """Return the tables of functions that run around a step: before it and after it, of all optimizers and of this one."""
        return EVERY_PRE.table, self._step_pre.table, self._step_post.table, EVERY_POST.table

    def register_step_pre_hook(self, hook: Hook) -> Handle:
        """Run ``hook(optimizer, args, kwargs)`` before a step; it may return ``(args, kwargs)`` to replace them.

        Parameters
        ----------
        hook : callable
            ``args[0]`` is the optimizer itself.

        Returns
        -------
        Handle
            Removes the hook.

        Raises
        ------
        TypeError
            When `hook` is not callable.
        """
        return self._step_pre.add(hook)

    def register_step_post_hook(self, hook: Hook) -> Handle:
        """Run ``hook(optimizer, args, kwargs)`` after a step; what it returns is ignored."""
        return self._step_post.add(hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Run ``hook(optimizer)`` before :meth:`state_dict`.

        Parameters
        ----------
        hook : callable
            What it returns is ignored.
        prepend : bool
            Run it before those already registered, not after them.

        Returns
        -------
        Handle
            Removes the hook.

        Raises
        ------
        TypeError
            When `hook` is not callable.
        """
        return self._state_dict_pre.add(hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Run ``hook(optimizer, state_dict)`` after :meth:`state_dict`; it may return another mapping instead."""
        return self._state_dict_post.add(hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Run ``hook(optimizer, state_dict)`` before :meth:`load_state_dict`; it may return another mapping instead.

        The hook sees a shallow copy: keys that it removes are removed from the copy alone, what it changes inside is
        changed in the caller's dictionary as well.
        """
        return self._load_pre.add(hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> Handle:
        """Run ``hook(optimizer)`` after :meth:`load_state_dict`; what it returns is ignored."""
        return self._load_post.add(hook, prepend)

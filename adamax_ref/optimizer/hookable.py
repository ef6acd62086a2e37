"""The six places of an optimizer where hooks run, and the methods that register them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from .hooks import EVERY_POST, EVERY_PRE, Handle, Hook, Hooks
from .types import Group

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

"""One step of a live optimizer, without what the user's hooks and closure do inside it.

They may set gradients, clamp weights or change options, as the user may between two steps; only the step's own doing is
to be judged.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import final

from .snapshot import COUNTER, GRADIENT, NUMBERS, Snapshot, changes, copied
from .step_calls import Role

MIXED = "a hook or the closure changed numbers or options in the midst of the step"
UNPROVEN = "the gradients were set after the step had changed numbers, or a hook changed them after the closure"
NOT_CALLED, LATE, CALLED = "not called", "called after the update", "called"


@final
class ObservedStep:
    """A step from its beginning to its end.

    Parameters
    ----------
    look : callable
        Returns what the optimizer holds now.
    spare : Snapshot
        Of an earlier step, whose memory may be used.

    Attributes
    ----------
    start : Snapshot
        What the step starts from: as it was when the step began, and as hooks and the closure left it before the step
        itself had done anything.
    mixed, unproven : str
        Why the step cannot be compared, and why it cannot be called right; empty texts otherwise.
    closure : str
        What became of the closure where the step was handed one: ``"not called"``, ``"called after the update"``, or
        ``"called"``.
    """

    def __init__(self, look: Callable[[], Snapshot], spare: Snapshot) -> None:
        self._look = look
        self.start = self._mark = copied(look(), spare)
        self.mixed = self.unproven = self.closure = ""
        self._pending_mixed = self._pending_unproven = ""  # valid once the step acts again
        self._acted: set[str] = set()  # the kinds of things that the step itself has changed
        self._updated = self._ended = False  # the step has updated numbers; hooks have run that follow an update
        self._role: Role = "before"  # of the function of the user that runs
        self._sealed = False  # what the function of the user changes is no input any more
        self._end: Snapshot | None = None

    def offer(self) -> None:
        """Note that the step has been handed a closure."""
        self.closure = self.closure or NOT_CALLED

    def pause(self, role: Role) -> None:
        """Note what the step has done, before a function of the user runs."""
        live = self._look()
        changed = changes(live, self._mark)
        if changed:
            self._act(changed)
            self._mark = copied(live)
        if role == "closure" and self.closure == NOT_CALLED:
            self.closure = LATE if self._updated else CALLED
        self._role = role
        self._ended |= role == "after"
        self._sealed = self._updated or (self._ended and role != "closure")

    def resume(self) -> None:
        """Note what the function of the user has changed since :meth:`pause`."""
        live = self._look()
        changed = changes(live, self._mark)
        if not changed:
            return
        if not self._acted and not self._sealed:
            self.start = self._mark = copied(live, self.start)
            if self._role == "before" and self.closure == CALLED:  # torch's own step runs hooks before the closure
                self._pending_unproven = UNPROVEN
            return
        if changed != {GRADIENT}:
            self._end = self._mark if self._end is None else self._end
            self._pending_mixed = MIXED
        elif not self._sealed:
            self._take_gradients(live)
        self._mark = copied(live)

    def finish(self) -> Snapshot:
        """Return what the step has left, before functions of the user that ran at its end changed it."""
        live = self._look()
        if self._pending_mixed or self._pending_unproven:
            self._act(changes(live, self._mark))
        return live if self._end is None else self._end

    def _act(self, changed: set[str]) -> None:
        self._acted |= changed
        self._updated = self._acted >= {NUMBERS, COUNTER}
        if changed & {NUMBERS, COUNTER}:
            self.mixed, self.unproven = self._pending_mixed, self._pending_unproven

    def _take_gradients(self, live: Snapshot) -> None:
        """Count gradients that were set before the update as an input, though the step has acted already."""
        if GRADIENT in self._acted:  # they may contain what the step had made of the old ones
            self._pending_mixed = MIXED
            return
        fresh = {id(entry.param): entry.grad for entry in copied(live)}
        self.start = [replace(entry, grad=fresh[id(entry.param)]) for entry in self.start]
        if self._acted & {NUMBERS, COUNTER}:
            self._pending_unproven = UNPROVEN

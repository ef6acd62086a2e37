"""An engine that fails where it is told to, for tests of what an optimizer makes of that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from adamax_ref.backend import AbstractBackend, Arrays, Constants, Kernel, Prepared, Progress, RecipeKernel
from adamax_ref.recipe.recipe import Recipe

Moment = Literal["refusing", "before", "between", "after"]
"""While the buffers are checked; before anything is written, when a part is, and when all is."""


@dataclass
class Fault:
    """One exception, raised at one moment of one kernel call; calls are counted over all engines that share it.

    What stands in `then` is called once, after the first kernel call that succeeds.
    """

    error: BaseException | None = None
    call: int = 0
    moment: Moment = "after"
    seen: int = 0
    then: Callable[[], None] | None = None

    def arm(self, error: BaseException, call: int, moment: Moment) -> None:
        """Let kernel call number `call` from now raise."""
        self.error, self.call, self.moment, self.seen = error, call, moment, 0

    def strikes(self, call: int, moment: Moment) -> bool:
        """Return whether this is the call and the moment."""
        return self.error is not None and (call, moment) == (self.call, self.moment)

    def strike(self, call: int, moment: Moment) -> None:
        """Raise if it is."""
        if self.strikes(call, moment) and self.error is not None:
            raise self.error


class Tampered:
    """Another engine, whose prepared steps raise what `fault` says.

    Parameters
    ----------
    inner, fault : AbstractBackend, Fault
        The engine, and what it is to raise.
    knows : bool
        Whether its prepared steps know how much they have written.

    Attributes
    ----------
    sizes : list of int
        How many buffers each call had.
    """

    priority = 1000

    def __init__(self, inner: AbstractBackend, fault: Fault, knows: bool = False) -> None:
        self.inner, self.fault, self.knows = inner, fault, knows
        self.name = f"tampered-{inner.name}"
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the other engine's kernel, tampered with."""
        kernel = self.inner.compile(recipe)
        return RecipeKernel(lambda ps, ms, us: TamperedStep(self, kernel, kernel.prepare(ps, ms, us)))


@final
class TamperedStep(Prepared):
    """A prepared step of another engine, which fails on demand; a call begins with its check."""

    def __init__(self, engine: Tampered, kernel: Kernel, inner: Prepared) -> None:
        self.recipe, self.ps, self.ms, self.us = inner.recipe, inner.ps, inner.ms, inner.us
        self.in_place = inner.in_place
        self.holds, self.bounds, self.memory_of = inner.holds, inner.bounds, inner.memory_of  # type: ignore[method-assign]
        self._engine, self._kernel, self._inner = engine, kernel, inner
        self._number = -1
        self._torn = False

    @property
    def progress(self) -> Progress:
        """Return how much was written, if the engine is to know."""
        return self._inner.progress if self._engine.knows and not self._torn else "some"

    def check(self, gs: Arrays) -> None:
        """Count a call, and check."""
        fault = self._engine.fault
        self._number = fault.seen
        fault.seen += 1
        self._torn = False
        fault.strike(self._number, "refusing")
        self._inner.check(gs)

    def run(self, gs: Sequence[Any], constants: Constants) -> tuple[Arrays, Arrays, Arrays]:
        """Do one step, or a part of it."""
        fault, number = self._engine.fault, self._number
        self._engine.sizes.append(len(gs))
        fault.strike(number, "before")
        if fault.strikes(number, "between"):
            p, g, m, u = ([part[:1, ...] for part in arrays[:1]] for arrays in (self.ps, gs, self.ms, self.us))  # a row
            self._torn = True
            self._kernel.prepare(p, m, u).run(g, constants[:1])
            fault.strike(number, "between")
        out = self._inner.run(gs, constants)
        fault.strike(number, "after")
        then, fault.then = fault.then, None
        if then is not None:
            then()
        return out

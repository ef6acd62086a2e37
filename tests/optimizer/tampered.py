"""An engine that fails where it is told to, for tests of what an optimizer makes of that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adamax_ref.backend import AbstractBackend, Arrays, Kernel, PreparedKernel, Run, prepared
from adamax_ref.law.recipe import Recipe

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
    """Another engine, whose kernels raise what `fault` says, as plain functions or in two parts.

    Attributes
    ----------
    sizes : list of int
        How many buffers each call had.
    """

    priority = 1000

    def __init__(self, inner: AbstractBackend, fault: Fault, in_two_parts: bool) -> None:
        self.inner, self.fault, self.in_two_parts = inner, fault, in_two_parts
        self.name = f"tampered-{inner.name}"
        self.sizes: list[int] = []
        self._kernels: dict[Recipe, Kernel] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def compile(self, recipe: Recipe) -> Kernel:
        """Return the other engine's kernel, tampered with."""
        if recipe not in self._kernels:
            two = PreparedKernel(lambda *lists: self._prepare(self.inner.compile(recipe), lists))
            self._kernels[recipe] = two if self.in_two_parts else lambda *all_of_it: two(*all_of_it)
        return self._kernels[recipe]

    def _prepare(self, kernel: Kernel, lists: tuple[Arrays, ...]) -> Run:
        number, fault = self.fault.seen, self.fault
        fault.seen += 1
        ps, gs, ms, us = lists
        self.sizes.append(len(ps))
        fault.strike(number, "refusing")
        whole = prepared(kernel, ps, gs, ms, us)

        def run(constants: Sequence[tuple[float, ...]]) -> tuple[Arrays, Arrays, Arrays]:
            fault.strike(number, "before")
            if fault.strikes(number, "between"):
                p, g, m, u = ([part[:1, ...] for part in arrays[:1]] for arrays in lists)  # a row of the first parameter
                kernel(p, g, m, u, constants[:1])
                fault.strike(number, "between")
            out = whole(constants)
            fault.strike(number, "after")
            then, fault.then = fault.then, None
            if then is not None:
                then()
            return out

        return run

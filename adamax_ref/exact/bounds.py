"""Bounds of the errors of permitted recipes, by a running error analysis over their graph.

Every node of a :class:`~adamax_ref.exact.graph.Graph` has an :class:`Error` for every element: the computed value
is ``x + sum(c_k * d_k) + r``, where x is exact, d_k are the errors of the parameter and the state before the step, c_k is
the exact derivative of x by them, and the rest is at most ``noise``. Keeping c_k apart is what makes ``m + w(g - m)`` the
contraction it is: an error of m enters twice, with 1 and with -w. Each operation adds one rounding of at most ``u|x| + eta``.
A node's error is the largest over its derivations. docs/bounds.md derives every line.

All errors are doubles rounded upwards: sums and products of numbers that are not negative are multiplied by 1 + 2**-48,
which covers the roundings of 2**5 operations, and products get 2**-1073 on top, which covers underflow.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, final

import numpy as np

from adamax_ref.recipe.profile import BINARY64, FORMATS, Format

from .graph import Derivation, Graph, Node
from .interval import Doubles as Doubles
from .interval import Flags as Flags
from .interval import Interval
from .magnitude import Magnitude, minus, over, plus, times, up

SYMBOLS = ("p", "m", "u")
_SLACK = 1 + 2.0**-40


@final
@dataclass(frozen=True)
class Error:
    """Bounds of the distance of a computed value from the exact one, for each element.

    Attributes
    ----------
    slopes : mapping of str to Interval
        Exact derivative by the error of ``p``, ``m`` or ``u`` before the step; equal for all elements.
    noise : array
        Bound of everything else.
    total : array
        Bound of the whole error.
    lost : array of bool
        Where there is no bound: the value may be infinite or NaN in a recipe in which it should not be.
    """

    slopes: Mapping[str, Interval]
    noise: Doubles
    total: Doubles
    lost: Flags


def errors_of(
    graph: Graph,
    magnitudes: Mapping[int, Magnitude],
    constants: Mapping[int, tuple[Interval, float]],
    before: Mapping[str, Doubles],
    working: str,
    storage: str,
    parted: Mapping[int, Flags],
) -> list[Error]:
    """Return the error of every node.

    Parameters
    ----------
    graph : Graph
        Of the permitted recipes.
    magnitudes : mapping of int to Magnitude
        How large every value is, by number of the value.
    constants : mapping of int to (Interval, float)
        By node: the exact constant and how far the ones in use are from it.
    before : mapping of str to array
        Errors of ``p``, ``m`` and ``u`` before the step.
    working, storage : str
        Names of the formats.
    parted : mapping of int to array of bool
        By node: where derivations disagree on whether the value is NaN, infinite or finite.
    """
    with np.errstate(all="ignore"):  # infinite bounds and 0 * inf are meant; see plus, times, over, minus
        return _Analysis(graph, magnitudes, constants, before, FORMATS[working], FORMATS[storage]).run(parted)


@final
class _Analysis:
    def __init__(
        self,
        graph: Graph,
        sizes: Mapping[int, Magnitude],
        constants: Any,
        before: Mapping[str, Doubles],
        working: Format,
        storage: Format,
    ) -> None:
        self.graph, self.sizes, self.constants, self.before = graph, sizes, constants, before
        self.working, self.storage = working, storage
        self.zeros = np.zeros_like(before["p"])
        self.never = np.zeros(self.zeros.shape, dtype=bool)
        self.known: list[Error] = []
        self.overflowed: dict[int, Flags] = {}

    def run(self, parted: Mapping[int, Flags]) -> list[Error]:
        for at, node in enumerate(self.graph.nodes):
            error = self.merged(node) if node.derivations else self.initial(at)
            self.known.append(replace(error, lost=error.lost | parted[at]) if at in parted else error)
        return self.known

    def initial(self, at: int) -> Error:
        """Return the error of an input or a constant."""
        if at in self.constants:
            off = self.constants[at][1]
            error = np.full_like(self.zeros, off)
            return Error({}, error, error, self.never if math.isfinite(off) else ~self.never)
        name = "pgmu"[self.graph.inputs.index(at)]
        if name == "g":
            return Error({}, self.zeros, self.zeros, self.never)
        one = {name: Interval(1, 1, 0)} if self.before[name].any() else {}
        return Error(one, self.zeros, self.before[name], self.either(self.never, ~np.isfinite(self.before[name])))

    def merged(self, node: Node) -> Error:
        """Return the largest error of all derivations with a bound; none where the dialect's own recipe has none."""
        size = self.sizes[node.value]
        candidates = [self.derived(derivation, size) for derivation in node.derivations]
        if len(candidates) == 1:
            return self.at_numbers(candidates[0], size)
        some = any(error.lost is self.never for error in candidates)
        lost = self.never if some else reduce(np.logical_and, (error.lost for error in candidates))
        for derivation, error in zip(node.derivations, candidates, strict=True):
            if derivation.own:
                lost = self.either(lost, error.lost)
        total = reduce(np.maximum, (self.unless(error.lost, error.total) for error in candidates))
        if len({tuple(error.slopes) for error in candidates}) > 1:
            return self.at_numbers(Error({}, total, total, lost), size)
        noise = reduce(np.maximum, (self.unless(error.lost, error.noise) for error in candidates))
        return self.at_numbers(Error(candidates[0].slopes, noise, total, lost), size)

    def either(self, some: Flags, others: Flags) -> Flags:
        """Unite flags; that nothing is flagged, which is usual, stays known without a look."""
        if others is self.never or not np.count_nonzero(others):
            return some
        return others if some is self.never else some | others

    def unless(self, lost: Flags, numbers: Doubles) -> Doubles:
        return numbers if lost is self.never else np.where(lost, 0.0, numbers)

    def at_numbers(self, error: Error, size: Magnitude) -> Error:
        """NaN and infinities carry no error, only a class."""
        if not np.count_nonzero(size.special):
            return error
        noise, total = (np.where(size.special, 0.0, part) for part in (error.noise, error.total))
        return Error(error.slopes, noise, total, error.lost)

    def derived(self, derivation: Derivation, size: Magnitude) -> Error:
        args = [self.known[arg] for arg in derivation.args]
        sizes = [self.sizes[self.graph.nodes[arg].value] for arg in derivation.args]
        lost = reduce(self.either, (error.lost for error in args))
        exact = {"neg": self.unrounded, "abs": self.unrounded, "max": self.larger, "greater": self.larger}
        if derivation.operation in exact:
            slopes, noise, total = exact[derivation.operation](derivation, args, sizes)
            return Error(slopes, noise, total, lost)
        if derivation.operation == "flush":
            return self.flushed(args[0], sizes[0], lost)
        if derivation.operation == "round":
            stored = self.graph.nodes[derivation.args[0]].stage in ("stored", "input")
            free = size.fits_storage & (args[0].total == 0)
            unbounded = self.either(lost, self.overflows(derivation.args[0], sizes[0]))
            slopes, noise = args[0].slopes, args[0].noise
            return self.rounded(slopes, noise, self.total(slopes, noise), size, self.storage, free | stored, unbounded)
        for place, part in zip(derivation.args, sizes, strict=True):
            if self.graph.nodes[place].derivations:
                lost = self.either(lost, self.overflows(place, part))
        slopes, noise, bad, exact_sum = getattr(self, derivation.operation)(derivation, args, sizes)
        total = self.total(slopes, noise)
        free = ((total == 0) & size.fits_working) | exact_sum
        return self.rounded(slopes, noise, total, size, self.working, free, self.either(lost, bad))

    def overflows(self, place: int, size: Magnitude) -> Flags:
        """Tell where a computed value may have become infinite although the exact one is not."""
        if place not in self.overflowed:
            fmt = self.storage if self.graph.nodes[place].stage == "stored" else self.working
            limit = math.ldexp(1.0, fmt.emax) * (2.0 - 2.0**-fmt.precision) if fmt.precision < 53 else fmt.largest
            far = plus(size.upper, self.known[place].total) >= limit
            self.overflowed[place] = self.either(self.never, far & ~size.special) if np.count_nonzero(far) else self.never
        return self.overflowed[place]

    def total(self, slopes: Mapping[str, Interval], noise: Doubles) -> Doubles:
        total: Doubles = plus(noise, *(times(up(slope), self.before[name]) for name, slope in slopes.items()))
        return total

    def rounded(self, slopes: Any, noise: Doubles, total: Doubles, size: Magnitude, fmt: Format, free: Flags, lost: Flags) -> Error:
        """Add one rounding of a number of at most ``|x| + total``, where it is not free."""
        least = max(math.ldexp(fmt.smallest, -1), BINARY64.smallest)
        unit = times(math.ldexp(1.0, -fmt.precision), plus(size.upper, total)) + least
        unit = np.where(free, 0.0, unit)
        noise, total = plus(noise, unit), plus(total, unit)
        finite = not total.size or total.item(total.argmax()) < math.inf  # NaN is not
        return Error(slopes, noise, total, lost if finite else self.either(lost, ~np.isfinite(total)))

    def flushed(self, error: Error, size: Magnitude, lost: Flags) -> Error:
        """Lose a computed value below the smallest normal number entirely."""
        least = self.working.smallest_normal
        gone = np.where(minus(size.lower, error.total) < least, np.minimum(plus(size.upper, error.total), least), 0.0)
        return Error(error.slopes, plus(error.noise, gone), plus(error.total, gone), lost)

    def unrounded(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Doubles]:
        if derivation.operation == "neg":
            return {name: -slope for name, slope in args[0].slopes.items()}, args[0].noise, args[0].total
        return {}, args[0].total, args[0].total

    def larger(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Doubles]:
        """Take the error of the winner where it is certain, and the larger error where it is not."""
        (a, b), (x, y) = args, sizes
        both = plus(a.total, b.total)
        first = (minus(x.low, y.high) > both) | y.special
        second = (minus(y.low, x.high) > both) | x.special
        total = np.where(first & ~second, a.total, np.where(second & ~first, b.total, np.maximum(a.total, b.total)))
        return {}, total, total

    def add(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Flags, Flags]:
        (a, b), (x, y) = args, sizes
        nothing = (x.zero & (a.total == 0)) | (y.zero & (b.total == 0))
        return _joined(a.slopes, b.slopes), plus(a.noise, b.noise), self.never, nothing

    def sub(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Flags, Flags]:
        a, b = args
        turned = Error({name: -slope for name, slope in b.slopes.items()}, b.noise, b.total, b.lost)
        return self.add(derivation, [a, turned], sizes)

    def mul(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Flags, Flags]:
        slopes, noise = self.product(derivation.args, args, sizes)
        doubled = (sizes[0].binary & (args[0].total == 0)) | (sizes[1].binary & (args[1].total == 0))
        if np.count_nonzero(doubled):
            doubled = doubled & self.normal(times(sizes[0].lower, sizes[1].lower), slopes, noise)
        return slopes, noise, self.never, doubled

    def normal(self, lower: Doubles, slopes: Mapping[str, Interval], noise: Doubles) -> Flags:
        """Tell where a result of at least `lower` is certainly a normal number."""
        flags: Flags = minus(lower / _SLACK, self.total(slopes, noise)) >= self.working.smallest_normal
        return flags

    def fma(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Flags, Flags]:
        slopes, noise = self.product(derivation.args[:2], args[:2], sizes[:2])
        nothing = (sizes[0].zero & (args[0].total == 0)) | (sizes[1].zero & (args[1].total == 0))
        return _joined(slopes, args[2].slopes), plus(noise, args[2].noise), self.never, nothing

    def product(self, places: Sequence[int], args: Sequence[Error], sizes: Sequence[Magnitude]) -> tuple[Any, Doubles]:
        """``(x + dx)(y + dy) - xy = x dy + y dx + dx dy``; by a constant the slopes stay slopes."""
        for at in (0, 1):
            if places[at] in self.constants and args[1 - at].slopes:
                exact, off = self.constants[places[at]]
                other, size = args[1 - at], sizes[1 - at]
                slopes = {name: slope * exact for name, slope in other.slopes.items()}
                return slopes, plus(times(up(exact), other.noise), times(off, plus(size.upper, other.total)))
        (a, b), (x, y) = args, sizes
        return {}, plus(times(x.upper, b.total), times(y.upper, a.total), times(a.total, b.total))

    def div(self, derivation: Derivation, args: list[Error], sizes: list[Magnitude]) -> tuple[Any, Doubles, Flags, Flags]:
        """``(x + dx)/(y + dy) - x/y = (dx - (x/y) dy)/(y + dy)``, as long as ``|y| > |dy|``."""
        (a, b), (x, y) = args, sizes
        least = minus(y.lower, b.total)
        quotient = over(x.upper, y.lower)
        noise = over(plus(a.total, times(quotient, b.total)), least)
        settled = y.special | x.special | (y.zero & (b.total == 0) & ((a.total == 0) | (minus(x.lower, a.total) > 0)))
        halved = y.binary & (b.total == 0)
        if np.count_nonzero(halved):
            halved = halved & self.normal(over(x.lower, y.upper), {}, noise)
        return {}, np.where(settled, 0.0, noise), (least <= 0) & ~settled, halved


def _joined(a: Mapping[str, Interval], b: Mapping[str, Interval]) -> Mapping[str, Interval]:
    return {name: a[name] + b[name] if name in a and name in b else (a.get(name) or b[name]) for name in sorted({*a, *b})}

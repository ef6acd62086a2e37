"""Charts of errors over steps: from numbers to places in a picture, which the template draws.

Both axes are logarithmic. The vertical one shows ``1 + error``, so that 0 has a place and a millionfold error has one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from adamax_ref.reports.terminal import count

from .errors import Point

LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 20  # room for labels, in the units of the picture
_LABEL = 26  # a label is so wide
_LEVELS = 3  # so many powers of ten are labelled


@final
@dataclass(frozen=True)
class Dot:
    """A measured point: where it is drawn, whether it is beyond the bound, and what it says, if anything."""

    x: float
    y: float
    outside: bool
    text: str = ""


@final
@dataclass(frozen=True)
class Line:
    """Dots that belong together: what they are, and the region of their bound as the data of a path."""

    dots: tuple[Dot, ...]
    bound: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """Line that joins the dots."""
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)

    @property
    def outside(self) -> bool:
        """True if a dot is beyond the bound."""
        return any(dot.outside for dot in self.dots)


@final
@dataclass(frozen=True)
class Frame:
    """Positions of steps and errors in a picture.

    Attributes
    ----------
    width, height : int
        Of the picture.
    first, last : int
        The steps at its ends.
    top : float
        The largest error, in ulp.
    """

    width: int
    height: int
    first: int
    last: int
    top: float

    @classmethod
    def around(cls, points: Sequence[Point], width: int, height: int) -> "Frame":
        """Return the frame that holds these points."""
        steps = [point.step for point in points]
        finite = [value for point in points for value in (point.error, point.allowed) if math.isfinite(value)]
        return cls(width, height, min(steps), max(steps), 2 * max(5.0, *finite, 5.0))

    def x(self, step: int) -> float:
        """Return where a step stands."""
        inner = self.width - LEFT - RIGHT
        share = math.log(step / self.first) / math.log(self.last / self.first) if self.last > self.first else 0.5
        return round(LEFT + inner * share, 1)

    def y(self, error: float) -> float:
        """Return where an error stands; an infinite one at the top."""
        share = math.log1p(min(error, self.top)) / math.log1p(self.top)
        return round(self.height - BOTTOM - (self.height - TOP - BOTTOM) * share, 1)

    @property
    def steps(self) -> list[tuple[float, int]]:
        """Labels of the horizontal axis: powers of ten and both ends, where there is room."""
        tens = (10**power for power in range(len(str(self.last))))
        labels: list[tuple[float, int]] = []
        for step in sorted({self.first, self.last, *(ten for ten in tens if self.first < ten < self.last)}):
            if not labels or self.x(step) - labels[-1][0] >= _LABEL:
                labels.append((self.x(step), step))
        return labels

    @property
    def levels(self) -> list[tuple[float, str]]:
        """Labels of the vertical axis: 0 and powers of ten."""
        highest = int(math.log10(self.top))
        apart = -(-highest // _LEVELS) or 1
        powers = range(apart, highest + 1, apart)
        return [(self.y(0), "0"), *((self.y(10.0**power), str(10**power) if power < 5 else f"1e{power}") for power in powers)]

    def dot(self, point: Point, text: str = "") -> Dot:
        """Place a point."""
        return Dot(self.x(point.step), self.y(point.error), point.outside, text)

    def bound(self, points: Sequence[Point]) -> str:
        """Return the outline of what is allowed."""
        ends = " L".join(f"{self.x(point.step)} {self.y(point.allowed)}" for point in points)
        return f"M{self.x(points[0].step)} {self.y(0)} L{ends} L{self.x(points[-1].step)} {self.y(0)}Z"


@final
@dataclass(frozen=True)
class Chart:
    """A picture: its title, its frame and its lines."""

    title: str
    frame: Frame
    lines: tuple[Line, ...]


def chart(name: str, points: Sequence[Point]) -> Chart:
    """Draw one quantity of a case, with its bound.

    Examples
    --------
    >>> made = chart("u", [Point(1, 0, 2), Point(10, 999, 2)])
    >>> made.frame.steps, made.lines[0].path
    ([(44.0, 1), (208.0, 10)], '44.0,76.0 208.0,16.0')
    """
    frame = Frame.around(points, 220, 96)
    dots = tuple(frame.dot(point, f"step {point.step}: {ulps(point.error)} ulp, allowed {ulps(point.allowed)}") for point in points)
    return Chart(name, frame, (Line(dots, frame.bound(points)),))


def overview(title: str, series: Mapping[str, Sequence[Point]]) -> Chart:
    """Draw many cases in one picture, one line each, without their bounds."""
    frame = Frame.around([point for points in series.values() for point in points], 680, 200)
    return Chart(title, frame, tuple(Line(tuple(map(frame.dot, points)), name=name) for name, points in series.items()))


def ulps(value: float) -> str:
    """Write a distance: whole where it is small, with three digits where it is not.

    Examples
    --------
    >>> ulps(12), ulps(1_664_812), ulps(math.inf)
    ('12', '1.66e6', 'infinitely many')
    """
    return "infinitely many" if math.isinf(value) else count(int(value))

"""Columns of intervals give what single intervals give, and so do their roundings and the plans evaluated on them."""

import math
import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from adamax_ref.dialects import get, names
from adamax_ref.exact.interval import Column, Interval
from adamax_ref.exact.permitted import exact_by_node, permitted_graph
from adamax_ref.exact.rounding import floor_dyadics, neighbour, round_dyadics, round_exact, storable
from adamax_ref.exact.trajectory import Step, exact_steps
from adamax_ref.exact.values import Numbers, Undecidable, evaluate, evaluate_all
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.operations import maximum
from adamax_ref.recipe.profile import FORMATS, Format

SIZE = 20
OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "max": maximum,
    "abs": lambda a, b: abs(a),
    "neg": lambda a, b: -a,
}


def interval(draw: random.Random, bits: int) -> Interval:
    """Return a point or a wide or narrow interval, of either sign or both, sometimes zero."""
    exponent = draw.randint(-600, 300)
    if draw.randrange(5) == 0:
        return Interval(0, 0, exponent, bits)
    n = draw.getrandbits(draw.choice((3, 24, 53, bits))) * draw.choice((1, -1))
    width = draw.choice((0, 0, 1, draw.getrandbits(30), draw.getrandbits(n.bit_length() + 2)))
    return Interval(n, n + width, exponent, bits)


def ends(x: Interval) -> tuple[int, int, int]:
    again = Interval(x.lo, x.hi, x.exponent, x.bits)  # an end that was rounded up may be one bit longer than allowed
    return again.lo, again.hi, again.exponent


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("bits", [64, 256])
def test_every_operation_on_columns_is_that_on_intervals(name: str, bits: int) -> None:
    draw, operation = random.Random(f"{name} {bits}"), OPERATIONS[name]
    for one in (False, True) * 40:
        first = [interval(draw, bits) for _ in range(SIZE)]
        second = [interval(draw, bits)] * SIZE if one else [interval(draw, bits) for _ in range(SIZE)]
        made = operation(Column.join(first, bits), Column.join(second[: 1 if one else SIZE], bits))
        assert [ends(made[at]) for at in range(SIZE)] == [ends(operation(a, b)) for a, b in zip(first, second, strict=True)]


def test_division_by_positive_columns_is_that_by_intervals() -> None:
    draw = random.Random(3)
    for _ in range(60):
        first = [interval(draw, 256) for _ in range(SIZE)]
        second = [x if x.lo > 0 else Interval(3, 5, 0) for x in map(abs, (interval(draw, 256) for _ in range(SIZE)))]
        made = Column.join(first) / Column.join(second)
        assert [ends(made[at]) for at in range(SIZE)] == [ends(a / b) for a, b in zip(first, second, strict=True)]


def test_doubles_become_the_points_that_they_are() -> None:
    numbers = [0.0, -0.0, 1.0, -3.5, 5e-324, 1.7e308, 0.1]
    made = Column.of(np.array(numbers))
    assert [ends(made[at]) for at in range(len(numbers))] == [ends(Interval.of(x)) for x in numbers]


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=list(FORMATS))
def test_many_roundings_are_those_of_single_numbers(fmt: Format) -> None:
    draw = random.Random(fmt.name)
    n = [draw.choice((0, draw.getrandbits(draw.choice((5, fmt.precision, fmt.precision + 1, 200))))) for _ in range(4000)]
    n = [x * draw.choice((1, -1)) for x in n]
    exponents = [draw.choice((draw.randint(-20, 20), draw.randint(fmt.emin - 300, fmt.emax + 1))) for _ in n]
    exact = [Fraction(x) * Fraction(2) ** exponent for x, exponent in zip(n, exponents, strict=True)]
    nearest = [round_exact(x, fmt) for x in exact]
    given = np.array(n, dtype=object), np.array(exponents), fmt
    assert list(map(repr, round_dyadics(*given).tolist())) == list(map(repr, nearest))
    assert storable(*given).tolist() == [math.isfinite(x) and Fraction(x) == y for x, y in zip(nearest, exact, strict=True)]
    assert floor_dyadics(*given).tolist() == [floor(x, y, fmt) for x, y in zip(nearest, exact, strict=True)]


def floor(nearest: float, exact: Fraction, fmt: Format) -> float:
    """Return the greatest number not above an exact one that rounds to `nearest`."""
    return nearest if math.isinf(nearest) or Fraction(nearest) <= exact else neighbour(nearest, -1, fmt)


def test_a_plan_on_many_elements_gives_what_it_gives_on_each_with_nan_infinities_and_zero_divisors_among_them() -> None:
    paper, draw = get("paper"), random.Random(8)
    h = Hyperparameters(lr=0.1, eps=0.0)
    permitted = permitted_graph(paper, "f32", h)
    constants = exact_by_node(permitted, h, 3, 256)
    steps = permitted.plan
    known = {permitted.graph.nodes[place].value: number for place, number in constants.items()}
    odd = [
        (1.0, math.nan, 0.0, 0.0),
        (1.0, math.inf, 0.0, 1.0),
        (1.0, 0.0, 0.0, 0.0),
        (1.0, 0.0, 1.0, 0.0),
        (-math.inf, 1.0, 2.0, 0.0),
    ]
    rows = odd + [(draw.gauss(0, 1), draw.gauss(0, 1), draw.gauss(0, 1), abs(draw.gauss(0, 1))) for _ in range(9)]
    draw.shuffle(rows)
    inputs = [Numbers.of(column) for column in zip(*rows, strict=True)]
    made, alone = evaluate_all(steps, known, inputs)
    assert sorted(alone) == [at for at, row in enumerate(rows) if row in odd]
    for element in range(len(rows)):
        wanted = evaluate(steps, known, [numbers[element] for numbers in inputs])
        for at, numbers in made.items():
            got, want = numbers[element if len(numbers) > 1 else 0], wanted[at]  # a constant is the same for all
            assert (ends(got) == ends(want)) if isinstance(want, Interval) else (repr(got) == repr(want))


def test_a_divisor_whose_sign_cannot_be_told_is_refused_as_for_one_element() -> None:
    paper = get("paper")
    permitted = permitted_graph(paper, "f32", paper.defaults)
    constants = exact_by_node(permitted, paper.defaults, 3, 256)
    steps = permitted.plan
    known = {permitted.graph.nodes[place].value: number for place, number in constants.items()}
    blurred = Numbers(Column.join([Interval(-1, 1, 0)]))
    with pytest.raises(Undecidable, match="cannot be told"):
        evaluate_all(steps, known, [Numbers.of([1.0]), Numbers.of([0.0]), Numbers.of([1.0]), blurred])


def test_replacing_an_entry_leaves_the_original_alone() -> None:
    two = Numbers.of([1.0, math.inf])
    other = two.replaced({1: Interval(1, 1, 1), 0: math.nan})
    assert repr(list(two)) == "[Interval(1, 1, 0), inf]" and repr(list(other)) == "[nan, Interval(1, 1, 1)]"
    assert len(other) == 2 and other.flags.tolist() == [True, False]


@pytest.mark.parametrize("name", names())
def test_an_exact_value_does_not_depend_on_what_was_computed_before(name: str) -> None:
    """The way to a value is chosen at one sample point: chosen at the first caller's, it would widen intervals by history."""
    profile, eps = get(name).profiles[0], 2.0**-30 if "eps" in get(name).options else 0.0
    kinds = [Hyperparameters(lr=lr, beta1=beta1, eps=eps) for lr, beta1 in ((2.0**-25, 0.9), (1e3, 0.1), (0.0, 0.0), (1.0, 0.75))]

    def values(order: Sequence[Hyperparameters]) -> dict[Hyperparameters, list[Any]]:
        unknown = replace(get(name))  # a dialect that nobody has asked yet
        start = {"p": [1.0], "m": [0.5], "u": [0.25]}
        return {h: [ends(x) for [x] in next(exact_steps(unknown, profile, start, 3, [Step([0.3], h)])).values()] for h in order}

    assert values(kinds) == values(kinds[::-1])

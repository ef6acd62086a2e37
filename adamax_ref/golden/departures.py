"""Where a vector file departs from the one that both oracles make: case by case, number by number."""

from collections.abc import Iterator
from dataclasses import fields

from .case import QUANTITIES, Case, Expectation, VectorFile
from .load import vector_file

_NAMES = {"bits": "the stepper's", "plain": "the plain recipe's", "true": "the exact value", "lo": "the bound", "hi": "the bound"}


def departures(file: VectorFile, made: bytes, path: str) -> Iterator[str]:
    """Yield a sentence for each case that differs from the regenerated one.

    Parameters
    ----------
    file : VectorFile
        The one that is checked.
    made : bytes
        What regeneration gives in its place.
    path : str
        Where, for errors.
    """
    right = {case.id: case for case in vector_file(made, path).cases}
    for case in file.cases:
        if case.id not in right:
            yield f"{case.id}: no such case is made"
        elif case != right[case.id]:
            yield f"{case.id}: {_difference(case, right[case.id])}"
    yield from (f"{name}: missing" for name in right.keys() - {case.id for case in file.cases})


def _difference(case: Case, right: Case) -> str:
    """Name the first number that is not right, or else the first field."""
    for got, want in zip(case.expect or (), right.expect or (), strict=False):
        for name in QUANTITIES:
            words = _quantity(got, want, name)
            if words:
                return f"{name} after step {got.step}: {words}"
    return "it has another " + next(each.name for each in fields(Case) if getattr(case, each.name) != getattr(right, each.name))


def _quantity(got: Expectation, want: Expectation, name: str) -> str:
    one, other = getattr(got, name), getattr(want, name)
    for field, whose in (*_NAMES.items(), ("bound", "the bound")):
        if getattr(one, field) != getattr(other, field):
            return f"{field} is {getattr(one, field)}, {whose} is {getattr(other, field)}"
    return ""

"""What docs/conformance.md shows is what happens, and its tables name every field there is."""

import doctest
from dataclasses import fields
from pathlib import Path

from adamax_ref.conformance.answer import FEATURES
from adamax_ref.conformance.judge import Status
from adamax_ref.golden.case import Case, Quantity
from adamax_ref.golden.numbers import draws, key_of

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says() -> None:
    failed, attempted = doctest.testfile(str(PAGE), module_relative=False)
    assert attempted >= 8
    assert failed == 0


def test_every_field_feature_and_status_is_explained() -> None:
    names = {field.name.rstrip("_") for record in (Case, Quantity) for field in fields(record)}
    for name in (*names, *FEATURES, *tuple(Status)):
        assert f"`{name}`" in TEXT or name == "waived", name


def test_the_check_values_of_the_generator_are_right() -> None:
    name = "torch/f32/u-decay/shrink-two"
    assert f"`{name}` K is\n  `{key_of(name):x}` and the first draw `{next(draws(name)):x}`" in TEXT

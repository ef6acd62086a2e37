"""The schema of the protocol and the reader of it say the same, of everything that was ever sent and of anything else."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adamax_ref.conformance.answer import FEATURES, TOKENS
from adamax_ref.conformance.protocol import (
    EXPOSABLE,
    HELLO,
    LONGEST_LINE,
    MOST_VALUES,
    Fault,
    line,
    parsed,
    printable,
    read_answer,
    read_hello,
    request,
)
from adamax_ref.golden.corpus import schema
from adamax_ref.golden.load import open_corpus
from adamax_ref.recipe.profile import PROFILES

GOOD_HELLO: dict[str, Any] = {
    "axp": 1,
    "name": "mine",
    "version": "1",
    "language": "c",
    "dialects": ["torch"],
    "profiles": ["f32"],
    "features": [],
    "declares": [],
    "exposes": ["theta", "t"],
}
GOOD_ANSWERS: tuple[dict[str, Any], ...] = (
    {"id": "x", "steps": [{"step": 1, "theta": "3f800000", "m": None, "t": 1}, {"step": 2}]},
    {"id": "x", "refused": {"message": "no"}},
    {"id": "x", "skipped": {"reason": "not yet", "issue": "#1"}},
    {"id": "x", "error": {"message": "oh", "trace": "line 1"}, "x-seconds": 1},
)


@cache
def validator(part: str) -> Draft202012Validator:
    """Return the validator of one of the four kinds of line."""
    Draft202012Validator.check_schema(_schema())
    return Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": _schema()["$defs"]})


@cache
def _schema() -> dict[str, Any]:
    return dict(json.loads(schema("protocol")))


def accepted(read: Callable[[], object]) -> bool:
    """Tell whether a reader takes a line; what it does not take must be a fault with printable words."""
    try:
        read()
    except Fault as fault:
        assert fault.message.isprintable()
        assert len(fault.message) <= 1200
        return False
    return True


@pytest.mark.parametrize("pair", ["torch/f32", "optax/f64"])
def test_every_question_follows_the_schema(pair: str) -> None:
    dialect, profile = pair.split("/")
    assert validator("helloRequest").is_valid(HELLO)
    for case in open_corpus().cases(dialect, profile):
        question = json.loads(line(request(case, dialect)))
        if case.result == "value":
            assert list(validator("runRequest").iter_errors(question)) == []
        assert question.keys().isdisjoint({"expect", "either", "kills", "error", "why"})


def test_the_schema_notices_a_question_that_lacks_something() -> None:
    question = request(open_corpus().cases("torch", "f32")[0], "torch")
    for name in question:
        assert not validator("runRequest").is_valid({key: value for key, value in question.items() if key != name})


def test_the_words_of_schema_and_reader_are_the_same() -> None:
    words = _schema()["$defs"]["helloAnswer"]["properties"]
    told = {name: tuple(words[name]["items"]["enum"]) for name in ("profiles", "features", "declares", "exposes")}
    assert told == {"profiles": tuple(PROFILES), "features": FEATURES, "declares": TOKENS, "exposes": EXPOSABLE}


# No fractions: a schema takes 1.0 for a whole number, and a bit pattern is never a number of JSON.
_WORDS = ["theta", "m", "t", "l2", "f32", "torch", "ftz", "", " ", "x", "x-a", "step", "message", "reason"]
_ATOM = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from(_WORDS), st.text(max_size=3))
_ANY = st.recursive(
    _ATOM,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_WORDS), inner, max_size=3)),
    max_leaves=5,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container of a document with every key or index of it."""
    if isinstance(value, dict):
        return [(value, key) for key in value] + [place for each in value.values() for place in _places(each)]
    if isinstance(value, list):
        return [(value, at) for at in range(len(value))] + [place for each in value for place in _places(each)]
    return []


def _changed(data: st.DataObject, good: dict[str, Any]) -> dict[str, Any]:
    """Change a few things in a good line: set, add or take away."""
    made: dict[str, Any] = json.loads(json.dumps(good))
    for _ in range(data.draw(st.integers(1, 3))):
        if not made:
            break
        container, key = data.draw(st.sampled_from(_places(made)))
        way = data.draw(st.sampled_from(["set", "add", "take"]))
        if way == "take":
            container.pop(key)
        elif way == "add" and isinstance(container, dict):
            container[data.draw(st.sampled_from([*_WORDS, *good, *(name for each in GOOD_ANSWERS for name in each)]))] = data.draw(
                _ANY
            )
        elif way == "add":
            container.append(data.draw(_ANY))
        else:
            container[key] = data.draw(_ANY)
    return made


@settings(deadline=None, max_examples=400)
@given(st.data(), st.sampled_from(GOOD_ANSWERS))
def test_an_answer_is_read_if_and_only_if_it_follows_the_schema(data: st.DataObject, good: dict[str, Any]) -> None:
    message = _changed(data, good)
    read = accepted(lambda: read_answer(json.dumps(message).encode(), "x"))
    assert read == (validator("runAnswer").is_valid(message) and message.get("id") == "x")


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_a_hello_is_read_if_and_only_if_it_follows_the_schema_and_names_dialects_there_are(data: st.DataObject) -> None:
    message = _changed(data, GOOD_HELLO)
    known = set(map(str, message.get("dialects") or [])) <= {"torch"} if isinstance(message.get("dialects"), list) else True
    read = accepted(lambda: read_hello(json.dumps(message).encode()))
    assert read == (validator("helloAnswer").is_valid(message) and known)


@pytest.mark.parametrize("good", [GOOD_HELLO, *GOOD_ANSWERS])
def test_what_the_property_tests_change_is_good_before(good: dict[str, Any]) -> None:
    data = json.dumps(good).encode()
    if good is GOOD_HELLO:
        assert validator("helloAnswer").is_valid(good)
        assert read_hello(data).exposes == ("theta", "t")
    else:
        assert validator("runAnswer").is_valid(good)
        assert read_answer(data, "x").id == "x"


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.binary(max_size=200), st.builds(lambda value: json.dumps(value).encode(), _ANY)))
def test_anything_at_all_is_read_or_is_a_fault(data: bytes) -> None:
    accepted(lambda: read_answer(data, "x"))
    accepted(lambda: read_hello(data))


def test_a_line_that_would_grow_in_memory_is_not_parsed() -> None:
    for data in (b"[" + b"1," * MOST_VALUES, b"{" * (MOST_VALUES + 1), b" " * (LONGEST_LINE + 1)):
        with pytest.raises(Fault, match="a line of more than"):
            parsed(data, "answer")


@given(st.text())
def test_printable_words_are_printable_and_short(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text) == text or not text.isprintable() or len(text) > 1000

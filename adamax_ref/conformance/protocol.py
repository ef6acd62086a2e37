"""The messages of the pipe protocol, version 1: how requests are written and answers are read.

What a program sends is believed in nothing: it is parsed strictly, checked field by field, and its words are made fit
to be printed. ``schema/protocol.schema.json`` says the same for other readers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar, final

from adamax_ref.dialects import names
from adamax_ref.golden.case import Case
from adamax_ref.golden.codec import CorpusError, from_json, parse, to_json
from adamax_ref.recipe.profile import PROFILES

from .answer import FEATURES, TOKENS, Answer, Hello, Reported, fault_of

Record = TypeVar("Record")
LONGEST_LINE = 64 << 20
"""Most bytes of a line, the line feed not counted."""
MOST_VALUES = 1 << 20
"""Most commas and brackets in a line: an array of nothing takes thirty times its text in memory."""
LONGEST_WORDS = 1000
"""Most characters of a message that are kept."""


@final
class Fault(Exception):
    """A fault of a program, of one of the kinds of the protocol: ``protocol``, ``malformed``, ``crashed``, ...

    Attributes
    ----------
    kind, message : str
        The kind, and a sentence fit to be printed.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


def parsed(data: bytes, where: str) -> dict[str, object]:
    """Parse a line, once it is known not to grow beyond measure.

    Raises
    ------
    Fault
        ``malformed`` when it is not one JSON object.

    Examples
    --------
    >>> parsed(b"[1]", "answer")
    Traceback (most recent call last):
    ...
    adamax_ref.conformance.protocol.Fault: malformed: answer: expected an object, found list
    """
    if len(data) > LONGEST_LINE:
        raise Fault("malformed", f"{where}: a line of more than {LONGEST_LINE >> 20} MiB")
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Fault("malformed", f"{where}: a line of more than {MOST_VALUES} values")
    try:
        message = parse(data, where, "write one JSON object a line")
    except CorpusError as error:
        raise Fault("malformed", printable(str(error))) from None
    if not isinstance(message, dict):
        raise Fault("malformed", f"{where}: expected an object, found {type(message).__name__}")
    return message


def built(kind: type[Record], message: Mapping[str, object], where: str) -> Record:
    """Turn a parsed line into a record; ``protocol`` when a field is missing, unknown or of another type.

    Names that begin with ``x-`` are anybody's own and are left out.
    """
    try:
        return from_json(kind, _without_extensions(message), where)
    except CorpusError as error:
        raise Fault("protocol", printable(str(error))) from None


def _without_extensions(message: Any) -> Any:
    if isinstance(message, list):
        return [_without_extensions(each) for each in message]
    if isinstance(message, dict):
        return {name: _without_extensions(value) for name, value in message.items() if not name.startswith("x-")}
    return message


def printable(text: str) -> str:
    r"""Make words of a stranger fit for a terminal: of bounded length, and nothing in them moves the cursor.

    Examples
    --------
    >>> printable("red \x1b[31m")
    'red \\x1b[31m'
    """
    safe = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text[: LONGEST_WORDS + 1])
    return safe if len(text) <= LONGEST_WORDS else f"{safe[:LONGEST_WORDS]}..."


VERSION = 1
EXPOSABLE = ("theta", "m", "u", "t")
HELLO: dict[str, object] = {"axp": VERSION, "cmd": "hello"}
_COPIED = ("id", "shape", "hyper", "init", "steps", "report")


def request(case: Case, dialect: str) -> dict[str, object]:
    """Return the question of a case: what is given, and nothing of what must come out.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> sorted(request(open_corpus().cases("torch", "f32")[0], "torch"))
    ['cmd', 'dialect', 'hyper', 'id', 'init', 'profile', 'report', 'shape', 'steps', 'want']
    """
    copied = {name: to_json(getattr(case, name)) for name in _COPIED}
    return {"cmd": "run", "dialect": dialect, "profile": case.profile, "want": list(EXPOSABLE), **copied}


def question(case: Case, hello: Hello) -> bytes:
    """Return the line that asks a target for a case, under a dialect that it declares, or ``unknown``.

    The constants of a step, which save a target the bias correction, are sent only to one that declares that it uses them.
    """
    asked = request(case, case.dialect if case.dialect in hello.dialects else "unknown")
    if "given-constants" not in hello.declares:
        asked = without_constants(asked)
    return line(asked)


def without_constants(asked: dict[str, object]) -> dict[str, object]:
    """Return a question whose steps have no constants."""
    given: Any = asked["steps"]
    steps = [{name: value for name, value in step.items() if name != "constants"} for step in given]
    return {**asked, "steps": steps}


def line(message: Mapping[str, object]) -> bytes:
    r"""Write a message as a line.

    Examples
    --------
    >>> line(HELLO)
    b'{"axp":1,"cmd":"hello"}\n'
    """
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


@final
@dataclass(frozen=True)
class _Hello:
    axp: int
    name: str
    version: str
    language: str
    dialects: tuple[str, ...]
    profiles: tuple[str, ...]
    features: tuple[str, ...]
    declares: tuple[str, ...]
    exposes: tuple[str, ...]
    recipe: str | None = None
    device: str | None = None
    homepage: str | None = None
    issues: str | None = None


@final
@dataclass(frozen=True)
class _Refused:
    message: str


@final
@dataclass(frozen=True)
class _Skipped:
    reason: str
    issue: str | None = None


@final
@dataclass(frozen=True)
class _Failed:
    message: str
    trace: str | None = None


@final
@dataclass(frozen=True)
class _Run:
    id: str
    steps: tuple[Reported, ...] | None = None
    refused: _Refused | None = None
    skipped: _Skipped | None = None
    error: _Failed | None = None


def read_hello(data: bytes) -> Hello:
    """Read the answer to hello.

    Raises
    ------
    Fault
        ``malformed`` when it is no JSON object, ``protocol`` when the object is not a hello of this version.

    Examples
    --------
    >>> read_hello(b'{"axp": 2}')
    Traceback (most recent call last):
    ...
    adamax_ref.conformance.protocol.Fault: protocol: hello.axp is 2; this is version 1 of the protocol
    """
    message = parsed(data, "hello")
    if message.get("axp") != VERSION or type(message["axp"]) is not int:
        told = printable(repr(message.get("axp"))[:40])
        raise Fault("protocol", f"hello.axp is {told}; this is version {VERSION} of the protocol")
    hello = built(_Hello, message, "hello")
    _check_hello(hello)
    words: dict[str, Any] = {field.name: getattr(hello, field.name) for field in fields(Hello)}
    words |= {name: printable(value) for name, value in words.items() if isinstance(value, str)}
    return Hello(**words)


def read_answer(data: bytes, asked: str) -> Answer:
    """Read the answer to a question.

    Parameters
    ----------
    data : bytes
        The line, without its line feed.
    asked : str
        Id of the open question.

    Raises
    ------
    Fault
        ``malformed`` when it is no JSON object, ``wrong-id`` when it answers another question or none, ``protocol``
        when a field is missing, unknown or of another type.

    Examples
    --------
    >>> read_answer(b'{"id": "x", "refused": {"message": "beta2 is 1"}}', "x").refused
    'beta2 is 1'
    """
    message = parsed(data, "answer")
    if message.get("id") != asked:
        raise Fault("wrong-id", f"answers {printable(repr(message.get('id')))[:120]} where {asked!r} was asked")
    return _answer(built(_Run, _without_nulls(message), "answer"))


def answer_to(case: Case, data: bytes, hello: Hello, asked: str = "") -> Answer:
    """Read the answer to a case, which may have been asked under another id than its own.

    Fault as in :func:`read_answer`, and ``protocol`` when the numbers are not what was asked.
    """
    answer = replace(read_answer(data, asked or case.id), id=case.id)
    if answer.steps is not None and case.result == "value" and (wrong := fault_of(case, answer.steps, hello)):
        raise Fault("protocol", wrong)
    return answer


def read_id(data: bytes) -> str:
    """Return which question a line answers; Fault when it does not say so."""
    told = parsed(data, "answer").get("id")
    if not isinstance(told, str):
        raise Fault("wrong-id", "the answer has no id")
    return told


def _without_nulls(message: dict[str, object]) -> dict[str, object]:
    """Leave out quantities that are null: that is how a target says that it does not expose them."""
    steps = message.get("steps")
    if not isinstance(steps, list):
        return message
    kept = [_exposed(each) if isinstance(each, dict) else each for each in steps]
    return {**message, "steps": kept}


def _exposed(step: dict[str, Any]) -> dict[str, object]:
    return {name: value for name, value in step.items() if value is not None or name not in EXPOSABLE}


def _check_hello(hello: _Hello) -> None:
    for name in ("name", "version", "language"):
        if not getattr(hello, name).strip():
            raise Fault("protocol", f"hello.{name} is blank")
    known = {"dialects": names(), "profiles": tuple(PROFILES), "features": FEATURES, "declares": TOKENS, "exposes": EXPOSABLE}
    for name, words in known.items():
        _check_words(name, getattr(hello, name), words)
    if not hello.profiles or "theta" not in hello.exposes:
        raise Fault("protocol", "hello.profiles is empty" if not hello.profiles else "hello.exposes lacks 'theta'")


def _check_words(name: str, told: tuple[str, ...], known: tuple[str, ...]) -> None:
    for word in told:
        if word not in known:
            raise Fault("protocol", f"hello.{name}: unknown word {printable(word)[:40]!r}; known are {', '.join(known)}")
    if len({*told}) < len(told):
        raise Fault("protocol", f"hello.{name}: a word occurs twice")


def _answer(told: _Run) -> Answer:
    """Turn what was told into an answer, if it is told in exactly one way."""
    ways = [name for name in ("steps", "refused", "skipped", "error") if getattr(told, name) is not None]
    if len(ways) != 1:
        raise Fault("protocol", f"answer: has {' and '.join(ways) or 'none'} of steps, refused, skipped, error; write exactly one")
    if told.refused is not None:
        return Answer(told.id, refused=printable(told.refused.message))
    if told.error is not None:
        return Answer(told.id, error=("adapter-error", printable(told.error.message)))
    if told.skipped is not None:
        return Answer(told.id, skipped=_reason(told.skipped))
    return Answer(told.id, steps=told.steps)


def _reason(skipped: _Skipped) -> str:
    if not skipped.reason.strip():
        raise Fault("protocol", "answer.skipped.reason is blank")
    return printable(f"{skipped.reason} ({skipped.issue})" if skipped.issue else skipped.reason)

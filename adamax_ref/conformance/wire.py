"""Lines of JSON from a stranger: parsed strictly, in bounded memory, and never printed as they came."""

from collections.abc import Mapping
from typing import Any, TypeVar, final

from adamax_ref.golden.codec import CorpusError, from_json, parse

Record = TypeVar("Record")
LONGEST_LINE = 64 << 20
"""Most bytes of a line, the line feed not counted."""
MOST_VALUES = 1 << 20
"""Most commas and brackets in a line: an array of nothing takes thirty times its text in memory."""
LONGEST_WORDS = 1000
"""Most characters of a message that are kept."""


@final
class Fault(Exception):
    """What a program did wrong, by one of the kinds of the protocol: ``protocol``, ``malformed``, ``crashed``, ...

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
    adamax_ref.conformance.wire.Fault: malformed: answer: expected an object, found list
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

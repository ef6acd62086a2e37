"""Strict, canonical JSON: every record is written in one way, and malformed input is refused with its place.

Output is ASCII with sorted keys and no blanks between tokens. Each field of the document has a line, and so has each object
of an array that is such a field. Input with duplicate keys, NaN tokens, unknown or missing fields, or wrong types is
refused.
"""

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from stat import S_ISREG
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
OUTSIDE = {"json": False}
"""Metadata of a field that is no part of the record's JSON."""

LARGEST = 32 << 20
"""Most bytes of any one file that is read whole."""


class CorpusError(ValueError):
    """A corpus or a file of it that cannot be used; the message names the file, the place and what to do."""


def to_json(record: object) -> Any:
    """Turn a record into what :mod:`json` writes, leaving out optional fields that are None.

    Examples
    --------
    >>> from adamax_ref.golden.case import Refusal
    >>> to_json(Refusal("beta1", "range"))
    {'field': 'beta1', 'class': 'range'}
    """
    if is_dataclass(record):
        pairs = ((field.name.rstrip("_"), getattr(record, field.name)) for field in _written(record))
        return {name: to_json(value) for name, value in pairs if value is not None}
    if isinstance(record, tuple | list):
        return [to_json(value) for value in record]
    if isinstance(record, dict):
        return {name: to_json(value) for name, value in record.items()}
    return record


def _written(record: Any) -> list[Field[Any]]:
    return [field for field in fields(record) if field.metadata != OUTSIDE]


def json_bytes(record: object) -> bytes:
    r"""Serialise a record, which is an object, the one way the corpus is written.

    Examples
    --------
    >>> json_bytes({"b": 1, "a": [{"d": [1, 2]}, {}], "c": {"e": True}})
    b'{\n"a":[\n{"d":[1,2]},\n{}\n],\n"b":1,\n"c":{"e":true}\n}\n'
    """
    document = to_json(record)
    written = ",\n".join(f"{_line(name)}:{_lines(document[name])}" for name in sorted(document))
    return f"{{\n{written}\n}}\n".encode("ascii")


def _lines(value: Any) -> str:
    """Write a field of the document: one line, or one for each object of an array."""
    if not (isinstance(value, list) and value and isinstance(value[0], dict)):
        return _line(value)
    return "[\n" + ",\n".join(map(_line, value)) + "\n]"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def parse(data: bytes, where: str, remedy: str = "generate the corpus again") -> Any:
    """Parse JSON strictly.

    Parameters
    ----------
    data : bytes
        The text.
    where, remedy : str
        What it is and what to do, for the message.

    Raises
    ------
    CorpusError
        When it is not UTF-8, not JSON, nested too deeply, repeats a key or holds a NaN token.
    """

    def refuse(token: str) -> NoReturn:
        raise CorpusError(f"{where}: {token} is not allowed; numbers are written as bit patterns")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise CorpusError(f"{where}: a field occurs twice")
        return result

    try:
        return json.loads(data.decode("utf-8"), parse_constant=refuse, object_pairs_hook=unique)
    except RecursionError:
        raise CorpusError(f"{where}: nested too deeply; {remedy}") from None
    except ValueError as error:
        if isinstance(error, CorpusError):
            raise
        raise CorpusError(f"{where}: not JSON ({error}); it is damaged or incomplete, {remedy}") from None


def read(path: Path, most: int = LARGEST) -> bytes:
    """Return the bytes of a file that somebody hands in.

    Parameters
    ----------
    path : Path
        A regular file, or a link to one.
    most : int
        More bytes are not read.

    Raises
    ------
    CorpusError
        When it cannot be read, is a device or a pipe, or is too large.
    """
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            raise CorpusError(f"{path}: cannot be read (not a regular file)")
        if about.st_size > most:
            raise CorpusError(f"{path}: larger than {most} bytes, which no such file is")
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error})") from error


def contained(root: Path, name: str) -> Path:
    """Return the path of a file in a folder; CorpusError when a link leads out of it, or anywhere else.

    Examples
    --------
    >>> contained(Path("folder"), "../other")
    Traceback (most recent call last):
    ...
    adamax_ref.golden.codec.CorpusError: folder/../other: is a link, or not in its folder; files of a corpus are neither
    """
    path = root / name
    try:
        straight = path.resolve() == root.resolve() / name
    except (OSError, RuntimeError):  # a loop of links
        straight = False
    if not straight:
        raise CorpusError(f"{path}: is a link, or not in its folder; files of a corpus are neither")
    return path


def from_json(kind: type[Record], data: object, where: str) -> Record:
    """Turn parsed JSON into a record.

    Raises
    ------
    CorpusError
        When a field is missing, unknown or of another type; the message gives the path to it.

    Examples
    --------
    >>> from adamax_ref.golden.case import Refusal
    >>> from_json(Refusal, {"field": "lr"}, "file")
    Traceback (most recent call last):
    ...
    adamax_ref.golden.codec.CorpusError: file: field 'class' is missing
    """
    result: Record = _value(kind, data, where)
    return result


def _value(hint: Any, data: Any, where: str) -> Any:
    if get_origin(hint) is UnionType:
        (hint,) = (option for option in get_args(hint) if option is not NoneType)
    if get_origin(hint) is tuple:
        return _items(get_args(hint)[0], data, where)
    if is_dataclass(hint):
        return _record(hint, data, where)
    if get_origin(hint) is dict:
        return _mapping(get_args(hint)[1], data, where)
    if type(data) is not hint:
        raise CorpusError(f"{where}: expected {hint.__name__}, found {type(data).__name__}")
    return data


def _items(hint: Any, data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise CorpusError(f"{where}: expected an array, found {type(data).__name__}")
    return tuple(_value(hint, item, f"{where}[{at}]") for at, item in enumerate(data))


def _mapping(hint: Any, data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise CorpusError(f"{where}: expected an object, found {type(data).__name__}")
    return {name: _value(hint, item, f"{where}.{name[:40]!r}") for name, item in data.items()}


def _record(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise CorpusError(f"{where}: expected an object, found {type(data).__name__}")
    known, required = _fields(kind)
    for name in required:
        if name not in data:
            raise CorpusError(f"{where}: field {name!r} is missing")
    for name in data:
        if name not in known:
            raise CorpusError(f"{where}: unknown field {name[:40]!r}")
    return kind(**{known[name][0]: _value(known[name][1], value, f"{where}.{name}") for name, value in data.items()})


@cache
def _fields(kind: Any) -> tuple[dict[str, tuple[str, Any]], tuple[str, ...]]:
    """Map each JSON name to attribute and type, and list the required ones."""
    hints = get_type_hints(kind)
    known = {field.name.rstrip("_"): (field.name, hints[field.name]) for field in _written(kind)}
    return known, tuple(field.name.rstrip("_") for field in _written(kind) if field.default is MISSING)

"""Transcripts: every line between runner and program, to reach a verdict again without the program.

A transcript is NDJSON: a header, then one line for each exchange, with the text that was sent and the text that was
received or the fault that came of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from adamax_ref.golden.codec import CorpusError, to_json

from .protocol import LONGEST_LINE, Fault, built, parsed

FORMAT = "adamax-transcript/1"
LARGEST = 256 << 20
"""Most bytes of a file of answers or a transcript."""


@final
@dataclass(frozen=True)
class Exchange:
    """A question and what came of it: exactly one of `received` and `fault`.

    Attributes
    ----------
    id : str
        Of the case; empty for hello.
    sent : str
        The question as it was written; empty where it was not sent any more.
    received : str, optional
        The answer as it was read.
    fault : (str, str), optional
        Kind and message.
    """

    id: str
    sent: str
    received: str | None = None
    fault: tuple[str, ...] | None = None


@final
class Recorder:
    """Writes a transcript while the run goes on, so that one that was broken off is there as far as it went.

    Parameters
    ----------
    path : Path
        The file, which is overwritten.
    command : tuple of str
        The program that is spoken with.

    Raises
    ------
    ValueError
        When the file cannot be written.
    """

    def __init__(self, path: Path, command: tuple[str, ...]) -> None:
        try:
            self._stream = path.open("w", encoding="ascii")
        except OSError as error:
            raise ValueError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error
        self._write({"format": FORMAT, "command": list(command)})

    def add(self, exchange: Exchange) -> None:
        """Write one exchange."""
        self._write(to_json(exchange))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _write(self, record: dict[str, Any]) -> None:
        self._stream.write(json.dumps(record, separators=(",", ":")) + "\n")
        self._stream.flush()


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file that somebody hands in; CorpusError when it cannot be read or is too large."""
    left = LARGEST
    try:
        with path.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE + 2):
                left -= len(line)
                if left < 0:
                    raise CorpusError(f"{path}: larger than {LARGEST >> 20} MiB")
                yield line.rstrip(b"\r\n")
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error}); write answers:FILE") from error


def read_exchange(line: bytes, where: str) -> Exchange:
    """Read a line of a transcript; Fault when it is not one."""
    exchange = built(Exchange, parsed(line, where), where)
    if (exchange.received is None) == (exchange.fault is None) or len(exchange.fault or ("", "")) != 2:
        raise Fault("protocol", f"{where}: has not exactly one of 'received' and 'fault', which is a kind and a message")
    if exchange.received is not None and not exchange.sent:
        raise Fault("protocol", f"{where}: was answered and not asked; 'sent' is empty")
    return exchange

"""A file of answers, from a program that ran elsewhere: ``adamax-ref golden questions`` writes what it is asked.

The first line is the answer to hello, each other line the answer to a question, in any order. A transcript of a run
serves as well; its faults are told again, so that the verdict is the same.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import final

from adamax_ref.conformance.answer import Answer, Hello
from adamax_ref.conformance.protocol import Fault, answer_to, parsed, question, read_hello, read_id
from adamax_ref.conformance.target import Target
from adamax_ref.conformance.transcript import FORMAT, Exchange, lines_of, read_exchange
from adamax_ref.golden.case import Case


@final
class AnswersTarget(Target):
    """Answers that were given elsewhere.

    Parameters
    ----------
    hello : Hello
        Of the program that gave them.
    told : dict
        Answers and faults by id of the case.
    whole : bool
        Whether the file has nothing but answers to what it was asked, so that others can be refused.
    """

    def __init__(self, hello: Hello, told: dict[str, Exchange], whole: bool) -> None:
        self._hello = hello
        self._told = told
        self._whole = whole

    @property
    def hello(self) -> Hello:
        """As in the file."""
        return self._hello

    @property
    def answered(self) -> frozenset[str]:
        """Ids that must be in the corpus."""
        return frozenset(self._told if self._whole else ())

    def run(self, case: Case) -> Answer:
        """Look the answer up, under the id of the case or under the number that a blind question has instead."""
        names = [name for name in (case.id, case.number) if name in self._told]
        if not names:
            return Answer(case.id, error=("missing", "the file has no answer to this case"))
        if len(names) > 1:
            return Answer(case.id, error=("protocol", f"answered twice: under its id and as {case.number}"))
        told = self._told[names[0]]
        if told.sent and told.sent != question(case, self._hello).decode().rstrip("\n"):
            return Answer(case.id, error=("missing", "the transcript answers another question under this id"))
        try:
            return self._read(case, told)
        except Fault as fault:
            return Answer(case.id, error=(fault.kind, fault.message))

    def _read(self, case: Case, told: Exchange) -> Answer:
        if told.fault is not None:
            raise Fault(*told.fault)
        return answer_to(case, (told.received or "").encode(), self._hello, told.id)


def target(name: str) -> Target:
    """Return the target of a file.

    Raises
    ------
    ValueError
        When the file cannot be read or a line of it is malformed; the message gives its number.
    """
    path = Path(name)
    lines = lines_of(path)
    try:
        first = next(lines, b"")
        if parsed(first, "line 1").get("format") == FORMAT:
            return _from_transcript(lines)
        return AnswersTarget(read_hello(first), _answers(lines), whole=True)
    except Fault as fault:
        raise ValueError(f"{path}: {fault.message}") from None


def _answers(lines: Iterator[bytes]) -> dict[str, Exchange]:
    told: dict[str, Exchange] = {}
    for exchange in _each(lines, lambda text: Exchange(read_id(text), "", text.decode())):
        if exchange.id in told:
            raise Fault("protocol", f"{exchange.id[:120]!r} is answered twice")
        told[exchange.id] = exchange
    return told


def _from_transcript(lines: Iterator[bytes]) -> AnswersTarget:
    exchanges = list(_each(lines, lambda text: read_exchange(text, "exchange")))
    ids = [each.id for each in exchanges if each.id]
    if len({*ids}) < len(ids):
        twice = next(name for at, name in enumerate(ids) if name in ids[:at])
        raise Fault("protocol", f"{twice[:120]!r} stands in the transcript twice")
    hello = next((each.received for each in exchanges if each.id == "" and each.received), "")
    return AnswersTarget(read_hello(hello.encode()), {each.id: each for each in exchanges if each.id}, whole=False)


def _each(lines: Iterator[bytes], read: Callable[[bytes], Exchange]) -> Iterator[Exchange]:
    """Read line by line, and say which one cannot be read."""
    for number, text in enumerate(lines, 2):
        try:
            yield read(text)
        except Fault as fault:
            raise Fault(fault.kind, f"line {number}: {fault.message}") from None

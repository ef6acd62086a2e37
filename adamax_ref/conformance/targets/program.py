"""A program in any language, which speaks the pipe protocol on its standard input and output.

``adamax-ref verify -- COMMAND ARGS...`` and ``pipe:COMMAND ARGS...`` name it; no shell is involved. A program that
crashes, hangs or talks nonsense is replaced by a new process, a few times; the case at hand is not sent again.
"""

import math
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import final

from adamax_ref.conformance.answer import Answer, Hello
from adamax_ref.conformance.protocol import HELLO, Fault, answer_to, line, printable, question, read_hello
from adamax_ref.conformance.target import Target, TargetUnavailable
from adamax_ref.conformance.transcript import Exchange, Recorder
from adamax_ref.golden.case import Case

from .process import GRACE, Program

REPLACEMENTS = 5
"""Number of times a program is replaced; the run stops when it would have to be replaced once more."""
SECONDS_FOR_HELLO, SECONDS_FOR_A_CASE = 60.0, 30.0
TIMEOUT = "ADAMAX_REF_TIMEOUT"
_SPENT = ("malformed", "wrong-id", "crashed", "timeout")  # after these nobody knows where the program stands


@final
class PipeTarget(Target):
    """A program under test.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._program: Program | None = None
        self._hello: Hello | None = None
        self._recorder: Recorder | None = None
        self._replaced = 0
        self._gone: str = ""
        self._notes: list[str] = []
        limit = _limit()
        self._limits = (limit or SECONDS_FOR_HELLO, limit or SECONDS_FOR_A_CASE)

    def record(self, path: Path) -> None:
        """Write a transcript of everything that follows until the target is closed."""
        self._recorder = Recorder(path, self._command)

    @property
    def hello(self) -> Hello:
        """Answer of the program to hello, which starts it.

        Raises
        ------
        TargetUnavailable
            When it cannot be started, or does not answer as it must.
        """
        if self._hello is None:
            try:
                self._hello = self._start()
            except Fault as fault:
                said = self._end(0)
                words = "".join(f"; it wrote to standard error: {each}" for each in said[-1:] if each not in fault.message)
                raise TargetUnavailable(f"{printable(shlex.join(self._command))}: hello failed, {fault}{words}") from None
        return self._hello

    @property
    def notes(self) -> tuple[str, ...]:
        """Number of times the program was replaced, and the last lines that it wrote to standard error before."""
        return tuple(self._notes)

    def run(self, case: Case) -> Answer:
        """Send a case; what goes wrong becomes an ``error`` answer."""
        hello = self.hello
        asked = b""
        try:
            program = self._ready()
            asked = question(case, hello)
            data = program.exchange(asked, self._limits[1])
            answer = answer_to(case, data, hello)
        except Fault as fault:
            if fault.kind in _SPENT:
                self._discard(fault)
            told = (fault.kind, fault.message)
            self._add(Exchange(case.id, _text(asked), fault=told))
            return Answer(case.id, error=told)
        self._add(Exchange(case.id, _text(asked), _text(data)))
        return answer

    def close(self) -> None:
        """End the program: it gets the end of its input and a few seconds, then its process group is killed."""
        self._end(GRACE)
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def _end(self, grace: float) -> list[str]:
        """End the program within so many seconds and return the last lines of its standard error."""
        program, self._program = self._program, None
        if program is None:
            return []
        program.close(grace)
        return program.said.splitlines()[-3:]

    def _ready(self) -> Program:
        """Return the running program, a new one if need be; Fault when there will be no other."""
        if self._program is None and not self._gone:
            try:
                if self._start() != self._hello:
                    raise Fault("protocol", "the program says another hello after it was replaced")
            except (Fault, TargetUnavailable) as reason:
                self._end(0)
                self._gone = f"it could not be replaced: {reason}"
        if self._program is None:
            raise Fault("given-up", self._gone)
        return self._program

    def _start(self) -> Hello:
        self._program = Program(self._command)
        try:
            data = self._program.exchange(line(HELLO), self._limits[0])
            hello = read_hello(data)
        except Fault as fault:
            self._add(Exchange("", _text(line(HELLO)), fault=(fault.kind, fault.message)))
            raise
        self._add(Exchange("", _text(line(HELLO)), _text(data)))
        return hello

    def _discard(self, fault: Fault) -> None:
        """Kill the program, and decide whether it gets another chance."""
        said = self._end(0)
        self._notes.append(f"process {self._replaced + 1} was ended after {fault.kind}")
        self._notes += [f"its standard error ended: {words}" for words in said]
        if self._replaced == REPLACEMENTS:
            self._gone = f"the program had been replaced {REPLACEMENTS} times"
        self._replaced += 1

    def _add(self, exchange: Exchange) -> None:
        if self._recorder is not None:
            self._recorder.add(exchange)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace").rstrip("\n")


def _limit() -> float | None:
    """Return the time limit that the environment sets, in seconds."""
    text = os.environ.get(TIMEOUT)
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"{TIMEOUT} is {text!r}; set it to a number of seconds, or unset it")
    return seconds


def target(name: str) -> Target:
    """Return the target of a command line, split as a POSIX shell would; it is started when it is first asked.

    Raises
    ------
    ValueError
        When there is no command, or a quotation mark is not closed.
    """
    try:
        command = shlex.split(name)
    except ValueError as error:
        raise ValueError(f"pipe:{name}: {error}; write -- COMMAND ARGS... at the end of the line instead") from None
    if not command:
        raise ValueError("no command; write -- COMMAND ARGS... at the end of the line")
    return PipeTarget(command)

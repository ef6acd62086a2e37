"""A program on the other end of three pipes, in a process group of its own, that can neither hang nor flood us.

One loop writes the question, reads the answer and drains standard error, all without blocking and against one deadline.
What is kept of an answer is at most a line of bounded length, and of standard error its end.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import final

from adamax_ref.conformance.protocol import LONGEST_LINE, Fault, printable
from adamax_ref.conformance.target import TargetUnavailable

KEPT = 4 << 10
"""Bytes of standard error that are kept."""
GRACE = 5.0
"""Seconds that a program has to end by itself once its input has ended."""
_CHUNK = 1 << 16
_TICK = 0.05
"""Seconds between two looks at whether the process still lives; its pipes may be held open by a child of its own."""


@final
class Program:
    """A running program.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; no shell is involved.

    Raises
    ------
    TargetUnavailable
        When it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._process = _started(command)
        self._unsent = memoryview(b"")
        self._read = bytearray()
        self._searched = 0
        self._said = bytearray()
        self._status = ""
        self._selector = selectors.DefaultSelector()
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._input = process.stdin.fileno()
        self._actions = {self._input: self._write, process.stdout.fileno(): self._hear, process.stderr.fileno(): self._listen}
        _, self._output, self._complaints = self._actions
        for file in self._actions:
            os.set_blocking(file, False)
        for file in (self._output, self._complaints):
            self._selector.register(file, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        """Number of the process and of its group."""
        return self._process.pid

    @property
    def said(self) -> str:
        """The end of what it wrote to standard error, fit to be printed."""
        return "\n".join(map(printable, self._said.decode("utf-8", "replace").splitlines()))

    def exchange(self, question: bytes, seconds: float) -> bytes:
        """Write a line and return the line that answers it, without its end.

        Parameters
        ----------
        question : bytes
            With its line feed.
        seconds : float
            Time limit for both.

        Raises
        ------
        Fault
            ``timeout``, ``crashed`` or ``malformed``; the program is of no more use then.
        """
        deadline = time.monotonic() + seconds
        self._unsent = memoryview(question)
        self._selector.register(self._input, selectors.EVENT_WRITE)
        while True:
            found = None if self._unsent else self._line()
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise Fault("timeout", f"no answer within {seconds:g} s")
            idle = not self._turn(deadline)
            if not self._listens_to(self._output) or (idle and self._ended()):
                raise self._crash()

    def close(self, grace: float = GRACE) -> str:
        """End the program: its input ends, it has `grace` seconds, then its process group is killed.

        Returns
        -------
        str
            How it ended.
        """
        if not self._status:
            self._finish(time.monotonic() + grace)
            # Where the leader is not yet reaped, the number of the group cannot have passed to anybody else.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
            self._selector.close()
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()
            self._status = _words(self._process.returncode)
        return self._status

    def _finish(self, deadline: float) -> None:
        """End its input and throw away what it still says, until it ends or time is up."""
        self._mute()
        if self._process.stdin is not None:
            self._process.stdin.close()
        while not self._ended() and time.monotonic() < deadline:
            self._turn(deadline)
            self._read.clear()

    def _turn(self, deadline: float) -> bool:
        """Do what can be done now, after waiting a little for it; tell whether there was anything."""
        wait = max(0.0, min(_TICK, deadline - time.monotonic()))
        if not self._selector.get_map():
            time.sleep(wait)
            return False
        events = self._selector.select(wait)
        for key, _ in events:
            self._actions[key.fd]()
        return bool(events)

    def _write(self) -> None:
        """Write what fits; to a program that no longer reads nothing more, it may have answered all the same."""
        try:
            self._unsent = self._unsent[os.write(self._input, self._unsent[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self._unsent = self._unsent[:0]
        if not self._unsent:
            self._mute()

    def _mute(self) -> None:
        if self._listens_to(self._input):
            self._selector.unregister(self._input)

    def _hear(self) -> None:
        self._read += self._take(self._output)

    def _listen(self) -> None:
        self._said += self._take(self._complaints)
        del self._said[:-KEPT]

    def _take(self, file: int) -> bytes:
        """Read what is there; at the end of the file, do not look at it any more."""
        try:
            data = os.read(file, _CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._selector.unregister(file)
        return data

    def _listens_to(self, file: int) -> bool:
        return file in self._selector.get_map()

    def _line(self) -> bytes | None:
        """Return a line if a whole one is there; Fault when it gets too long."""
        end = self._read.find(b"\n", self._searched)
        self._searched = len(self._read) if end < 0 else 0
        if max(end, self._searched) > LONGEST_LINE:
            raise Fault("malformed", f"a line of more than {LONGEST_LINE >> 20} MiB")
        if end < 0:
            return None
        found = bytes(self._read[:end]).removesuffix(b"\r")
        del self._read[: end + 1]
        return found

    def _crash(self) -> Fault:
        """Say what became of a program that will not answer any more; one that ends has a moment for it."""
        if self._read:
            return Fault("malformed", "the output ended in the middle of a line")
        deadline = time.monotonic() + 1
        while not self._ended() and time.monotonic() < deadline:
            time.sleep(_TICK / 10)
        how = self.close(0) if self._ended() else "it closed its standard output"
        last = self.said.splitlines()[-1:]
        return Fault("crashed", f"{how} before it answered" + "".join(f"; standard error ends: {words}" for words in last))

    def _ended(self) -> bool:
        """Tell whether the process has ended, without reaping it where the system can tell so."""
        if self._status or not hasattr(os, "waitid"):  # macOS, before Python 3.13
            return self._process.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _started(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    if os.name != "posix":
        raise TargetUnavailable("programs are judged through POSIX pipes; elsewhere hand in their answers as answers:FILE")
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        words = f"{printable(command[0])!r} cannot be started ({why}); build it first, and write the path to it"
        raise TargetUnavailable(words) from None


def _words(code: int) -> str:
    if code >= 0:
        return f"it ended with status {code}"
    names = {each.value: each.name for each in signal.Signals}
    return f"it was ended by {names.get(-code, f'signal {-code}')}"

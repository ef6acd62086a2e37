"""What a target is: something that says hello and answers cases."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, final

from adamax_ref.golden.case import Case

from .answer import Answer, Hello, Reported
from .arrays import Unaskable


class Refusal(Exception):
    """Input that an implementation refused as illegal; the message is the implementation's."""


class TargetUnavailable(RuntimeError):
    """A target that could not be run; the message says why and what to do."""


class Target(ABC):
    """An implementation under test."""

    @property
    @abstractmethod
    def hello(self) -> Hello:
        """What the target says of itself."""

    @abstractmethod
    def run(self, case: Case) -> Answer:
        """Answer one case, whatever happens; an implementation's faults become an ``error`` answer."""

    def declares(self, dialect: str) -> tuple[str, ...]:
        """Which freedoms the target takes in a dialect; those of its hello, unless it knows better."""
        return self.hello.declares

    @final
    def hello_for(self, dialect: str) -> Hello:
        """Return the hello with the freedoms that hold in one dialect."""
        return replace(self.hello, declares=self.declares(dialect))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the report should know of how the run went."""
        return ()

    @property
    def answered(self) -> frozenset[str]:
        """Ids of cases that were answered before anybody asked; each must be in the corpus."""
        return frozenset()

    def record(self, path: Path) -> None:
        """Write a transcript of everything that follows to a file; ValueError for a target with which nothing is exchanged."""
        raise ValueError(f"{type(self).__name__} runs in this process; only a program (-- COMMAND ARGS...) has a transcript")

    def close(self) -> None:
        """Release what the target holds."""
        return None

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()


def attempt(case: Case, run: Callable[[Case], tuple[Reported, ...]]) -> Answer:
    """Run a case in this process: a Refusal is one, anything else that is raised is an error.

    That holds for what leaves a program or a test too (``sys.exit``, ``pytest.skip``): it must not end the judge.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> case = open_corpus().cases("torch", "f32")[0]
    >>> attempt(case, lambda case: ()).steps
    ()
    """
    try:
        return Answer(case.id, steps=run(case))
    except Refusal as refusal:
        return Answer(case.id, refused=str(refusal))
    except Unaskable as reason:
        return Answer(case.id, unasked=str(reason))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an implementation under test may raise anything
        return Answer(case.id, error=("adapter-error", f"{type(error).__name__}: {error}"))

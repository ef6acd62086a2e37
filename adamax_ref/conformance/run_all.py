"""Judge every engine and every installed framework on all that it declares; one that fails does not stop the others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import final

from adamax_ref.backend import backend_names
from adamax_ref.golden.load import Corpus, open_corpus
from adamax_ref.golden.parallel import Mapper

from .answer import Hello
from .run import Run, pairs, run
from .target import Target, TargetUnavailable
from .targets import frameworks, open_target
from .verdict import Grade, Verdict
from .waivers import NONE, Waiver


@final
@dataclass(frozen=True)
class Question:
    """The question to every target; it can be sent to another process.

    Attributes
    ----------
    golden : Path or None
        Folder of the corpus; None is the shipped one.
    dialects, profiles : tuple of str
        What to look at; nothing means all that a target declares.
    level : str
        ``core`` or ``full``.
    waivers : mapping of str to Waiver
        In force, by id.
    lacks, declares : tuple of str
        Features that a Python callable does not have, and freedoms that it takes.
    """

    golden: Path | None = None
    dialects: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    level: str = "core"
    waivers: Mapping[str, Waiver] = field(default_factory=lambda: dict(NONE))
    lacks: tuple[str, ...] = ()
    declares: tuple[str, ...] = ()

    def open(self, target: str) -> Target:
        """Return a target as it is asked for; see :func:`~adamax_ref.conformance.targets.open_target`."""
        return open_target(target, self.lacks, self.declares)


@final
@dataclass(frozen=True)
class Outcome:
    """The result of one target.

    Attributes
    ----------
    target : str
        As it is written on the command line.
    runs : tuple of Run
        One for each dialect and profile; none where there is a reason.
    reason : str
        Why it was not judged.
    broken : bool
        Whether it is here and could not be judged all the same.
    """

    target: str
    runs: tuple[Run, ...] = ()
    reason: str = ""
    broken: bool = False

    @property
    def reported(self) -> tuple[Run, ...]:
        """The runs for a report: one that could not be run where the target broke, so that no form leaves it out."""
        if not self.broken:
            return self.runs
        hello = Hello(self.target, "", "", (), ())
        verdict = Verdict(Grade.COULD_NOT_RUN, (), (), notes=(self.reason,))
        return (*self.runs, Run(hello, "", "any", "any", "", 0, verdict))

    @property
    def exit(self) -> int:
        """The exit code that goes with it: what is not here does no harm."""
        return 3 if self.broken else max((run.verdict.exit for run in self.runs), default=0)


def every_target() -> tuple[str, ...]:
    """Return all engines and all frameworks, here or not.

    Examples
    --------
    >>> "backend:numpy" in every_target(), "framework:torch" in every_target()
    (True, True)
    """
    return (*(f"backend:{name}" for name in backend_names()), *(f"framework:{name}" for name in frameworks()))


def outcomes(question: Question, mapper: Mapper) -> Iterator[Outcome]:
    """Yield what comes of every target, in order, as they get ready."""
    yield from mapper(partial(outcome, question), every_target())


def outcome(question: Question, text: str) -> Outcome:
    """Judge one target on all that it declares and that is asked for.

    Examples
    --------
    >>> [run.verdict.text for run in outcome(Question(dialects=("paper",), profiles=("f32",)), "backend:numpy").runs]
    ['EXACT']
    """
    corpus = open_corpus(question.golden)
    try:
        with question.open(text) as target:
            try:
                wanted = pairs(target, corpus, question.dialects, question.profiles)
            except ValueError as nothing:
                return Outcome(text, reason=str(nothing))
            return Outcome(text, tuple(run(target, corpus, *pair, question.level, waivers=question.waivers) for pair in wanted))
    except TargetUnavailable as reason:
        return Outcome(text, reason=str(reason))
    except Exception as error:  # whatever a framework does, the others are judged
        return Outcome(text, reason=f"{type(error).__name__}: {error}", broken=True)


def judge_pair(target: str, question: Question, pair: tuple[str, str]) -> Run:
    """Open target and corpus anew, in whatever process this is, and judge one dialect and profile."""
    with question.open(target) as opened:
        return run(opened, open_corpus(question.golden), *pair, question.level, waivers=question.waivers)


def pairs_asked(target: Target, corpus: Corpus, question: Question) -> list[tuple[str, str]]:
    """Return the dialects and profiles that a target is judged on; ValueError where there are none, or it answers others."""
    wanted = pairs(target, corpus, question.dialects, question.profiles)
    _refuse_strangers(target.answered, corpus, wanted, question.level)
    return wanted


def _refuse_strangers(answered: frozenset[str], corpus: Corpus, wanted: list[tuple[str, str]], level: str) -> None:
    """Refuse answers to cases that are none of those asked; ValueError names one."""
    cases = (case for pair in wanted for case in corpus.cases(*pair, level)) if answered else ()
    asked = {name for case in cases for name in (case.id, case.number)}
    strangers = sorted(answered - asked)
    if strangers:
        raise ValueError(
            f"{strangers[0][:120]!r} is answered, but no case that is asked; ask with --dialect, --profile and --level"
        )

"""What is missing in the kill matrix that the cases of a corpus claim."""

from collections.abc import Iterator, Sequence

from adamax_ref.golden.case import Case

from .matrix import ENOUGH, Matrix


def unkilled(cases: Sequence[Case]) -> Iterator[str]:
    """Yield a sentence for each bug that too few of the cases of one dialect and profile say they kill.

    That a case kills what it says is another question: regeneration answers it.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = open_corpus().cases("paper", "f32")
    >>> list(unkilled(cases)), len(list(unkilled(cases[:2]))) > 20
    ([], True)
    """
    matrix = Matrix.of(cases)
    for name, bug in matrix.required.items():
        killers = sum(name in case.kills for case in cases)
        if killers < ENOUGH:
            yield f"{matrix.dialect}/{matrix.profile}: {name} ({bug.title}) is killed by {killers} cases, not by {ENOUGH}"

"""A verdict in a notebook: what it is, how many cases have which status, the probable cause, the first difference."""

from adamax_ref.conformance.cause import UNDIAGNOSED, Diagnosis
from adamax_ref.conformance.verdict import Verdict
from adamax_ref.markup import STYLE, environment, source

from . import blocks
from .chart import ulps
from .matrix import KINDS


def shown(verdict: Verdict, diagnosis: Diagnosis = UNDIAGNOSED, about: str = "") -> str:
    """Return a verdict as a piece of HTML with its own style.

    Parameters
    ----------
    verdict : Verdict
        Of a run.
    diagnosis : Diagnosis
        What explains it.
    about : str
        Of what it is a verdict.

    Examples
    --------
    >>> from adamax_ref.conformance.run import run
    >>> from adamax_ref.conformance.targets import open_target
    >>> from adamax_ref.golden.load import open_corpus
    >>> "EXACT" in shown(run(open_target("backend:numpy"), open_corpus(), "paper", "f32").verdict)
    True
    """
    first = verdict.first
    told = None if first is None else blocks.Told(first, {})
    values = {"verdict": verdict, "diagnosis": diagnosis, "about": about, "told": told, "sign": KINDS[verdict.grade][1]}
    return environment(__package__).get_template("notebook.html").render(blocks=blocks, ulps=ulps, style=source(STYLE), **values)

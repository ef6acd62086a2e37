"""Reports of verdicts: terminal, NDJSON, JUnit XML, badge, a page of HTML, and the piece that a notebook shows.

Reports import :mod:`adamax_ref.conformance`, never the reverse: importing this package registers how a notebook shows a
verdict and a run.
"""

from adamax_ref.conformance.run import Run
from adamax_ref.conformance.verdict import Verdict
from adamax_ref.markup import notebook_html


@notebook_html.register
def _verdict(verdict: Verdict) -> str:
    from .page.notebook import shown

    return shown(verdict)


@notebook_html.register
def _run(run: Run) -> str:
    from .page.notebook import shown

    return shown(run.verdict, run.diagnosis, f"{run.hello.name} {run.hello.version}, {run.dialect} {run.profile}")

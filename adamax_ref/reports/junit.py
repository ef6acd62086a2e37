"""The report as JUnit XML, which continuous integration shows: one suite a category, and one for the verdict of each run."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.etree import ElementTree as xml

from adamax_ref.conformance.judge import Judged
from adamax_ref.conformance.run import Run

from .terminal import diagnosed, difference, place, printable

_CHILD = {"failed": "failure", "error": "error", "skipped": "skipped", "untested": "skipped", "waived": "skipped"}
_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit(runs: Sequence[Run]) -> str:
    """Return the report on some runs as one XML document."""
    root = xml.Element("testsuites", name="adamax-ref")
    for run in runs:
        root.extend(_suites(run))
    _count(root)
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suites(run: Run) -> Iterator[xml.Element]:
    where = f"{run.dialect}/{run.profile}"
    yield _suite(f"{where}/verdict", [_verdict(run)])
    for category, cases in groupby(run.verdict.cases, key=lambda each: each.case.category):
        yield _suite(f"{where}/{category}", [_case(each) for each in cases])


def _suite(name: str, cases: Sequence[xml.Element]) -> xml.Element:
    suite = xml.Element("testsuite", name=name)
    suite.extend(cases)
    _count(suite)
    return suite


def _count(element: xml.Element) -> None:
    """Write how many test cases an element holds, and how they ended."""
    element.set("tests", str(len(list(element.iter("testcase")))))
    for attribute, tag in _COUNTS.items():
        element.set(attribute, str(len(list(element.iter(tag)))))


def _verdict(run: Run) -> xml.Element:
    """Return the test case that fails whenever the run does not end with 0."""
    element = xml.Element("testcase", classname=f"{run.dialect}.{run.profile}", name="verdict")
    if run.verdict.exit:
        _child(element, "failure", run.verdict.text, "\n".join(diagnosed(run.diagnosis)))
    return element


def _case(judged: Judged) -> xml.Element:
    case, first = judged.case, judged.first
    *above, slug = case.id.split("/")
    element = xml.Element("testcase", classname=".".join(above), name=slug)
    if judged.status in _CHILD:
        reason = judged.waiver or judged.remark or (f"step {first.step} {place(first)}" if first is not None else "")
        text = case.why if first is None else f"{difference(case, first)}\n{case.why}"
        _child(element, _CHILD[judged.status], f"{judged.status}: {reason}", text)
    return element


def _child(element: xml.Element, tag: str, message: str, text: str) -> None:
    """Add an element whose text may hold anything, control characters excepted, which XML cannot hold."""
    child = xml.SubElement(element, tag, message=printable(message))
    child.text = "\n".join(map(printable, text.split("\n")))

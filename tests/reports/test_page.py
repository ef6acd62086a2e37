"""The page of a report as text: whole, small, escaped, and the same for the same runs."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from adamax_ref.conformance.cause import Cause, Diagnosis, Nearest, Slip
from adamax_ref.conformance.judge import Status
from adamax_ref.conformance.run import Run
from adamax_ref.conformance.verdict import Grade, Verdict
from adamax_ref.dialects import get
from adamax_ref.exact.compare import Difference, first_difference
from adamax_ref.reports.page import LARGEST, page

VOID = {"meta", "link", "input", "br", "img", "path", "polyline"}


class Reader(HTMLParser):
    """Collects the elements of a page, and fails where one is closed that is not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the last one."""
        if tag not in VOID:
            assert self.open.pop() == tag


def whole(html: str) -> Reader:
    """Read a page or a piece in which everything is closed."""
    read = Reader(html)
    assert read.open == []
    return read


def test_every_element_is_closed_and_every_link_of_the_page_leads_somewhere(html: str) -> None:
    read = whole(html)
    names = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(names) == len(set(names))
    links = {attributes["href"] or "" for tag, attributes in read.elements if tag == "a"}
    assert len(links) > 50
    assert {link.removeprefix("#") for link in links} <= set(names)


def test_nothing_is_fetched_from_outside(html: str) -> None:
    sources = [attributes.get(name) for tag, attributes in Reader(html).elements for name in ("src", "href") if tag != "a"]
    assert {source for source in sources if source} == {"data:,"}
    assert "@import" not in html and "url(" not in html
    assert "default-src 'none'" in html


def test_the_name_of_a_target_is_text_and_never_becomes_markup(html: str) -> None:
    tags = [tag for tag, _ in Reader(html).elements]
    assert tags.count("script") == 1  # the page's own
    assert "img" not in tags
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert not [name for _, attributes in Reader(html).elements for name in attributes if name.startswith("on")]


def test_every_text_that_a_target_or_a_corpus_brings_is_escaped(runs: tuple[Run, ...]) -> None:
    bad = "<b>x</b>"
    run = runs[1]
    hello = replace(run.hello, version=bad, language=bad, device=bad, recipe=bad, declares=(bad,), features=(bad,))
    hello = replace(hello, homepage=bad, issues=bad)
    judged = replace(run.verdict.cases[0], status=Status.ERROR, reason=bad, waiver=bad)
    verdict = replace(run.verdict, grade=Grade.NAMED, recipe=bad, notes=(bad,), cases=(judged,))
    cause = Cause(bad, bad, bad, "certain", (bad,))
    diagnosis = Diagnosis((cause,), Nearest(bad, bad, 1, 2, 3), Slip(bad, 1, bad, 0, bad, bad, bad), bad)
    made = page([replace(run, hello=hello, corpus=bad, dialect=bad, level=bad, verdict=verdict, diagnosis=diagnosis)], title=bad)
    assert bad not in made
    assert made.count("&lt;b&gt;x&lt;/b&gt;") > 20


def test_the_matrix_has_a_row_for_each_target_and_the_verdict_in_words(html: str, runs: tuple[Run, ...]) -> None:
    matrix = html[html.index('<table id="matrix"') : html.index("</table>")]
    assert matrix.count('scope="rowgroup"') == 4
    for words in ("exact", "not conformant", "named"):
        assert re.search(rf'class="status [a-z]+" href="#run-\d">.*?{words}</a>', matrix, flags=re.DOTALL)
    assert f">{runs[2].verdict.recipe}</span>" in matrix


def test_a_failing_run_shows_its_first_difference_in_both_forms_with_what_was_allowed(html: str, runs: tuple[Run, ...]) -> None:
    judged = runs[1].verdict.first
    assert judged is not None and judged.first is not None
    shown = html[html.index(f"<code>{judged.case.id}</code>") :]
    table = shown[: shown.index("</table>")]
    for text in (judged.first.got, judged.first.want, judged.first.lo, judged.first.hi):
        assert f"<code>{text}</code>" in table
    assert re.search(r"<td>-?\d+\.\d+(e-?\d+)?</td>", table)
    assert " ulp</td>" in table


def test_what_a_diagnosis_says_is_said(runs: tuple[Run, ...]) -> None:
    cause = Cause("B16", "u decays with beta1", "max(beta1 * u, |g|)", "certain", ("a", "b"))
    other = replace(cause, bug="B15", strength="probable")
    made = page([replace(runs[1], diagnosis=Diagnosis((cause, other), deciding="expose u"))])
    assert "explains 2 failed cases" in made and "These are not told apart" in made and "What would decide: expose u." in made
    slip = Slip("torch/f32/chain/x", 3, "u", 1, "3f800000", "3f000000", "3f100000")
    made = page([replace(runs[1], diagnosis=Diagnosis(nearest=Nearest("B22", "no epsilon", 1, 9, 1664812), slip=slip))])
    assert "None of the known bugs." in made and "1 of 9 failed cases bit for bit and is 1.66e6 ulp away" in made
    assert "step 3 is the first that is wrong by itself: u[1] is <code>3f800000</code>" in made
    made = page([replace(runs[1], diagnosis=Diagnosis(slip=Slip("torch/f32/chain/x", 0)))])
    assert "every step by itself is right" in made


def test_an_answer_that_cannot_be_read_is_told_without_a_picture(runs: tuple[Run, ...]) -> None:
    failed = next(each for each in runs[1].verdict.cases if each.status == "failed")
    assert failed.answer.steps is not None
    garbage = tuple(replace(each, u="zz") for each in failed.answer.steps)
    waived = replace(
        failed,
        answer=replace(failed.answer, steps=garbage),
        status=Status.WAIVED,
        first=None,
        reason="protocol: zz",
        waiver="known",
    )
    made = page([replace(runs[1], verdict=replace(runs[1].verdict, cases=(waived,)))])
    assert "protocol: zz" in made and "Waived: known" in made and "<svg" not in made


def test_equal_runs_give_equal_pages(runs: tuple[Run, ...], html: str) -> None:
    assert page(runs) == html


def test_a_page_without_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        page([])


def test_sixty_failing_runs_still_make_a_page_below_two_megabytes(runs: tuple[Run, ...]) -> None:
    many = [replace(runs[1], hello=replace(runs[1].hello, name=f"target {number}")) for number in range(60)]
    made = page(many)
    assert len(made.encode()) <= LARGEST
    assert made.count('<th scope="rowgroup"') == 60
    assert "left out to keep the page small" in made
    assert len(page(many[:2])) > 100_000


def test_dialects_that_say_the_same_share_a_row(runs: tuple[Run, ...]) -> None:
    other = [replace(runs[0], dialect=name) for name in ("keras", "torch", "paper")]
    made = page([runs[0], *other, replace(other[0], profile="f64")])
    matrix = made[made.index('<table id="matrix"') : made.index("</table>")]
    assert '<th scope="row">mlx, torch, paper</th>' in matrix
    assert '<th scope="row">keras</th>' in matrix


def test_a_notebook_shows_a_run_with_its_cause_and_first_difference(runs: tuple[Run, ...]) -> None:
    shown = html_of(runs[1])
    whole(shown)
    judged, failed = runs[1].verdict.first, f"failed {runs[1].verdict.counts['failed']}"
    assert judged is not None and judged.first is not None
    for text in ("NOT CONFORMANT", failed, "B16", "u decays with beta1", judged.case.why, judged.first.got, judged.first.want):
        assert text in shown
    assert len(shown) < 5000
    assert failed in html_of(runs[1].verdict) and "B16" not in html_of(runs[1].verdict)
    assert "EXACT" in html_of(runs[0]) and "First difference" not in html_of(runs[0])
    assert "<img" not in html_of(runs[3]) and "&lt;img" in html_of(runs[3])


def html_of(value: Run | Verdict) -> str:
    html = value._repr_html_()
    assert html is not None
    return html


@pytest.mark.parametrize(("package", "shown"), [("testing", True), ("reports", True), ("conformance.run", False)])
def test_verdicts_show_themselves_once_reports_are_imported(package: str, shown: bool) -> None:
    program = f"""
import adamax_ref.{package}
from adamax_ref.conformance.verdict import Grade, Verdict
print(Verdict(Grade.EXACT, (), ())._repr_html_() is not None)"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == str(shown)


def test_a_notebook_shows_a_difference_as_a_table_with_what_its_text_says() -> None:
    difference = first_difference([1.0, 2.0], [1.0, 2.5], "f32", "<m>")
    assert difference is not None
    read, shown = whole(difference._repr_html_()), difference._repr_html_()
    assert [tag for tag, _ in read.elements].count("tr") == 3
    for text in ("&lt;m&gt;[1]: 1 of 2 differ", "40000000", "40200000", "2.5", "2097152 ulp of binary32"):
        assert text in shown
    bounded = Difference("u", (0,), 1.0, 2.0, difference.fmt, lo=1.5, hi=2.5, bound=0.5)
    assert "allowed from" in bounded._repr_html_() and "2 times the bound of 0.5" in bounded._repr_html_()


def test_a_notebook_shows_a_recipe_as_its_formula() -> None:
    dialect = get("torch")
    assert dialect.recipe(dialect.defaults, "f32")._repr_latex_().startswith("$$\\begin{aligned}")

"""The page as a person sees it: opened in a real browser, without network."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from adamax_ref.conformance.run import Run
from adamax_ref.reports.page import LARGEST
from adamax_ref.reports.page import page as page_from


def test_it_opens_without_a_complaint_and_asks_for_nothing_but_itself(page_of: Callable[..., Any], html: str) -> None:
    shown = page_of(html)
    assert shown.complaints == []
    assert len(shown.requests) == 1 and shown.requests[0].startswith("file://")
    assert len(html.encode()) < LARGEST


def test_the_check_of_what_is_asked_for_can_fail(page_of: Callable[..., Any]) -> None:
    shown = page_of('<!doctype html><img src="https://example.org/x.png" alt="x">')
    assert shown.requests[1:] == ["https://example.org/x.png"]
    assert shown.complaints != []


def test_the_matrix_is_there_and_a_verdict_leads_to_its_run(page_of: Callable[..., Any], html: str) -> None:
    page = page_of(html).page
    assert page.locator("#matrix tbody tr").count() == 4
    page.locator("#matrix a.failed").first.click()
    assert page.url.endswith("#run-2")
    assert page.locator("#run-2").bounding_box()["y"] < 50


def test_a_failing_case_opens_and_shows_its_first_difference(page_of: Callable[..., Any], html: str, runs: tuple[Run, ...]) -> None:
    page = page_of(html).page
    case = page.locator("#case-2-1")
    difference = case.locator("table.difference")
    assert not difference.is_visible()
    case.locator("summary").click()
    assert difference.is_visible()
    first = next(each for each in runs[1].verdict.cases if each.status == "failed").first
    assert first is not None
    assert f"got {first.got}" in " ".join(difference.inner_text().split())


def test_a_square_of_the_table_of_categories_opens_its_case(page_of: Callable[..., Any], html: str) -> None:
    page = page_of(html).page
    page.locator('#run-2 a.case[href="#case-2-5"]').click()
    assert page.locator("#case-2-5 table.difference").is_visible()


def test_a_case_is_opened_by_the_keyboard_alone(page_of: Callable[..., Any], html: str) -> None:
    page = page_of(html).page
    page.locator("#case-2-2 summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#case-2-2 table.difference").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_colours_of_the_system_and_the_button_turns_them(
    page_of: Callable[..., Any], html: str, scheme: str
) -> None:
    page = page_of(html, color_scheme=scheme).page
    brightness = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
    bright = page.evaluate(brightness) > 128
    assert bright is (scheme == "light")
    page.locator("#theme").click()
    assert (page.evaluate(brightness) > 128) is not bright
    assert page.locator("#theme").inner_text().lower() == scheme


def test_it_reads_without_script(page_of: Callable[..., Any], html: str) -> None:
    page = page_of(html, java_script_enabled=False).page
    assert page.locator("#matrix").is_visible()
    assert not page.locator("#theme").is_visible()
    page.locator("#case-2-1 summary").click()
    assert page.locator("#case-2-1 table.difference").is_visible()


def test_only_targets_that_depart_can_be_shown(page_of: Callable[..., Any], html: str) -> None:
    page = page_of(html).page
    page.locator("#departs").check()
    assert page.locator("#matrix tbody:visible").count() == 2


def test_a_hostile_name_runs_nothing(page_of: Callable[..., Any], html: str) -> None:
    shown = page_of(html)
    shown.page.on("dialog", lambda dialog: shown.complaints.append(dialog.message))
    shown.page.reload()
    assert shown.complaints == []
    assert "<script>alert(2)</script>" in shown.page.locator("#matrix").inner_text()


def test_a_script_that_is_not_the_pages_own_is_stopped(page_of: Callable[..., Any], html: str) -> None:
    """The second wall: were something not escaped, the page's policy would still hold it."""
    shown = page_of(html.replace("<footer", "<script>document.title = 'taken'</script><footer"))
    assert shown.page.title() == "Adamax conformance"
    assert "Content Security Policy" in " ".join(shown.complaints)


def test_it_fits_a_narrow_window(page_of: Callable[..., Any], html: str) -> None:
    page = page_of(html, viewport={"width": 360, "height": 700}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_by_the_rules_of_axe(
    page_of: Callable[..., Any], runs: tuple[Run, ...], scheme: str, peer: Callable[[str], Any]
) -> None:
    axe = peer("axe_playwright_python.sync_playwright").Axe()
    few = replace(runs[1], verdict=replace(runs[1].verdict, cases=runs[1].verdict.cases[::12]))
    page = page_of(page_from([runs[0], few]), color_scheme=scheme).page
    page.evaluate("document.querySelectorAll('#run-2 details').forEach((each, at) => { each.open = at < 3 })")
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_check_of_accessibility_can_fail(page_of: Callable[..., Any], peer: Callable[[str], Any]) -> None:
    axe = peer("axe_playwright_python.sync_playwright").Axe()
    bad = page_of(
        "<!doctype html><html lang=en><title>x</title><main><h1 style='color: #ccc; background: #fff'>pale</h1></main>"
    ).page
    assert "color-contrast" in axe.run(bad).generate_report()

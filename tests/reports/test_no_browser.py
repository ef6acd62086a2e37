"""Where there is no browser: a skip with a reason on a developer's machine, an error in CI."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"


@pytest.mark.parametrize(("variable", "outcome"), [("", "skipped"), ("1", "errors")])
def test_a_missing_browser_is_never_silent(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, variable: str, outcome: str
) -> None:
    monkeypatch.setenv("PATH", str(pytester.path))
    monkeypatch.setenv("ADAMAX_REF_NO_SKIPS", variable)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makepyfile("def test_page(page_of): page_of('<p>')")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-rsE")
    assert result.parseoutcomes() == {outcome: 1}
    result.stdout.fnmatch_lines(["*chromium is needed: not on the path; chromium-browser is needed*"])

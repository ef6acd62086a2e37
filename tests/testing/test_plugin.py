"""The pytest plugin in the suites of others, each run in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "adamax_ref_pytest", "-p", "no:cacheprovider")


@pytest.fixture
def suite(pytester: pytest.Pytester, examples_file: Path) -> pytest.Pytester:
    """Return an empty suite beside the examples."""
    pytester.makepyfile(mine=examples_file.read_text(encoding="utf-8"))
    return pytester


def test_three_lines_judge_an_optimizer(suite: pytest.Pytester) -> None:
    lines = "from adamax_ref.testing import assert_conforms\nfrom mine import {0}\ndef test_it(): assert_conforms({0})"
    suite.makepyfile(test_right=lines.format("Mine"), test_wrong=lines.format("Forgetful"))
    result = suite.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*verdict NOT CONFORMANT*", "*cause   B16 u decays with beta1*", "*FAILED test_wrong.py::test_it*"]
    )


def test_each_golden_case_is_a_test_of_its_own_and_only_those_of_the_mistake_fail(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from mine import Forgetful, Mine, Secretive

        @pytest.mark.adamax_cases(dialect="torch", profile="f32", category="u-decay")
        @pytest.mark.parametrize("optimizer", [Mine, Forgetful, Secretive], ids=lambda each: each.__name__)
        def test_case(adamax_case, optimizer):
            adamax_case.check(optimizer)
        """
    )
    result = suite.runpytest_subprocess(*PLUGIN, "-rA", "--strict-markers", "-W", "error")
    text = result.stdout.str()
    assert re.search(r"PASSED .*test_case\[torch/f32/u-decay/shrink-two-Mine\]", text)
    assert re.search(r"FAILED .*test_case\[torch/f32/u-decay/shrink-two-Forgetful\]", text)
    assert not re.search(r"FAILED .*-(Mine|Secretive)\]", text)
    assert "why The second gradient is smaller" in text
    assert "golden_case.py" not in text  # where our code raises is nobody's business


def test_what_an_implementation_lacks_is_skipped_with_the_reason(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest
        from mine import Secretive, step

        @pytest.mark.adamax_cases(category="maximize")
        def test_class(adamax_case):
            adamax_case.check(Secretive)

        @pytest.mark.adamax_cases("paper", "f64", category="reject")
        def test_function(adamax_case):
            adamax_case.check(step)
        """
    )
    result = suite.runpytest_subprocess(*PLUGIN, "-rs")
    outcomes = result.parseoutcomes()  # among the cases about refusing are legal neighbours, which pass
    assert "failed" not in outcomes and outcomes["skipped"] > 5
    result.stdout.fnmatch_lines_random(["*mine.Secretive has no maximize*", "*to refuse it is its caller's task*"])


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ('category="nonsense"', "torch f32 has no category 'nonsense'; it has *u-decay*"),
        ('dialect="adam"', "*no core cases for dialect 'adam'*"),
        ("colour=1", "*unexpected keyword argument 'colour'*"),
    ],
)
def test_a_mark_that_asks_for_what_is_not_there_is_refused_in_a_sentence(suite: pytest.Pytester, mark: str, words: str) -> None:
    suite.makepyfile(f"import pytest\n@pytest.mark.adamax_cases({mark})\ndef test_case(adamax_case): pass")
    result = suite.runpytest_subprocess(*PLUGIN)
    assert result.ret != 0
    result.stdout.fnmatch_lines([f"*adamax_cases: {words}"])


def test_once_installed_the_fixture_and_the_mark_are_there_and_explain_themselves(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    pytester.runpytest_subprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.adamax_cases(dialect=*"])
    pytester.runpytest_subprocess("--fixtures").stdout.fnmatch_lines(["adamax_case*", "*Give one golden case for Adamax*"])


def test_a_suite_that_does_not_use_it_loads_nothing_of_ours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            ours = {name.split(".")[0] for name in sys.modules} & {"numpy", "adamax_ref", "jinja2"}
            assert ours == set(), ours
            assert "adamax_ref_pytest" in sys.modules
        """
    )
    pytester.runpytest_subprocess(*PLUGIN).assert_outcomes(passed=1)


def test_the_check_of_what_is_loaded_can_fail() -> None:
    program = "import sys, adamax_ref_pytest, adamax_ref; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "True\n"

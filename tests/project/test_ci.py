"""CI begins with README's two commands word for word, on what a fresh machine has; a test run is spread and shuffled."""

import os
import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Load .ci/readme, which has no ending of Python."""
    loader = SourceFileLoader("ci_readme", str(ROOT / ".ci" / "readme"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_commands_are_those_of_readme_word_for_word(script: ModuleType) -> None:
    first, second = script.commands()
    for command in (first, second):
        assert f"```console\n{command}```" in README
    assert first.startswith("python3 -m venv .venv && ") and "golden generate" in first and "verify" in first
    assert second.startswith(".venv/bin/pip install ") and ".venv/bin/pytest" in second


def test_of_the_environment_nothing_is_passed_on_that_a_fresh_machine_lacks(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "ADAMAX_REF_NO_SKIPS", "NODE_PATH", "XDG_CACHE_HOME", "PYTEST_ADDOPTS", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("PIP_INDEX_URL", "the way to the registry")
    passed = script.environment(tmp_path)
    assert "ours" not in passed.values()
    assert (passed["HOME"], passed["PIP_INDEX_URL"]) == (str(tmp_path), "the way to the registry")
    assert (Path(passed["PATH"].partition(os.pathsep)[0]) / "python3").exists()


def test_what_is_copied_is_what_git_holds(script: ModuleType) -> None:
    names = [".git", ".venv", ".venv-3.12", "golden", "build", "__pycache__", ".pytest_cache", "x.egg-info", "a.so", "README.md"]
    assert script.ignored(str(ROOT), names) == {*names} - {"README.md"}
    inside = script.ignored(str(ROOT / "adamax_ref"), names)
    assert inside == {*names} - {"README.md", "golden", "build"}  # the package has a folder of that name


def test_ci_runs_them_before_anything_is_installed_and_ends_with_the_tests() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[:3] == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', ".ci/readme"]
    assert "python -m pytest " in lines[-1]
    assert "- run: bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_a_whole_run_is_spread_over_workers_and_a_part_is_not(request: pytest.FixtureRequest) -> None:
    sources = request.config.ArgsSource

    def workers(source: object = sources.TESTPATHS, capture: str = "fd", **options: object) -> int:
        option, asked = SimpleNamespace(capture=capture), lambda name, default=None: options.get(name, default)
        config = SimpleNamespace(ArgsSource=sources, args_source=source, option=option, getoption=asked)
        return int(request.config.hook.pytest_xdist_auto_num_workers(config=config))

    assert 1 <= workers() <= 4
    assert workers(sources.ARGS) == workers(keyword="norm") == workers(lf=True) == workers(capture="no") == 0


def test_tests_are_shuffled_and_the_seed_is_in_the_heading(request: pytest.FixtureRequest) -> None:
    if not request.config.pluginmanager.hasplugin("randomly"):
        pytest.skip("pytest-randomly is switched off")
    seed = request.config.getoption("randomly_seed")
    headings = request.config.hook.pytest_report_header(config=request.config, start_path=ROOT, startdir=None)
    assert re.search(rf"--randomly-seed={seed}\b", str(headings))
    assert request.config.getoption("randomly_reset_seed") is False

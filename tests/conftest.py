"""Fixtures that several folders of tests share, and the rule for what is missing.

A framework or a program that is missing is a skip with a reason on a developer's machine and a failure in CI.
"""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, final

import numpy as np
import pytest

from adamax_ref import frameworks
from adamax_ref.backend import backend_for, get_backend
from adamax_ref.exact.compare import first_difference
from adamax_ref.frameworks import Framework
from adamax_ref.optimizer import groups
from adamax_ref.optimizer.state_dict import to_host


def _missing(reason: str) -> NoReturn:
    """Skip with a reason; with ``ADAMAX_REF_NO_SKIPS`` set (CI), fail."""
    if os.environ.get("ADAMAX_REF_NO_SKIPS"):
        pytest.fail(f"{reason}, and here it must be")
    pytest.skip(reason)


def _need(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        _missing(f"{module} is not installed ({error})")


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Hear ^C, here and in what tests start: a shell tells what it runs in the background to ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# What a terminal or a user may have set, and what a command prints or a notebook runs would depend on.
_FORGOTTEN = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "ADAMAX_REF_TIMEOUT")


@pytest.fixture(scope="session", autouse=True)
def settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the settings of this machine's user, here and in what tests start."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _FORGOTTEN:
            patch.delenv(name, raising=False)
        patch.setenv("MPLBACKEND", "agg")
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def peer() -> Callable[[str], ModuleType]:
    """Import a peer by name, or skip with a reason; with ``ADAMAX_REF_NO_SKIPS`` set (CI), fail instead."""
    return _need


def _need_framework(name: str) -> Framework:
    framework = frameworks.get(name)
    if not framework.installed:
        _missing(f"{framework.module} is not installed ({framework.remedy})")
    return framework


@pytest.fixture
def framework() -> Callable[[str], Framework]:
    """Return a framework that is installed, else do as for a peer; it is not loaded here, where others may not bear it."""
    return _need_framework


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Skip with a reason; with ``ADAMAX_REF_NO_SKIPS`` set (CI), fail."""
    return _missing


# The least program of each compiler's language. A compiler is tried with it, any other tool with --version.
_TRIALS = {
    "cc": ("trial.c", "int main(void) { return 0; }"),
    "c++": ("trial.cpp", "#include <cmath>\nint main() { return 0; }"),
    "rustc": ("trial.rs", "fn main() {}"),
}


@cache
def _fault_of(program: str, tool: str) -> str:
    """Return why a program does not work, or an empty text: a stub of rustup or snap is on the path and does nothing."""
    file, source = _TRIALS.get(tool, ("", ""))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, file or "none").write_text(source, encoding="utf-8")
        compiled = [[program, "-o", "trial", file], [f"{folder}/trial"]]
        for command in compiled if source else [[program, "--version"]]:
            try:
                done = subprocess.run(
                    command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                return str(error)
            if done.returncode:
                return (done.stderr or done.stdout).strip() or f"it ends with {done.returncode}"
    return ""


def _need_tool(*names: str) -> str:
    """Return the path of the first of some programs that works.

    Without one, do as for a framework; but in CI skip what CI says that it cannot bring (``ADAMAX_REF_WITHOUT``).
    """
    faults = []
    for name in names:
        program = sys.executable if name == "python3" else shutil.which(name)
        fault = _fault_of(program, names[0]) if program else "not on the path"
        if program and not fault:
            return program
        faults.append(f"{name} is needed: {fault.splitlines()[0]}")
    if set(names) & set(os.environ.get("ADAMAX_REF_WITHOUT", "").split()):
        pytest.skip("; ".join(faults))
    _missing("; ".join(faults))


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Return the path of a program that works here: ``tool("c++", "clang++")`` takes the first of several that does."""
    return _need_tool


_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a headless Chromium for the tests of one file, driven by Playwright.

    It ends with the file, since Playwright keeps an event loop running in which other tests could not start theirs.
    """
    program = _need_tool(*_BROWSERS)  # .ci/chromium DIR puts one into DIR/bin
    with _need("playwright.sync_api").sync_playwright() as playwright:
        # Without its own sandbox, which containers do not allow; it is shown our own pages only.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@final
@dataclass(frozen=True)
class Shown:
    """A page in a browser without network, with everything it asked for and complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def page_of(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Show HTML in the browser: ``page_of(html, color_scheme="dark")``; options are those of a Playwright context."""
    contexts: list[Any] = []

    def shown(html: str, **options: Any) -> Shown:
        file = tmp_path / f"page-{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        contexts.append(browser.new_context(offline=True, **options))
        found = Shown(contexts[-1].new_page())
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.goto(file.as_uri())
        return found

    yield shown
    for context in contexts:
        context.close()


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something in the summary at the end of the run, in whichever process the test runs."""
    return lambda sentence: record_property("told", sentence)


def _same(got: Any, want: Any) -> bool:
    mine, theirs = (to_host(value) if hasattr(value, "shape") else np.asarray(value) for value in (got, want))
    if mine.shape != theirs.shape or mine.dtype.name != theirs.dtype.name:
        return False
    return first_difference(mine, theirs) is None


@pytest.fixture
def engine_of_host_arrays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine of ``--engine`` step host arrays, if one is named; a test file may keep another with ``ENGINE``."""
    name = getattr(request.module, "ENGINE", request.config.getoption("--engine"))
    if name is not None:
        chosen = get_backend(name)
        monkeypatch.setattr(groups, "backend_for", lambda array: chosen if chosen.owns(array) else backend_for(array))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread, unless a test asks for more: what is small is slower on many."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch is not None else 0
    if torch is not None:
        torch.set_num_threads(1)
    yield
    if torch is not None:
        torch.set_num_threads(before)


@pytest.fixture
def same() -> Callable[[Any, Any], bool]:
    """Whether two arrays of any namespaces have the same shape, dtype and bits; any NaN equals any other."""
    return _same


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to tell."""
    reports = terminalreporter.stats.get("passed", [])
    told = [str(value) for report in reports for name, value in report.user_properties if name == "told"]
    if told:
        terminalreporter.section("counted")
        terminalreporter.write("\n".join([*told, ""]))

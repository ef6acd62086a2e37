"""What the tests need and is not here: a program on the path counts only if it does its work."""

from collections.abc import Callable
from pathlib import Path

import pytest

Tool = Callable[..., str]
STUB = "#!/bin/sh\necho 'error: no toolchain is installed' >&2\nexit 1\n"
# It can say its version, but writes no program.
HALF = '#!/bin/sh\n[ "$1" = --version ]\n'
# What it writes ends well.
COMPILER = '#!/bin/sh\nprintf "#!/bin/sh\\n" > "$2" && chmod +x "$2"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the first of the path, on a developer's machine."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("ADAMAX_REF_NO_SKIPS", raising=False)
    monkeypatch.delenv("ADAMAX_REF_WITHOUT", raising=False)
    return tmp_path


def put(folder: Path, name: str, text: str) -> str:
    """Write a program and return its path."""
    (folder / name).write_text(text, encoding="utf-8")
    (folder / name).chmod(0o755)
    return str(folder / name)


@pytest.mark.parametrize("name", ["cc", "c++", "rustc", "node", "chromium"])
def test_a_stub_is_a_skip_that_repeats_its_words(name: str, folder: Path, tool: Tool) -> None:
    put(folder, name, STUB)
    with pytest.raises(pytest.skip.Exception, match=f"{name} is needed: error: no toolchain is installed".replace("+", r"\+")):
        tool(name)


@pytest.mark.parametrize("name", ["cc", "c++", "rustc"])
def test_a_compiler_that_only_says_its_version_is_a_stub(name: str, folder: Path, tool: Tool) -> None:
    put(folder, name, HALF)
    with pytest.raises(pytest.skip.Exception, match="is needed: it ends with 1"):
        tool(name)


def test_what_works_is_taken_and_the_first_that_works_of_several(folder: Path, tool: Tool) -> None:
    compiler, node = put(folder, "rustc", COMPILER), put(folder, "node", HALF)
    put(folder, "chromium", STUB)
    browser = put(folder, "google-chrome", HALF)
    assert (tool("rustc"), tool("node"), tool("chromium", "google-chrome")) == (compiler, node, browser)


def test_a_framework_that_is_not_there_is_a_skip_here_and_a_failure_in_ci(
    peer: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pytest.skip.Exception, match="no_such_framework is not installed"):
        peer("no_such_framework")
    monkeypatch.setenv("ADAMAX_REF_NO_SKIPS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"no_such_framework is not installed .*, and here it must be"):
        peer("no_such_framework")


def test_a_program_that_is_not_there_is_a_skip_here_and_a_failure_in_ci(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pytest.skip.Exception, match="no-such is needed: not on the path"):
        tool("no-such")
    monkeypatch.setenv("ADAMAX_REF_NO_SKIPS", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such is needed: not on the path, and here it must be"):
        tool("no-such")
    monkeypatch.setenv("ADAMAX_REF_WITHOUT", "rustc no-such")
    with pytest.raises(pytest.skip.Exception):
        tool("no-such")

"""docs/judge.md, followed word for word as somebody would who has nothing but a C compiler."""

import doctest
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adamax_ref.conformance.answer import FEATURES, TOKENS
from adamax_ref.conformance.protocol import read_answer, read_hello, request
from adamax_ref.golden.load import open_corpus

PAGE = Path(__file__).parents[2] / "docs" / "judge.md"
TEXT = PAGE.read_text(encoding="utf-8")
PLACE = "write your step in place of this line"


def blocks() -> Iterator[tuple[str, str]]:
    """Yield every block of code with its language."""
    yield from re.findall(r"^```(\w+)\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


class Follower:
    """Somebody who does what the page says, in a shell that stays in the folder it was sent to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.step = ""

    def write(self, code: str) -> None:
        """Put the code where the skeleton says, or where the last one was put."""
        file = self.folder / "adamax.h"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        marked = "".join(line for line in lines if PLACE in line)
        assert (marked or self.step) in file.read_text(encoding="utf-8")
        file.write_text(file.read_text(encoding="utf-8").replace(marked or self.step, code), encoding="utf-8")
        self.step = code

    def run(self, script: str) -> str:
        """Run commands as they stand and return what they print; the last one may be a verdict that is not good."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        shell = ["bash", "-c", f"set -e\n{script}\ntrue", "shell"]
        done = subprocess.run(shell, cwd=self.folder, capture_output=True, text=True, env={**os.environ, "PATH": path})
        assert done.returncode in (0, 1), done.stderr
        for folder in re.findall(r"^cd (\S+)$", script, flags=re.MULTILINE):
            self.folder = self.folder / folder
        return done.stdout


@pytest.mark.slow
def test_a_new_user_of_c_gets_the_verdicts_that_the_page_shows(tmp_path: Path, tool: Callable[..., str]) -> None:
    tool("cc"), tool("bash")
    follower, shown, verdicts = Follower(tmp_path), "", []
    for language, text in blocks():
        if language == "c":
            follower.write(text)
        elif language == "console":
            shown = follower.run(text)
            assert (follower.folder / "adamax.h").exists()
        elif language == "text":
            assert doctest.OutputChecker().check_output(text, shown, doctest.ELLIPSIS), shown
            verdicts += re.findall(r"^verdict ([A-Z ]+?) {2}", shown, flags=re.MULTILINE)
    assert verdicts == ["NOT CONFORMANT", "CERTIFIED", "EXACT", "EXACT"]


def test_the_words_of_the_protocol_are_all_explained() -> None:
    kinds = ("adapter-error", "protocol", "malformed", "wrong-id", "crashed", "timeout", "given-up", "missing")
    for word in (*FEATURES, *TOKENS, *kinds):
        assert f"`{word}`" in TEXT, word


def test_the_conversation_on_the_page_is_one_that_the_judge_would_have() -> None:
    hello, run = (text for language, text in blocks() if language == "json")
    answer_to_hello = hello.partition("\n")[2]
    asked, _, answered = run.partition('\n{"id": ')
    assert read_hello(answer_to_hello.encode()).name == "mylib"
    (case,) = (case for case in open_corpus().cases("torch", "f32") if case.id == "torch/f32/u-decay/shrink-two")
    assert json.loads(asked) == request(case, "torch")
    steps = read_answer(('{"id": ' + answered).encode(), case.id).steps or ()
    assert [(each.theta, each.u) for each in steps] == [(each.theta.bits, each.u.bits) for each in case.expect or ()]

"""The adapters that the package carries: each is built, judged exact, short, and leaves a skeleton that speaks at once."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adamax_ref.adapters import LANGUAGES, example, skeleton, write
from adamax_ref.cli import main
from adamax_ref.conformance.judge import judge
from adamax_ref.conformance.protocol import request
from adamax_ref.conformance.run import run
from adamax_ref.conformance.targets.program import PipeTarget
from adamax_ref.golden.load import open_corpus

MOST_LINES = 91
PROFILES = [(name, profile) for name in LANGUAGES for profile in ("f32", "f64")]
# JavaScript has no fused multiply-add; in double precision its adapter does without, as PyTorch on some processors.
NAMED = {("javascript", "f64"): "NAMED torch/unfused"}
PLATFORM = "NAMED torch power=platform"  # where this machine's pow is not correctly rounded


Tool = Callable[..., str]


def command(tool: Tool, name: str, folder: Path, profile: str = "f32", *flags: str) -> list[str]:
    """Build the program in a folder and return the command that runs it."""
    language = LANGUAGES[name]
    if language.build:
        compiler, *rest = language.build
        double = language.double if profile == "f64" else ()
        subprocess.run([tool(compiler), *flags, *double, *rest], cwd=folder, check=True, timeout=300)
    first, *rest = language.run
    return [str(folder / first) if language.build else tool(first), *(str(folder / each) for each in rest)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tool: Tool) -> Callable[[str, str], list[str]]:
    """Build an example once, and return the command that runs it."""

    @cache
    def build(name: str, profile: str) -> list[str]:
        folder = tmp_path_factory.mktemp(name)
        write(example(name), folder)
        return command(tool, name, folder, profile)

    return build


@pytest.mark.parametrize(("name", "profile"), PROFILES)
def test_the_example_conforms_to_torch_in_every_bit(name: str, profile: str, built: Callable[[str, str], list[str]]) -> None:
    with PipeTarget(built(name, profile)) as target:
        verdict = run(target, open_corpus(), "torch", profile).verdict
        assert target.hello.language == {"cpp": "c++"}.get(name, name)
    assert verdict.text in (NAMED.get((name, profile), "EXACT"), PLATFORM), verdict.first
    assert verdict.counts["untested"] == verdict.counts["skipped"] == 0


def rewritten(value: Any) -> Any:
    """Return the same JSON with the keys of objects in another order, and fields that nobody knows before and behind."""
    if isinstance(value, dict):
        turned = {key: rewritten(value[key]) for key in reversed(value)}
        return {"a": 'x "lr": {"f64": \\', "b": {"t": [1, {"grad": "}]"}]}, **turned, "c": None}
    return [rewritten(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", LANGUAGES)
def test_an_adapter_reads_any_json_that_says_the_same(name: str, built: Callable[[str, str], list[str]]) -> None:
    cases = [case for case in open_corpus().cases("torch", "f32") if case.category in ("skip", "lr", "shape", "zero")]
    questions = [request(case, "torch") for case in cases]
    plain = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in questions)
    odd = "".join(json.dumps(rewritten(each), separators=(" ,\t", " : ")) + " \r\n" for each in questions)
    answers = [
        subprocess.run(built(name, "f32"), input=text, capture_output=True, text=True, check=True).stdout for text in (plain, odd)
    ]
    assert answers[0].count('"steps"') == len(cases) > 10
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_skeleton_builds_and_says_hello_and_its_empty_step_does_not_conform(name: str, tmp_path: Path, tool: Tool) -> None:
    write(skeleton(name), tmp_path)
    strict = {"c": ("-Wall", "-Wextra", "-Werror", "-std=c11", "-pedantic"), "cpp": ("-Wall", "-Wextra", "-Werror", "-pedantic")}
    with PipeTarget(command(tool, name, tmp_path, "f32", *strict.get(name, ()))) as target:
        assert target.hello.name == "my adamax"
        simple = [case for case in open_corpus().cases("torch", "f32") if case.category in ("first", "reject") and not case.needs]
        found = Counter(judge(case, target.run(case), target.hello).status for case in simple)
    assert found.keys() == {"failed", "refused-ok"}
    assert min(found.values()) > 3


@pytest.mark.parametrize("name", LANGUAGES)
def test_an_adapter_is_short_beyond_its_own_adamax(name: str) -> None:
    source = example(name)[LANGUAGES[name].adapter].decode()
    assert 40 < sum(map(counts, source.splitlines())) <= MOST_LINES


def counts(line: str) -> bool:
    """Tell whether a line is neither blank nor a comment nor a closing bracket alone."""
    return not re.fullmatch(r"\s*((/\*|\*|//|#(?!include|define)).*|[\]})]*[;,]?)", line)


def test_the_count_of_lines_tells_code_from_the_rest() -> None:
    assert [counts(line) for line in ("", "  // x", " * x", "}", "};", "# x")] == [False] * 6
    assert [counts(line) for line in ("#include <math.h>", "return;", "} else {", "f(x)")] == [True] * 4


@pytest.mark.parametrize("name", LANGUAGES)
def test_new_adapter_writes_a_skeleton_and_tells_the_commands(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "my adapter"
    result = CliRunner().invoke(main, ["new-adapter", name, str(folder)])
    assert result.exit_code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == skeleton(name)
    assert f"cd '{folder}'" in result.output
    assert " ".join(LANGUAGES[name].build) in result.output
    assert f"adamax-ref verify --dialect torch -- {' '.join(LANGUAGES[name].run)}" in result.output


def test_new_adapter_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "adamax.h").write_text("mine", encoding="utf-8")
    result = CliRunner().invoke(main, ["new-adapter", "c", str(tmp_path)])
    assert result.exit_code == 2
    assert "adamax.h is there already and is not overwritten" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["adamax.h"]
    assert (tmp_path / "adamax.h").read_text(encoding="utf-8") == "mine"


def test_new_adapter_follows_no_link_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "adapter.c").symlink_to(tmp_path / "outside")
    result = CliRunner().invoke(main, ["new-adapter", "c", str(tmp_path / "new")])
    assert result.exit_code == 2
    assert not (tmp_path / "outside").exists()


def test_an_unknown_language_is_refused_with_those_there_are(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["new-adapter", "cobol", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert "javascript" in result.output
    assert not (tmp_path / "x").exists()

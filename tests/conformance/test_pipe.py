"""A program as target on the command line: verdicts and exit codes, transcripts and their replay, bounded memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adamax_ref.adapters import example, write
from adamax_ref.cli import main
from adamax_ref.conformance.protocol import HELLO, LONGEST_LINE, line, request
from adamax_ref.conformance.targets import open_target
from adamax_ref.conformance.targets.program import TIMEOUT, PipeTarget
from adamax_ref.golden.load import open_corpus

HERE = Path(__file__).parent
ADAPTERS = files("adamax_ref").joinpath("adapters")
PLAIN = ("--dialect", "torch", "--profile", "f32")


def program(mode: str, folder: Path, when: int = 20) -> list[str]:
    """Return the command of a program that misbehaves from some case on."""
    adapter = str(ADAPTERS.joinpath("python"))
    return [sys.executable, str(HERE / "misbehaving.py"), adapter, mode, str(when), str(folder / "processes")]


def adamax_ref(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def c_adapter(tmp_path: Path, tool: Callable[..., str]) -> str:
    """Build the example in C, as a user does."""
    write(example("c"), tmp_path / "c")
    command = [tool("cc"), "-O2", "-ffp-contract=off", "-o", "adapter", "adapter.c", "-lm"]
    subprocess.run(command, cwd=tmp_path / "c", check=True)
    return str(tmp_path / "c" / "adapter")


def test_a_program_is_named_behind_two_dashes_or_as_a_pipe(c_adapter: str) -> None:
    behind = adamax_ref("verify", *PLAIN, "--", c_adapter)
    assert behind.exit_code == 0
    assert "verdict EXACT" in behind.output
    assert adamax_ref("verify", *PLAIN, f"pipe:{c_adapter}").output == behind.output


def test_what_stands_behind_the_dashes_is_the_programs_own(tmp_path: Path) -> None:
    result = adamax_ref(
        "verify", *PLAIN, "--", sys.executable, "-c", "import sys; sys.exit(sys.argv[1:] != ['--json', '--'])", "--json", "--"
    )
    assert result.exit_code == 3
    assert "hello failed, crashed: it ended with status 0 before it answered" in result.output


def test_identify_takes_a_program_too(c_adapter: str) -> None:
    result = adamax_ref("identify", "--no-confirm", "--", c_adapter)
    assert result.exit_code == 0
    assert "  the same as far as the answers go: torch\n" in result.output


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/no/such/program"], "'/no/such/program' cannot be started (No such file or directory); build it first"),
        ([sys.executable, "-c", ""], "crashed: it ended with status 0 before it answered"),
        ([sys.executable, "-c", "raise SystemExit('no GPU')"], "status 1 before it answered; standard error ends: no GPU"),
        ([sys.executable, "-c", "print('hello')"], "malformed: hello: not JSON"),
        ([sys.executable, "-c", "import sys; sys.stderr.write('no GPU\\n'); print('{}')"], "it wrote to standard error: no GPU"),
        ([sys.executable, "-c", "print('{}')"], "protocol: hello.axp is None; this is version 1"),
        ([sys.executable, "-c", "print('{\"axp\": true}')"], "protocol: hello.axp is True"),
        ([sys.executable, "-c", "print('{\"axp\": 1}')"], "protocol: hello: field 'name' is missing"),
    ],
)
def test_a_program_that_cannot_be_run_is_exit_code_3(command: list[str], words: str) -> None:
    result = adamax_ref("verify", "--", *command)
    assert result.exit_code == 3
    assert words in result.output


def test_no_command_behind_the_dashes_is_wrong_usage() -> None:
    for arguments in (["verify", "--"], ["verify", "pipe:"], ["verify", "pipe:'"]):
        assert adamax_ref(*arguments).exit_code == 2


@pytest.mark.parametrize("text", ["0", "-1", "soon", "nan", "inf"])
def test_a_time_limit_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIMEOUT, text)
    result = adamax_ref("verify", "--", "cat")
    assert result.exit_code == 2
    assert f"{TIMEOUT} is {text!r}; set it to a number of seconds" in result.output


def test_a_hello_that_never_comes_ends_the_run_after_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TIMEOUT, "0.5")
    result = adamax_ref("verify", "--", "sleep", "1000")
    assert result.exit_code == 3
    assert "hello failed, timeout: no answer within 0.5 s" in result.output


def test_a_program_that_describes_itself_otherwise_after_a_crash_is_given_up(tmp_path: Path) -> None:
    hello = {"axp": 1, "name": "x", "version": "VERSION", "language": "c", "dialects": [], "profiles": ["f32"]}
    hello |= {"features": [], "declares": [], "exposes": ["theta"]}
    source = f"import os, sys; input(); print({json.dumps(hello)!r}.replace('VERSION', str(os.getpid())), flush=True); input()"
    with PipeTarget([sys.executable, "-c", source]) as target:
        answers = [target.run(case).error for case in open_corpus().cases("torch", "f32")[:3]]
    assert [each and each[0] for each in answers] == ["crashed", "given-up", "given-up"]
    assert "says another hello" in str(answers[1])


@pytest.mark.parametrize("mode", ["good", "crash", "extra-field", "garbage"])
def test_a_transcript_is_replayed_to_the_same_report_without_the_program(mode: str, tmp_path: Path) -> None:
    transcript, first, second = (tmp_path / name for name in ("transcript", "first", "second"))
    command = program(mode, tmp_path, 60)
    live = adamax_ref("verify", *PLAIN, "--transcript", transcript, "--json", first, "--", *command)
    again = adamax_ref("verify", *PLAIN, "--json", second, f"answers:{transcript}")
    assert live.exit_code == again.exit_code == (0 if mode == "good" else 1)
    assert [each for each in statuses(first) if each[1] == "error"] != [] or mode == "good"
    assert statuses(first) == statuses(second)


def statuses(report: Path) -> list[tuple[str, str, str]]:
    """Return id, status and error of every case of a report."""
    lines = [json.loads(text) for text in report.read_text(encoding="utf-8").splitlines()]
    return [(each["id"], each["status"], str(each.get("error"))) for each in lines if each["kind"] == "case"]


def test_a_transcript_of_a_program_that_was_given_up_says_so_too(tmp_path: Path) -> None:
    transcript = tmp_path / "transcript"
    live = adamax_ref("verify", *PLAIN, "--transcript", transcript, "--", *program("exit", tmp_path, 2))
    again = adamax_ref("verify", *PLAIN, f"answers:{transcript}")
    assert live.exit_code == again.exit_code == 3
    assert "verdict COULD NOT RUN" in live.output
    assert live.output.splitlines()[:2] == again.output.splitlines()[:2]


def test_a_transcript_does_not_answer_a_case_that_has_changed(tmp_path: Path) -> None:
    transcript = tmp_path / "transcript"
    adamax_ref("verify", *PLAIN, "--transcript", transcript, "--", *program("good", tmp_path))
    case = open_corpus().cases("torch", "f32")[0]
    lines = [json.loads(text) for text in transcript.read_text(encoding="utf-8").splitlines()]
    for each in lines:
        if each.get("id") == case.id:
            each["sent"] = line({**request(case, "torch"), "report": []}).decode().strip()
    transcript.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    error = open_target(f"answers:{transcript}").run(case).error
    assert error == ("missing", "the transcript answers another question under this id")


def test_only_a_program_has_a_transcript(tmp_path: Path) -> None:
    result = adamax_ref("verify", *PLAIN, "--transcript", tmp_path / "t", "backend:numpy")
    assert result.exit_code == 2
    assert "only a program (-- COMMAND ARGS...) has a transcript" in result.output
    assert not (tmp_path / "t").exists()


def test_a_transcript_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    result = adamax_ref("verify", *PLAIN, "--transcript", tmp_path / "no" / "t", "--", "cat")
    assert result.exit_code == 2
    assert "cannot be written (No such file or directory); choose another file" in result.output


def test_the_questions_piped_into_a_program_give_a_file_of_answers_with_the_same_verdict(c_adapter: str, tmp_path: Path) -> None:
    questions = adamax_ref("golden", "questions", *PLAIN)
    assert questions.exit_code == 0
    assert json.loads(questions.stdout.splitlines()[0]) == HELLO
    for secret in ("expect", "bits", "bound", "kills", "why"):
        assert f'"{secret}"' not in questions.stdout
    with (tmp_path / "answers").open("w", encoding="utf-8") as answers:
        subprocess.run([c_adapter], input=questions.stdout, stdout=answers, text=True, check=True)
    result = adamax_ref("verify", *PLAIN, f"answers:{tmp_path / 'answers'}")
    assert result.exit_code == 0
    assert "verdict EXACT" in result.output


MEASURE = """
import resource, sys
from adamax_ref.conformance.targets.program import PipeTarget
from adamax_ref.golden.load import open_corpus
case, *_ = (case for case in open_corpus().cases("torch", "f32") if case.category == "first")
target = PipeTarget(sys.argv[1:])
target.hello
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
error = target.run(case).error
target.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in kilobytes on Linux only")
@pytest.mark.parametrize("mode", ["long-line", "endless-line", "many-values", "nested", "large-number", "complaints"])
def test_a_flood_takes_no_more_memory_than_two_of_the_longest_lines(mode: str, tmp_path: Path) -> None:
    """A line is kept once while it is read and once more when it is whole; more values than are parsed never are."""
    command = [sys.executable, "-c", MEASURE, *program(mode, tmp_path, 1)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, TIMEOUT: "60"})
    kilobytes, _, error = done.stdout.partition(" ")
    assert int(kilobytes) <= 2 * LONGEST_LINE // 1024
    assert ("malformed" in error) is (mode != "complaints")


JUDGE = """
import os, sys
from adamax_ref.reports.terminal import lines
from adamax_ref.conformance.run import run
from adamax_ref.conformance.targets.program import PipeTarget
from adamax_ref.golden.load import open_corpus
with PipeTarget(sys.argv[1:]) as target:
    target.hello
    print(list(lines(run(target, open_corpus(), "torch", "f32")))[1].split("  ")[0])
    spent = os.times()
    print(f"{spent.user + spent.system:.2f}")
"""


def test_a_process_of_its_own_judges_a_program_in_c(c_adapter: str, tell: Callable[[str], None]) -> None:
    done = subprocess.run([sys.executable, "-c", JUDGE, c_adapter], capture_output=True, text=True, check=True)
    verdict, seconds = done.stdout.splitlines()
    assert verdict == "verdict EXACT"
    tell(f"a program in C judged on torch f32 in {seconds} s of processor time, the start of Python included")

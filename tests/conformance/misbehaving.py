"""A program under test that does one thing wrong: ``misbehaving.py FOLDER MODE WHEN LOG``.

It answers like the adapter in FOLDER, until it is asked for case number WHEN since it was started; then it does what
MODE says. It writes the number of its process to the file LOG, so that a test can see what became of it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from typing import Any

FOLDER, MODE, WHEN, LOG = sys.argv[1:5]
sys.path.insert(0, FOLDER)

answered = import_module("adapter").answered


def rest() -> object:
    """Do nothing for longer than anybody waits."""
    time.sleep(1000)
    return None


def say(text: str, end: str = "\n") -> object:
    """Write a line at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()
    return None


def flood(stream: Any, size: int) -> object:
    """Write so many megabytes without a line feed."""
    for _ in range(size):
        stream.write(b"x" * (1 << 20))
    stream.flush()
    return None


def leave_a_child() -> None:
    """Exit, and leave a child that holds the pipes open."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    log(child.pid)
    os._exit(0)


def log(pid: int) -> None:
    """Write down a process."""
    with open(LOG, "a", encoding="ascii") as file:
        file.write(f"{pid}\n")


def without_newline(text: str) -> None:
    """Write and end."""
    say(text, "")
    sys.exit()


def close_output() -> None:
    """Live on without a standard output."""
    os.close(1)
    rest()


def close_input() -> object:
    """Read no more."""
    os.close(0)
    return None


def decimal(good: dict[str, Any]) -> dict[str, Any]:
    """Write numbers where patterns are due."""
    return {**good, "steps": [{**step, "theta": [1.0]} for step in good["steps"]]}


def pattern(good: dict[str, Any], text: str) -> dict[str, Any]:
    """Write something else as parameter."""
    return {**good, "steps": [{**step, "theta": text} for step in good["steps"]]}


def misbehave(good: dict[str, Any], before: str) -> None:
    """Do the one thing."""
    text = json.dumps(good)
    actions: dict[str, Any] = {
        "hang": rest,
        "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
        "exit": lambda: sys.exit(3 if sys.stderr.write("out of \x1b[31mluck\n") else 0),
        "garbage": lambda: say("Segmentation fault (core dumped) \x00\x1b[2J"),
        "bytes": lambda: os.write(1, b"\xff\xfe\x00\n"),
        "half-line": lambda: without_newline(text[: len(text) // 2]),
        "half-line-and-hang": lambda: (say(text[: len(text) // 2], ""), rest()),
        "long-line": lambda: (flood(sys.stdout.buffer, 100), say("")),
        "endless-line": lambda: flood(sys.stdout.buffer, 1 << 20),
        "wrong-id": lambda: say(json.dumps({**good, "id": "torch/f32/other/case"})),
        "no-id": lambda: say(json.dumps({"steps": good["steps"]})),
        "out-of-order": lambda: say(before),
        "doubled": lambda: (say(text), say(text)),
        "extra-field": lambda: say(json.dumps({**good, "elapsed": 3})),
        "extension": lambda: say(json.dumps({**good, "x-elapsed": 3})),
        "numbers": lambda: say(json.dumps(decimal(good))),
        "upper-case": lambda: say(json.dumps(pattern(good, good["steps"][0]["theta"].upper().replace("0", "F")))),
        "nan": lambda: say(json.dumps(pattern(good, "nan"))),
        "too-few": lambda: say(json.dumps(pattern(good, ""))),
        "lacks-u": lambda: say(text.replace('"u"', '"x-u"')),
        "lacks-steps": lambda: say(json.dumps({**good, "steps": []})),
        "two-answers": lambda: say(json.dumps({**good, "refused": {"message": "no"}})),
        "no-answer": lambda: say(json.dumps({"id": good["id"]})),
        "blank-reason": lambda: say(json.dumps({"id": good["id"], "skipped": {"reason": "  "}})),
        "adapter-error": lambda: say(json.dumps({"id": good["id"], "error": {"message": "index out of range"}})),
        "skips": lambda: say(json.dumps({"id": good["id"], "skipped": {"reason": "not yet", "issue": "#12"}})),
        "nested": lambda: say("[" * 1_000_000),
        "many-values": lambda: say("[" + "[]," * 2_000_000 + "[]]"),
        "large-number": lambda: say(text.replace('"step": 1', '"step": ' + "9" * 1_000_000)),
        "repeated-key": lambda: say('{"id": "x", ' + text[1:]),
        "not-an-object": lambda: say("[]"),
        "nothing": lambda: say(""),
        "surrogate": lambda: say('{"id": "\\ud800"}'),
        "complaints": lambda: (flood(sys.stderr.buffer, 50), say(text)),
        "carriage-return": lambda: say(text, "\r\n"),
        "leaves-a-child": leave_a_child,
        "closes-output": close_output,
        "closes-input": lambda: (say(text), close_input(), rest()),
        "good": lambda: say(text),
    }
    actions[MODE]()


def main() -> None:
    """Answer until it is time."""
    log(os.getpid())
    asked, before = 0, ""
    for line in sys.stdin:
        question = json.loads(line)
        asked += question["cmd"] == "run"
        good = answered(question)
        if asked == int(WHEN):
            misbehave(good, before)
        else:
            say(json.dumps(good))
        before = json.dumps(good)


main()

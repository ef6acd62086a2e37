"""One reader under a coverage-guided fuzzer: ``harness.py READER FOLDER OPTIONS...``, the options being libFuzzer's.

A reader may refuse what it is given with its own error, in words that are printable and of bounded length. Anything else
ends the process: another exception, a file opened outside FOLDER or for writing, a program started, code compiled.
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["adamax_ref.golden", "adamax_ref.conformance"]):
    from adamax_ref.conformance.answer import Hello
    from adamax_ref.conformance.protocol import Fault, answer_to, printable, read_answer, read_hello
    from adamax_ref.conformance.targets.answers import target as answers
    from adamax_ref.dialects import names
    from adamax_ref.golden.codec import CorpusError
    from adamax_ref.golden.corpus import MANIFEST
    from adamax_ref.golden.load import check_case, open_corpus, vector_file

READER, FOLDER = sys.argv[1], Path(sys.argv[2])
LONGEST = 2000
FORBIDDEN = ("compile", "exec", "import", "os.exec", "os.posix_spawn", "os.remove", "os.rename", "os.system", "subprocess.Popen")
PLACES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1 << 60,
    0.5,
    "",
    "..",
    "../../../etc/passwd",
    "B00-B9999",
    "B00-B9999 " * 100,
    "\ud800\x1b[2J",
    [],
    {},
    [[]] * 3,
)

CASE = next(case for case in open_corpus().cases("torch", "f32") if case.category == "first")
names()  # reads the entry points of the environment, once
HELLO = Hello("fuzzed", "1", "c", ("torch",), ("f32",))


def vectors(data: bytes) -> None:
    """Read a vector file as the loader does once the hash has been checked."""
    for case in vector_file(data, "file").cases:
        check_case(case, "file")


def manifest(data: bytes) -> None:
    """Open a corpus with this manifest and read every file that it names."""
    corpus = open_corpus(FOLDER)
    for entry in corpus.manifest.files[:20]:
        corpus.file(entry)


def protocol(data: bytes) -> None:
    """Read the line as an answer to a case, and as one to hello."""
    try:
        read_answer(data, CASE.id)
        answer_to(CASE, data, HELLO)
    finally:
        read_hello(data)


def file_of_answers(data: bytes) -> None:
    """Open the file as a target and ask it for a case."""
    answers(str(FOLDER / "answers")).run(CASE)


@atheris.instrument_func  # type: ignore[untyped-decorator]
def planted(data: bytes) -> None:
    """Open a file for one answer in four thousand millions, to which only coverage leads: what the fuzzer must find."""
    if data[:1] == b"o" and data[1:2] == b"p" and data[2:3] == b"e" and data[3:4] == b"n":
        open("/etc/hostname").close()


READERS: dict[str, tuple[Callable[[bytes], None], str | None]] = {
    "vectors": (vectors, None),
    "manifest": (manifest, MANIFEST),
    "protocol": (protocol, None),
    "answers": (file_of_answers, "answers"),
    "planted": (planted, None),
}


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """End the process when a reader does what no reader may do."""
    if not WATCHING or event not in ("open", *FORBIDDEN):
        return
    if event == "open" and str(arguments[0]).startswith(str(FOLDER)) and str(arguments[1]) in ("r", "rb"):
        return
    raise AssertionError(f"a reader did {event} {arguments!r}")


WATCHING: list[bool] = []


def once(data: bytes) -> None:
    """Give a reader some bytes, in the file it reads if it reads one."""
    read, name = READERS[READER]
    if name is not None:
        (FOLDER / name).write_bytes(data)
    WATCHING.append(True)
    try:
        read(data)
    except (CorpusError, Fault, ValueError) as error:
        words = str(error)
        assert type(error) in (CorpusError, Fault, ValueError), repr(error)
        assert len(words) <= LONGEST, words
        assert words == printable(words) or len(words) > 1000, words
    finally:
        WATCHING.clear()


def mutate(data: bytes, most: int, seed: int) -> bytes:
    """Change one place of a document, or, where that is not JSON, some bytes."""
    chance = random.Random(seed)
    try:
        document = json.loads(data)
        place, key = chance.choice(list(places(document)))
    except (ValueError, IndexError, RecursionError):
        return bytes(atheris.Mutate(data, most))
    if chance.random() < 0.3:
        return bytes(atheris.Mutate(data, most))
    if isinstance(place, dict) and chance.random() < 0.3:
        place.pop(key)
    else:
        place[key] = chance.choice([*PLACES, place[key], [place[key]] * 2])
    return json.dumps(document).encode()[:most]


def places(value: Any) -> Any:
    """Yield every container of a document with every key or index of it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


printable("\x1b")  # loads the codec, which would be an import later
sys.addaudithook(watch)
atheris.Setup([sys.argv[0], *sys.argv[3:]], once, custom_mutator=mutate)
atheris.Fuzz()

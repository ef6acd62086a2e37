"""Rehearse ``proof.py`` without a GPU, so that no line of it is new on a device: ``python tests/gpu/rehearse.py RECORD``.

Both engines run with all of their own host code on the kernels that their compilers make; the kernels are executed by the
PTX interpreter of ``tests/backends_cuda/ptx``. Sizes are small. Tensors of torch lie on the host, and ``torch.compile`` leaves a
step as it is. Times mean nothing here. Prints the lines of ``proof.py``, ``speed.py`` and ``settle.py`` that were not run.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

HERE = Path(__file__).parent
PROGRAMS = ("proof", "speed", "settle")
PLUGIN = "tests.gpu.rehearsal.install"
ONE_KERNEL_EACH = "test_random_bit_patterns_have_the_bits_of_numpy_in_every_recipe[cupy]"
"""Left out: tests/backends_cuda/test_ptx_cupy.py executes every kernel on more numbers."""
DIALECTS = 2
"""Of the core corpus; the tests of ``tests/backends_cuda`` judge all of it."""
SMALL = (("1 x 70000", [70_000], 1, 1), ("100 x 10", [10] * 100, 1, 1), ("1 x 10", [10], 1, 2))


def lines_of(code: CodeType) -> set[int]:
    """Return the lines of a function, and of all functions in it, that have instructions."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    own = {line for _, _, line in code.co_lines() if line and line != code.co_firstlineno}
    return own.union(*map(lines_of, inner))


class Lines:
    """Notes which lines of some files run."""

    def __init__(self, files: list[Path]) -> None:
        self.files = {str(file): set[int]() for file in files}

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        """Follow what belongs to the files."""
        seen = self.files.get(frame.f_code.co_filename)
        if seen is None:
            return None
        seen.add(frame.f_lineno)
        return self

    def missing(self) -> list[str]:
        """Return the lines inside functions that did not run, as text."""
        found = []
        for file, seen in self.files.items():
            text = Path(file).read_text(encoding="utf-8")
            functions = [each for each in compile(text, file, "exec").co_consts if isinstance(each, CodeType)]
            lines = set[int]().union(*map(lines_of, functions)) - seen
            found += [f"{Path(file).name}: {text.splitlines()[line - 1].strip()}" for line in sorted(lines)]
        return found


@contextmanager
def torch_on_the_host() -> Iterator[None]:
    """Let torch take the host for its CUDA device."""
    import torch
    from torch.overrides import TorchFunctionMode

    class OnTheHost(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
            given = tuple("cpu" if isinstance(each, str) and each == "cuda" else each for each in given)
            named = {key: "cpu" if key == "device" and value == "cuda" else value for key, value in (named or {}).items()}
            return function(*given, **named)

    replaced: tuple[tuple[Any, str, Any], ...] = (
        (torch, "compile", lambda step: step),
        (torch.cuda, "is_available", lambda: True),
        (importlib.import_module("torch.optim.adamax"), "_get_capturable_supported_devices", lambda *given, **named: ["cpu"]),
    )
    before = [getattr(owner, name) for owner, name, _ in replaced]
    for owner, name, value in replaced:
        assert hasattr(owner, name)
        setattr(owner, name, value)
    try:
        with OnTheHost():
            yield
    finally:
        for (owner, name, _), value in zip(replaced, before, strict=True):
            setattr(owner, name, value)


def main(arguments: list[str]) -> int:
    """Run the proof, and print what it did not run."""
    sys.path.insert(0, str(HERE.parents[1]))
    importlib.import_module(PLUGIN).install()
    programs: list[Any] = [importlib.import_module(f"tests.gpu.{name}") for name in PROGRAMS]
    proof, speed, settle = programs
    proof.TESTS_LIMIT = proof.LIMIT = 1800.0  # an interpreter is slower than a device
    speed.SIZES, speed.ELEMENTS, settle.STEPS, settle.SIZE = SMALL, 20_003, 3, 257
    judge: Any = importlib.import_module("adamax_ref.conformance.run")
    pairs = judge.pairs
    judge.pairs = lambda *given: pairs(*given)[:DIALECTS]
    node = f"{HERE.relative_to(HERE.parents[1])}/test_device.py::{ONE_KERNEL_EACH}"
    os.environ["PYTEST_PLUGINS"] = PLUGIN
    os.environ["PYTEST_ADDOPTS"] = f"--deselect {node} -n0"
    lines = Lines([HERE / f"{name}.py" for name in PROGRAMS])
    with torch_on_the_host():
        sys.settrace(lines)
        try:
            code: int = proof.main(arguments)
        finally:
            sys.settrace(None)
    print(json.dumps({"not run": lines.missing()}, indent=2))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

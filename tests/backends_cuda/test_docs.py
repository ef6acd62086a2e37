"""What docs/cuda.md and docs/cuda-kernels.md say is executed, or held against a run."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from adamax_ref.backend import why_unavailable
from adamax_ref.dialects import get
from adamax_ref_cuda.assembler import assemble
from adamax_ref_cuda.geometry import CHUNK
from adamax_ref_cupy.source import PROLOGUE, kernel_source

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "cuda.md").read_text(encoding="utf-8")
TABLE = (DOCS / "cuda-kernels.md").read_text(encoding="utf-8")


def run(block: str) -> str:
    """Execute an example and return what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block, "docs/cuda.md", "exec"), {})
    return printed.getvalue()


def test_the_examples_run() -> None:
    faults, engines = (run(block) for block in reversed(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)))
    assert faults == "fma.rn.ftz.f32 flushes subnormals\n"
    words = {name: "can" if why_unavailable(name) is None else "cannot" for name in ("cupy", "numba-cuda")}
    assert engines == "".join(f"{name}: {word} run here\n" for name, word in words.items())


def test_what_the_page_names_exists() -> None:
    for path in re.findall(r"`(tests/[\w/.]+)`", PAGE):
        assert (DOCS.parent / path).exists(), path
    assert f"{CHUNK} elements" in PAGE


def rows() -> dict[tuple[str, str], list[int]]:
    """Return the numbers of the table by dialect and profile."""
    cells = [line.strip("| \n").split(" | ") for line in TABLE.splitlines() if re.match(r"\| [a-z].* \| (f|bf)\d+ ", line)]
    return {(name, row[1]): [int(cell) for cell in row[2:]] for row in cells for name in row[0].split(", ")}


def test_the_table_has_no_spill_and_wide_accesses_everywhere() -> None:
    assert len(rows()) > 90
    for operations, _, _, spilled, wide, _, numba_spilled, numba_wide in rows().values():
        assert operations and (spilled, numba_spilled) == (0, 0) and wide == 7 and numba_wide >= 7


def test_every_row_is_a_recipe_that_there_is() -> None:
    for (name, profile), (count, *_) in rows().items():
        operations = get(name).recipe(get(name).defaults, profile).operations
        assert count == sum(operation.name in ("add", "sub", "mul", "div", "fma") for operation in operations), (name, profile)


@pytest.mark.parametrize("profile", ["f64", "f32", "f16", "bf16"])
def test_the_registers_in_the_table_are_those_of_this_compiler(nvrtc: Any, ptxas: str, profile: str) -> None:
    from adamax_ref_cupy.compiler import nvrtc_version

    written = re.search(r"NVRTC (\d+)\.(\d+)", TABLE)
    assert written is not None
    if nvrtc_version() != tuple(map(int, written.groups())):
        assert rows()[("torch", profile)][2] > 0  # another compiler may use other registers; the audit still holds
        return
    recipe = get("torch").recipe(get("torch").defaults, profile)
    (usage,) = assemble(nvrtc(PROLOGUE + kernel_source(recipe), "sm_90", "ptx").decode(), "sm_90", ptxas)
    assert usage.registers == rows()[("torch", profile)][2]

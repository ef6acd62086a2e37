"""The assembler's word on a kernel: whether ptxas accepts the PTX, and what the kernel costs in registers."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import final

from adamax_ref.backend import BackendUnavailable

REMEDY = "pip install nvidia-cuda-nvcc"


@final
@dataclass(frozen=True)
class Usage:
    """Report of ptxas on one kernel.

    Attributes
    ----------
    kernel, arch : str
        Name of the kernel; the machine it was assembled for, such as ``"sm_90"``.
    registers : int
        Of a thread.
    spilled : int
        Bytes stored to and loaded from memory for want of registers.
    stack : int
        Bytes of the stack frame.
    """

    kernel: str
    arch: str
    registers: int
    spilled: int
    stack: int


def find_ptxas() -> str:
    """Return the path of ptxas: the one that was installed with pip, else the one on the path.

    Raises
    ------
    BackendUnavailable
        When there is none; the message says what to install.
    """
    try:
        from cuda.pathfinder import find_nvidia_binary_utility
    except ImportError:
        found = None
    else:
        found = find_nvidia_binary_utility("ptxas")
    found = found or shutil.which("ptxas")
    if not found:
        raise BackendUnavailable(f"ptxas, the assembler of PTX, was not found; {REMEDY}")
    return str(found)


def assemble(ptx: str, arch: str, ptxas: str | None = None) -> list[Usage]:
    """Assemble PTX and return what each kernel uses, in the order of the report.

    Parameters
    ----------
    ptx : str
        One or more kernels.
    arch : str
        ``"sm_90"`` and the like.
    ptxas : str, optional
        Path of the assembler; :func:`find_ptxas` when left out.

    Raises
    ------
    ValueError
        When ptxas refuses the text; the message holds its words.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "kernel.ptx")
        source.write_text(ptx, encoding="utf-8")
        command = [ptxas or find_ptxas(), f"-arch={arch}", "-v", str(source), "-o", str(source.with_suffix(".cubin"))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"ptxas refused the kernel for {arch}: {(done.stderr or done.stdout).strip()}")
    return read_report(done.stderr + done.stdout)


def read_report(text: str) -> list[Usage]:
    r"""Read what ``ptxas -v`` writes.

    Examples
    --------
    >>> read_report('''Compiling entry function 'k' for 'sm_90'
    ... Function properties for k
    ...     8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
    ... Used 40 registers, used 0 barriers''')
    [Usage(kernel='k', arch='sm_90', registers=40, spilled=16, stack=8)]
    """
    usages = []
    for block in re.split(r"Compiling entry function ", text)[1:]:
        name = re.match(r"'([^']+)' for '([^']+)'", block)
        properties = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", block)
        used = re.search(r"Used (\d+) registers", block)
        if not (name and properties and used):
            raise ValueError(f"this report of ptxas cannot be read: {block[:200]!r}")
        stack, stores, loads = map(int, properties.groups())
        usages.append(Usage(name[1], name[2], int(used[1]), stores + loads, stack))
    return usages

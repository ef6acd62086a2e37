"""PTX as text, read into kernels, basic blocks and instructions.

Only what NVRTC and Numba-CUDA write for this project's kernels is known. Anything else is an error that names it: an
interpreter that skips what it does not know proves nothing.
"""

import re
from dataclasses import dataclass
from typing import NoReturn, final

REGISTER_TYPES: dict[str, str] = {
    "pred": "?",
    "b16": "u2",
    "b32": "u4",
    "b64": "u8",
    "f32": "f4",
    "f64": "f8",
}
"""NumPy's letter for what a register of each declared type holds."""

_KERNEL = re.compile(r"\.visible \.entry ([\w$]+)\((.*?)\)(.*?)\{\n(.*?)\n\}", re.DOTALL)
_PARAMETER = re.compile(r"\.param \.u64 ([\w$]+)")
_REGISTERS = re.compile(r"\.reg \.(\w+)\s+(%\w+?)<(\d+)>")
_LABEL = re.compile(r"(\$?[A-Za-z_][\w$]*):")
_INSTRUCTION = re.compile(r"(?:@(!?)(%\w+)\s+)?([a-z][a-z0-9_]*(?:\.[\w:]+)*)(?:\s+(.*))?", re.DOTALL)
_OPERAND = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[^,\s][^,]*")
_HARMLESS = re.compile(r"\.(version \d|target sm_\d+$|address_size 64$|common \.global \.align \d+ \.u64 \w+$)")
_REGISTER = re.compile(r"%[a-z]+\d+")
_MOST_THREADS = re.compile(r"\.maxntid (\d+), 1, 1")


class PtxError(Exception):
    """A text that is no PTX that the interpreter knows, or a kernel that does what it must not."""


@final
@dataclass(frozen=True)
class Instruction:
    """One statement.

    Attributes
    ----------
    opcode : str
        With all modifiers.
    operands : tuple of str
        As written; a vector in braces, an address in brackets.
    guard : str or None
        Predicate register that decides whether it is done.
    negated : bool
        Whether the predicate must be false.
    line : int
        In the text, from 1.
    text : str
        As written.
    """

    opcode: str
    operands: tuple[str, ...]
    guard: str | None
    negated: bool
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@final
@dataclass(frozen=True)
class Block:
    """Instructions that are done one after another: a jump leads to the first, and only the last can jump."""

    label: str | None
    instructions: tuple[Instruction, ...]


@final
@dataclass(frozen=True)
class Kernel:
    """A kernel as text.

    Attributes
    ----------
    name : str
        As the driver finds it.
    parameters : tuple of str
        Names of its 64-bit parameters.
    registers : dict
        For each prefix, such as ``%rd``, the letter of what it holds and the number of registers.
    blocks : tuple of Block
        In the order of the text.
    shared : frozenset of str
        Registers that carry a value from one block to another, or to the same block when it runs again.
    most_threads : int or None
        The most threads of a block that it was compiled for.
    """

    name: str
    parameters: tuple[str, ...]
    registers: dict[str, tuple[str, int]]
    blocks: tuple[Block, ...]
    shared: frozenset[str]
    most_threads: int | None


def parse(ptx: str) -> dict[str, Kernel]:
    """Read PTX.

    Returns
    -------
    dict of str to Kernel
        Every kernel by its name.

    Raises
    ------
    PtxError
        For a directive or a form of statement that is not known; the message has the line.
    """
    text = re.sub(r"//[^\n]*", "", ptx)
    kernels, end = {}, 0
    for match in _KERNEL.finditer(text):
        _require_harmless(text, end, match.start())
        end = match.end()
        kernels[match[1]] = _kernel(text, match)
    _require_harmless(text, end, len(text))
    return kernels


def _require_harmless(text: str, start: int, end: int) -> None:
    """Refuse what stands between kernels, unless it cannot change what they do."""
    for offset, line in _lines(text[start:end]):
        if line and not _HARMLESS.match(line.rstrip(";")):
            _refuse("directive", line, _line_of(text, start) + offset)


def _kernel(text: str, match: re.Match[str]) -> Kernel:
    name, parameters, directives, body = match.groups()
    stated = _MOST_THREADS.fullmatch(directives.strip())
    if directives.strip() and not stated:
        _refuse("directive", directives.strip(), _line_of(text, match.start(3)))
    registers, items = _statements(body, _line_of(text, match.start(4)))
    most = int(stated[1]) if stated else None
    blocks = _blocks(items)
    return Kernel(name, tuple(_PARAMETER.findall(parameters)), registers, blocks, _shared(blocks), most)


def _statements(body: str, first: int) -> tuple[dict[str, tuple[str, int]], list[Instruction | str]]:
    """Return declared registers, and instructions and labels in order."""
    registers: dict[str, tuple[str, int]] = {}
    items: list[Instruction | str] = []
    for offset, line in _lines(body):
        for statement in filter(None, map(str.strip, line.split(";"))):
            declared, label = _REGISTERS.fullmatch(statement), _LABEL.fullmatch(statement)
            if declared and declared[1] in REGISTER_TYPES:
                registers[declared[2]] = REGISTER_TYPES[declared[1]], int(declared[3])
            elif label:
                items.append(label[1])
            elif not statement.startswith(".pragma"):
                items.append(_instruction(statement, first + offset))
    return registers, items


def _instruction(statement: str, line: int) -> Instruction:
    match = _INSTRUCTION.fullmatch(statement)
    if match is None:
        _refuse("statement", statement, line)
    negated, guard, opcode, rest = match.groups()
    operands = tuple(each.strip() for each in _OPERAND.findall(rest or ""))
    return Instruction(opcode, operands, guard, negated == "!", line, " ".join(statement.split()))


def _blocks(items: list[Instruction | str]) -> tuple[Block, ...]:
    """Cut at labels and behind jumps."""
    blocks, label, run = list[Block](), None, list[Instruction]()

    def close(next_label: str | None) -> None:
        nonlocal label, run
        if run or label:
            blocks.append(Block(label, tuple(run)))
        label, run = next_label, []

    for item in items:
        if isinstance(item, str):
            close(item)
            continue
        run.append(item)
        if item.opcode.split(".")[0] in ("bra", "ret"):
            close(None)
    close(None)
    return tuple(blocks)


def _shared(blocks: tuple[Block, ...]) -> frozenset[str]:
    """Return the registers that some block reads before it sets them."""
    shared = set[str]()
    for block in blocks:
        known = set[str]()
        for each in block.instructions:
            stores = each.opcode.split(".")[0] in ("st", "bra", "ret")
            written = set() if stores else set(_REGISTER.findall(each.operands[0]))
            sources = each.operands if stores else each.operands[1:]
            read = {name for operand in (*sources, each.guard or "") for name in _REGISTER.findall(operand)}
            shared |= read - known
            known |= written
    return frozenset(shared)


def _lines(text: str) -> list[tuple[int, str]]:
    return [(offset, line.strip()) for offset, line in enumerate(text.split("\n"))]


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _refuse(kind: str, text: str, line: int) -> NoReturn:
    raise PtxError(f"line {line}: the {kind} {' '.join(text.split())!r} is not known to the interpreter")

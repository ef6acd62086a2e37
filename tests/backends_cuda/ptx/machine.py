"""The interpreter: all threads of a launch at once, one array for each register.

Threads diverge and meet again by their program counters: of all blocks of instructions that some thread has reached,
the first of the text runs next, for exactly the threads that have reached it. For structured code that is the order in
which a device would join them; no result may depend on it, since the memory refuses every race.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .instructions import MEMORY, TABLE, Array
from .memory import AccessError, Memory
from .parser import Instruction, Kernel, PtxError

Watch = Callable[[Instruction, Array, Sequence[Array], Array], None]
"""Gets an instruction of the table, the threads that did it, its operands, and its result."""

SPECIAL = {"%tid.x", "%ntid.x", "%ctaid.x", "%nctaid.x"}


@final
@dataclass(frozen=True)
class Launch:
    """How often and on what a kernel is run.

    Attributes
    ----------
    blocks, threads : int
        Of the grid, of a block; in one dimension.
    arguments : sequence of int
        The kernel's 64-bit parameters.
    """

    blocks: int
    threads: int
    arguments: Sequence[int]


@final
class Machine:
    """Runs kernels on a memory.

    Parameters
    ----------
    memory : Memory
        Everything that a kernel may reach.
    watch : callable, optional
        Sees every instruction of the table.

    Attributes
    ----------
    instructions : int
        How many instructions threads have done.
    """

    def __init__(self, memory: Memory, watch: Watch | None = None) -> None:
        self.memory, self.watch = memory, watch
        self.instructions = 0

    def run(self, kernel: Kernel, launch: Launch) -> None:
        """Run all threads to their end.

        Raises
        ------
        PtxError
            For an instruction that is not known, a register that was not set, and every access that the memory
            refuses; the message has the kernel, the instruction and the thread.
        """
        if kernel.most_threads is not None and launch.threads > kernel.most_threads:
            raise PtxError(f"{kernel.name} takes at most {kernel.most_threads} threads a block, not {launch.threads}")
        if len(launch.arguments) != len(kernel.parameters):
            raise PtxError(f"{kernel.name} has {len(kernel.parameters)} parameters, not {len(launch.arguments)}")
        with np.errstate(all="ignore"):
            try:
                _Run(self, kernel, launch).to_the_end()
            finally:
                self.memory.end_launch()


@final
class _Run:
    """One launch."""

    def __init__(self, machine: Machine, kernel: Kernel, launch: Launch) -> None:
        self.machine, self.kernel, self.launch = machine, kernel, launch
        self.count = launch.blocks * launch.threads
        self.places = {block.label: at for at, block in enumerate(kernel.blocks) if block.label}
        self.counters = np.zeros(self.count, np.int32)
        self.values: dict[str, Array] = {}
        self.written: dict[str, Array] = {}
        self.here: dict[str, Array] = {}
        self.active: Array = np.arange(self.count)

    def to_the_end(self) -> None:
        end = len(self.kernel.blocks)
        while (at := int(self.counters.min(initial=end))) < end:
            self.active = np.flatnonzero(self.counters == at)
            self.here = {}
            self.counters[self.active] = at + 1
            for instruction in self.kernel.blocks[at].instructions:
                self.machine.instructions += len(self.active)
                try:
                    self.step(instruction)
                except AccessError as error:
                    raise PtxError(f"{self.where(instruction)}: {self.who(error.at)}: {error}") from error
                except (ZeroDivisionError, PtxError) as error:
                    raise PtxError(f"{self.where(instruction)}: {error}") from error
            self.keep()

    def step(self, instruction: Instruction) -> None:
        """Do one instruction for all active threads."""
        opcode, operands = instruction.opcode, instruction.operands
        if opcode in ("bra", "bra.uni", "ret"):
            self.jump(instruction)
        elif instruction.guard:
            raise PtxError("a predicate on anything but a jump is not known to the interpreter")
        elif opcode in MEMORY:
            self.access(instruction, *MEMORY[opcode])
        elif opcode == "ld.param.u64":
            self.set(operands[0], self.parameter(operands[1]))
        elif opcode in ("mov.b32", "mov.b64") and "{" in operands[0] + operands[1]:
            self.repack(operands[0], operands[1], int(opcode[-2:]) // 8)
        elif opcode in TABLE:
            function, takes, gives = TABLE[opcode]
            if len(operands) != len(takes) + 1:
                raise PtxError(f"{len(takes)} operands are known to the interpreter")
            values = [self.get(operand, letter) for operand, letter in zip(operands[1:], takes, strict=True)]
            result = function(*values).astype(gives, copy=False)
            self.set(operands[0], result)
            if self.machine.watch is not None:
                self.machine.watch(instruction, self.active, values, result)
        else:
            raise PtxError(f"the instruction {opcode} is not known to the interpreter")

    def jump(self, instruction: Instruction) -> None:
        """Send threads on: those whose predicate holds to the label, the others to the next block."""
        end = instruction.opcode == "ret"
        if not end and instruction.operands[0] not in self.places:
            raise PtxError(f"there is no label {instruction.operands[0]}")
        place = len(self.kernel.blocks) if end else self.places[instruction.operands[0]]
        if instruction.guard is None:
            self.counters[self.active] = place
            return
        taken = self.get(instruction.guard, "?") != instruction.negated
        self.counters[self.active[taken]] = place

    def access(self, instruction: Instruction, word: str, letter: str, count: int) -> None:
        """Load or store one or more values; a register may be wider than a value, which is then extended or cut."""
        registers, address = instruction.operands if word == "ld" else instruction.operands[::-1]
        names = [name.strip() for name in registers.strip("{}").split(",")]
        if len(names) != count:
            raise PtxError(f"{count} registers are needed")
        base, _, offset = address.strip("[]").partition("+")
        addresses = self.get(base, "u8") + np.uint64(int(offset or 0) % (1 << 64))
        threads = (self.active + 1).astype(np.int32)
        if word == "st":
            wide = [self.get(name, self.wider(name, letter)) for name in names]
            self.machine.memory.store(addresses, np.stack(wide, axis=1).astype(letter), threads)
            return
        values = self.machine.memory.load(addresses, int(letter[1]), count, threads).view(letter)
        for at, name in enumerate(names):
            self.set(name, values[:, at].astype(self.wider(name, letter)))

    def wider(self, register: str, letter: str) -> str:
        """Return the letter of an integer as wide as a register, if that is wider than it was."""
        size = np.dtype(self.letter(register)).itemsize
        return f"{letter[0]}{max(size, int(letter[1]))}"

    def repack(self, to: str, source: str, width: int) -> None:
        """Cut a register into two halves, or put it together; the low half comes first."""
        half = f"u{width // 2}"
        if to.startswith("{"):
            halves = self.get(source, f"u{width}").view(half).reshape(-1, 2)
            for at, name in enumerate(to.strip("{}").split(",")):
                self.set(name.strip(), halves[:, at].copy())
            return
        parts = [self.get(name.strip(), half) for name in source.strip("{}").split(",")]
        self.set(to, np.stack(parts, axis=1).view(f"u{width}")[:, 0])

    def parameter(self, operand: str) -> Array:
        name = operand.strip("[]")
        if name not in self.kernel.parameters:
            raise PtxError(f"there is no parameter {name}")
        return self.full(self.launch.arguments[self.kernel.parameters.index(name)], "u8")

    def full(self, value: int, letter: str) -> Array:
        return np.full(len(self.active), value, letter)

    def get(self, operand: str, letter: str) -> Array:
        """Return the value of an operand for each active thread, as what the instruction takes it for."""
        if operand in SPECIAL:
            return self.special(operand)
        if not operand.startswith("%"):
            return self.immediate(operand, letter)
        if operand not in self.here:
            self.here[operand] = self.fetch(operand)
        return _as(self.here[operand], letter)

    def fetch(self, register: str) -> Array:
        """Return what an earlier block left in a register."""
        if register not in self.values or not self.written[register][self.active].all():
            raise PtxError(f"the register {register} has no value in some thread")
        value: Array = self.values[register][self.active]
        return value

    def set(self, register: str, value: Array) -> None:
        """Put a value into a register of the active threads."""
        declared = self.letter(register)
        if value.ndim == 0:
            value = np.full(len(self.active), value)
        self.here[register] = _as(value, declared)

    def keep(self) -> None:
        """Leave to later blocks what this one has set."""
        for register in self.here.keys() & self.kernel.shared:
            value = self.here[register]
            if register not in self.values:
                self.values[register] = np.empty(self.count, value.dtype)
                self.written[register] = np.zeros(self.count, bool)
            self.values[register][self.active] = value
            self.written[register][self.active] = True

    def letter(self, register: str) -> str:
        prefix = register.rstrip("0123456789")
        letter, number = self.kernel.registers.get(prefix, ("", 0))
        if not letter or int(register[len(prefix) :] or number) >= number:
            raise PtxError(f"the register {register} is not declared")
        return letter

    def special(self, register: str) -> Array:
        block, thread = np.divmod(self.active, self.launch.threads)
        values = {"%tid.x": thread, "%ctaid.x": block}
        if register in values:
            return values[register].astype(np.uint32)
        return self.full(self.launch.threads if register == "%ntid.x" else self.launch.blocks, "u4")

    def immediate(self, text: str, letter: str) -> Array:
        """Return a constant of the text."""
        if text[:2] in ("0f", "0d"):
            bits = np.array(int(text[2:], 16), f"u{len(text) // 2 - 1}")
            return _as(bits, letter)
        if not text.lstrip("-").isdecimal():
            raise PtxError(f"the operand {text} is not known to the interpreter")
        size = 8 * np.dtype(letter).itemsize
        if letter == "?":
            return np.array(int(text) != 0)
        return np.array(int(text) % (1 << size), f"u{size // 8}").view(letter)

    def where(self, instruction: Instruction) -> str:
        return f"{self.kernel.name}, {instruction}"

    def who(self, at: int) -> str:
        block, thread = divmod(int(self.active[at]), self.launch.threads)
        return f"block {block}, thread {thread}"


def _as(value: Array, letter: str) -> Array:
    """Take the bits of a register for another type; a wider register is read at its low end, as ``cvt`` may do."""
    wanted = np.dtype(letter)
    if value.dtype == wanted:
        return value
    if value.dtype.itemsize != wanted.itemsize or "?" in (letter, value.dtype.char):
        raise PtxError(f"an operand of {8 * value.dtype.itemsize} bits stands where {8 * wanted.itemsize} are needed")
    return value.view(wanted)

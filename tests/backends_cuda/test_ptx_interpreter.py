"""The PTX interpreter itself: each instruction against exact arithmetic, each check of memory against a kernel that fails it."""

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backends_cuda.ptx.instructions import MEMORY, TABLE
from tests.backends_cuda.ptx.machine import Launch, Machine
from tests.backends_cuda.ptx.memory import Memory
from tests.backends_cuda.ptx.parser import PtxError, parse

Array = np.ndarray[Any, Any]
FORMATS = {"f2": (11, -14, 15), "bf": (8, -126, 127), "f4": (24, -126, 127), "f8": (53, -1022, 1023)}
"""Digits, least and largest exponent."""
EXAMPLES = settings(max_examples=60, deadline=None)
HEAD = """.version 9.5
.target sm_90
.address_size 64
.visible .entry k(.param .u64 k_param_0, .param .u64 k_param_1)
{
.reg .pred %p<9>;
.reg .b16 %rs<9>;
.reg .b32 %r<9>;
.reg .f32 %f<9>;
.reg .b64 %rd<9>;
.reg .f64 %fd<9>;
"""
REGISTERS = {"?": "%p", "u2": "%rs", "u4": "%r", "f4": "%f", "u8": "%rd", "f8": "%fd"}


def bits_of(letter: str) -> str:
    return letter if letter in REGISTERS else f"u{letter[1:]}"


def kernel(body: str) -> Any:
    return parse(f"{HEAD}{body}\n}}\n")["k"]


def executed(opcode: str, *operands: Array) -> Array:
    """Let each thread do one instruction on one number of each operand, from memory and back to it."""
    operation, count = TABLE[opcode], len(operands[0])
    memory = Memory(1 << 16)
    size = max(1, np.dtype(operation.gives).itemsize)
    out = memory.allocate(2 * count if operation.gives == "?" else size * count)
    out = out.view("u2" if operation.gives == "?" else operation.gives)
    memory.grant(out, initial=False)
    addresses = memory.place(np.array([memory.place(each.copy()).ctypes.data for each in operands], np.uint64))
    lines, names = ["ld.param.u64 %rd1, [k_param_0];", "mov.u32 %r1, %tid.x;"], []
    for at, (array, letter) in enumerate(zip(operands, operation.takes, strict=True)):
        register, width = f"{REGISTERS[bits_of(letter)]}{at + 4}", array.itemsize
        lines += [
            f"ld.global.u64 %rd2, [%rd1+{8 * at}];",
            f"mul.wide.u32 %rd3, %r1, {width};",
            "add.s64 %rd2, %rd2, %rd3;",
            f"ld.global.u{8 * width} {register}, [%rd2];",
        ]
        names.append(register)
    result, wide = f"{REGISTERS[bits_of(operation.gives)]}8", out.itemsize
    lines += [f"{opcode} {result}, {', '.join(names)};"]
    if operation.gives == "?":
        lines += [f"selp.b32 %r2, 1, 0, {result};", "cvt.u16.u32 %rs8, %r2;"]
        result = "%rs8"
    lines += [
        "ld.param.u64 %rd1, [k_param_1];",
        f"mul.wide.u32 %rd3, %r1, {wide};",
        "add.s64 %rd2, %rd1, %rd3;",
        f"st.global.u{8 * wide} [%rd2], {result};",
        "ret;",
    ]
    Machine(memory).run(kernel("\n".join(lines)), Launch(1, count, (addresses.ctypes.data, out.ctypes.data)))
    return out.copy()


def nearest(exact: Fraction, form: str) -> float:
    """Round a rational that is not zero to the nearest number of a format, ties to even."""
    digits, least, most = FORMATS[form]
    exponent = max(_exponent(abs(exact)), least) - digits + 1
    steps = round(exact / Fraction(2) ** exponent)  # Python rounds ties to even
    size = abs(steps) * Fraction(2) ** exponent
    sign = -1.0 if exact < 0 else 1.0
    return sign * (math.inf if size >= Fraction(2) ** (most + 1) else float(size))


def _exponent(size: Fraction) -> int:
    guess = size.numerator.bit_length() - size.denominator.bit_length()
    return guess if Fraction(2) ** guess <= size else guess - 1


def floats(letter: str) -> st.SearchStrategy[float]:
    """Yield numbers of a format: all bit patterns, and those near ends and middles."""
    width, kind = 8 * np.dtype(letter).itemsize, np.dtype(letter)
    patterns = st.integers(0, 2**width - 1).map(lambda bits: float(np.array(bits, f"u{width // 8}").view(kind)))
    ordinary = st.floats(width=32) if letter == "f4" else st.floats()
    return st.one_of(patterns, ordinary, st.sampled_from([0.0, -0.0, 1.0, math.inf, -math.inf, math.nan]))


def agree(got: Array, want: list[float]) -> None:
    """Compare value by value: signs of zeros count, any NaN equals any other."""
    with np.errstate(invalid="ignore"):  # a signalling NaN is cast
        numbers = got.astype(np.float64).tolist()
    for mine, theirs in zip(numbers, want, strict=True):
        assert math.isnan(mine) == math.isnan(theirs), (mine, theirs)
        assert math.isnan(mine) or (mine, math.copysign(1, mine)) == (theirs, math.copysign(1, theirs))


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "fma": lambda a, b, c: a * b + c,
}


def exactly(word: str, operands: tuple[float, ...], form: str) -> float:
    """Return an operation with a single rounding, by rational arithmetic where there is any."""
    if not all(map(math.isfinite, operands)) or (word == "div" and operands[1] == 0):
        return _special(word, operands)
    exact = ARITHMETIC[word](*map(Fraction, operands))
    return nearest(exact, form) if exact else _special(word, operands)


def _special(word: str, operands: tuple[float, ...]) -> float:
    """Return what IEEE 754 says of zeros, infinities and NaN; finite factors of an fma cannot overflow beside one."""
    if word == "fma" and all(map(math.isfinite, operands[:2])) and not math.isfinite(operands[2]):
        return operands[2]
    with np.errstate(all="ignore"):
        return float(ARITHMETIC[word](*map(np.float64, operands)))


@pytest.mark.parametrize(("word", "letter"), [*product(ARITHMETIC, ("f4", "f8"))])
def test_arithmetic_is_rounded_once_to_nearest_even(word: str, letter: str) -> None:
    operands = 3 if word == "fma" else 2

    @EXAMPLES
    @given(st.lists(st.tuples(*[floats(letter)] * operands), min_size=1, max_size=8))
    def check(rows: list[tuple[float, ...]]) -> None:
        columns = [np.array(column, letter) for column in zip(*rows, strict=True)]
        got = executed(f"{word}.rn.f{8 * int(letter[1])}", *columns)
        agree(got, [exactly(word, row, letter) for row in zip(*(column.tolist() for column in columns), strict=True)])

    check()


@pytest.mark.parametrize("word", ARITHMETIC)
def test_ftz_makes_zeros_of_subnormal_operands_and_results(word: str) -> None:
    small = st.integers(0, 2**25).map(lambda bits: float(np.array(bits, np.uint32).view(np.float32)))
    number = st.one_of(small, small.map(operator.neg), floats("f4"))

    def flushed(x: float) -> float:
        return math.copysign(0.0, x) if abs(x) < 2.0**-126 else x

    @EXAMPLES
    @given(st.lists(st.tuples(*[number] * (3 if word == "fma" else 2)), min_size=1, max_size=8))
    def check(rows: list[tuple[float, ...]]) -> None:
        columns = [np.array(column, np.float32) for column in zip(*rows, strict=True)]
        got = executed(f"{word}.rn.ftz.f32", *columns)
        agree(
            got,
            [flushed(exactly(word, tuple(map(flushed, row)), "f4")) for row in zip(*map(np.ndarray.tolist, columns), strict=True)],
        )

    check()
    tiny = np.array([1e-40], np.float32)
    one = np.ones(1, np.float32)
    assert executed("mul.rn.f32", tiny, one)[0] != 0 and executed("mul.rn.ftz.f32", tiny, one)[0] == 0


@pytest.mark.parametrize(("opcode", "form"), [("cvt.rn.f16.f32", "f2"), ("cvt.rn.bf16.f32", "bf")])
def test_narrowing_rounds_once_to_nearest_even(opcode: str, form: str) -> None:
    middle = st.integers(0, 2**16 - 1).map(lambda high: float(np.array(high << 16 | 0x8000, np.uint32).view(np.float32)))

    @EXAMPLES
    @given(st.lists(st.one_of(floats("f4"), middle), min_size=1, max_size=8))
    def check(numbers: list[float]) -> None:
        given_ = np.array(numbers, np.float32)
        got = executed(opcode, given_)
        wide = executed(f"cvt.f32.{opcode.split('.')[2]}", got)
        want = [x if not math.isfinite(x) or x == 0 else nearest(Fraction(x), form) for x in given_.tolist()]
        agree(wide, want)
        assert all(bits == 0x7FFF for bits, x in zip(got.tolist(), want, strict=True) if math.isnan(x))

    check()


def test_widening_is_exact_for_every_16_bit_number() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for start in range(0, 1 << 16, 1 << 10):
        bits = np.arange(start, start + (1 << 10), dtype=np.uint16)
        agree(executed("cvt.f32.f16", bits), bits.view(np.float16).astype(np.float64).tolist())
        with np.errstate(invalid="ignore"):
            agree(executed("cvt.f32.bf16", bits), bits.view(ml_dtypes.bfloat16).astype(np.float64).tolist())


COMPARED: dict[str, Callable[[float, float], bool]] = {
    "eq": operator.eq,
    "ne": lambda a, b: a < b or a > b,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "num": lambda a, b: a == a and b == b,
    "nan": lambda a, b: a != a or b != b,
}


@pytest.mark.parametrize(("word", "letter"), [*product(COMPARED, ("f4", "f8"))])
def test_comparisons_are_false_beside_nan_and_true_when_unordered(word: str, letter: str) -> None:
    values = np.array([0.0, -0.0, 1.0, -1.0, 1e-40, math.inf, -math.inf, math.nan], letter)
    a, b = (grid.ravel() for grid in np.meshgrid(values, values))
    name = f"f{8 * a.itemsize}"
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    assert executed(f"setp.{word}.{name}", a, b).tolist() == [COMPARED[word](*pair) for pair in pairs]
    if word not in ("num", "nan"):
        unordered = [COMPARED[word](x, y) or x != x or y != y for x, y in pairs]
        assert executed(f"setp.{word}u.{name}", a, b).tolist() == unordered


@pytest.mark.parametrize("word", ["max", "min"])
def test_a_maximum_drops_nan_unless_it_is_told_not_to(word: str) -> None:
    values = np.array([0.0, -0.0, 2.0, -2.0, math.inf, -math.inf, math.nan], np.float32)
    a, b = (grid.ravel() for grid in np.meshgrid(values, values))
    plain, strict = executed(f"{word}.f32", a, b), executed(f"{word}.NaN.f32", a, b)
    key = {"max": max, "min": min}[word]
    for x, y, got, kept in zip(a.tolist(), b.tolist(), plain.tolist(), strict.tolist(), strict=True):
        numbers = [each for each in (x, y) if each == each]
        want = key(numbers, key=lambda each: (each, math.copysign(1, each))) if numbers else math.nan
        agree(np.array([got]), [want])
        agree(np.array([kept]), [want if len(numbers) == 2 else math.nan])


@pytest.mark.parametrize("letter", ["f4", "f8"])
def test_signs_are_changed_without_rounding(letter: str) -> None:
    values = np.array([0.0, -0.0, 1e-42, -3.5, math.inf, -math.inf, math.nan], letter)
    name = f"f{8 * values.itemsize}"
    agree(executed(f"abs.{name}", values), np.abs(values).tolist())
    agree(executed(f"neg.{name}", values), (-values).tolist())


def whole(value: int, width: int, signed: bool) -> int:
    """Return what is left of an integer in so many bits."""
    value %= 1 << width
    return value - (1 << width) if signed and value >> (width - 1) else value


INTEGER: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul.lo": operator.mul,
    "min": min,
    "max": max,
    "div": lambda a, b: int(Fraction(a, b)),
    "rem": lambda a, b: a - b * int(Fraction(a, b)),
}


@pytest.mark.parametrize(("word", "width", "signed"), [*product(INTEGER, (32, 64), (False, True))])
def test_integers_have_exact_widths(word: str, width: int, signed: bool) -> None:
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if signed else (0, (1 << width) - 1)
    number = st.one_of(st.integers(low, high), st.sampled_from([low, high, 0, 1, 7]))
    divisor = number.filter(bool) if word in ("div", "rem") else number

    @EXAMPLES
    @given(st.lists(st.tuples(number, divisor), min_size=1, max_size=8))
    def check(pairs: list[tuple[int, int]]) -> None:
        a, b = (np.array(column, f"{'i' if signed else 'u'}{width // 8}") for column in zip(*pairs, strict=True))
        got = executed(f"{word}.{'s' if signed else 'u'}{width}", a, b)
        assert got.tolist() == [whole(INTEGER[word](x, y), width, signed) for x, y in pairs]

    check()


@EXAMPLES
@given(st.integers(0, 2**64 - 1), st.integers(0, 80))
def test_shifts_beyond_the_width_leave_zeros_or_signs(bits: int, distance: int) -> None:
    x, by = np.array([bits], np.uint64), np.array([distance], np.uint32)
    assert int(executed("shl.b64", x, by)[0]) == (bits << distance) % (1 << 64)
    assert int(executed("shr.u64", x, by)[0]) == bits >> distance
    assert int(executed("shr.s64", x.view(np.int64), by)[0]) == whole(bits, 64, True) >> distance
    low = x.astype(np.uint32)
    assert int(executed("shr.s32", low.view(np.int32), by)[0]) == whole(bits, 32, True) >> distance


@EXAMPLES
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_wide_products_and_conversions_keep_signs(a: int, b: int) -> None:
    x, y = (np.array([each], np.uint32) for each in (a, b))
    assert int(executed("mul.wide.u32", x, y)[0]) == a * b
    assert int(executed("mul.wide.s32", x.view(np.int32), y.view(np.int32))[0]) == whole(a, 32, True) * whole(b, 32, True)
    assert int(executed("cvt.s64.s32", x.view(np.int32))[0]) == whole(a, 32, True)
    assert int(executed("cvt.u64.u32", x)[0]) == a
    assert int(executed("cvt.u32.u64", np.array([a << 32 | b], np.uint64))[0]) == b


def test_every_instruction_of_the_table_is_known_by_its_modifiers() -> None:
    assert not {"add.f32", "mul.f32", "fma.rz.f32", "div.approx.f32", "div.full.f32", "rcp.rn.f32", "mad.f32"} & TABLE.keys()
    assert {"ld.global.cg.v4.u32", "st.global.v2.f64", "ld.global.u16"} <= MEMORY.keys()
    assert "ld.global.v4.f64" not in MEMORY


UNKNOWN = {
    "an approximate division": ("div.approx.f32 %f1, 0f3F800000, 0f3F800000;", "the instruction div.approx.f32 is not known"),
    "a modifier": ("add.rn.sat.f32 %f1, 0f3F800000, 0f3F800000;", "the instruction add.rn.sat.f32 is not known"),
    "shared memory": ("ld.shared.u32 %r1, [%rd1];", "the instruction ld.shared.u32 is not known"),
    "a call": ("call.uni (%r1), f, (%r2);", "the instruction call.uni is not known"),
    "a directive": (".shared .align 4 .b8 s[4];", r"line 12: the statement '.shared .align 4 .b8 s\[4\]' is not known"),
    "a predicate": ("@%p1 add.s32 %r1, 1, 2;", "a predicate on anything but a jump is not known"),
    "a label": ("bra $nowhere;", r"there is no label \$nowhere"),
    "a register": ("mov.u32 %r9, 1;", "the register %r9 is not declared"),
    "a value": ("add.s32 %r1, %r2, 1;", "the register %r2 has no value in some thread"),
    "a width": ("mov.u32 %r1, 1; cvt.u64.u32 %rd1, %r1; add.s32 %r2, %rd1, 1;", "an operand of 64 bits stands where 32 are needed"),
    "a division by zero": ("div.s32 %r1, 1, 0;", "divides an integer by zero"),
    "a special register": ("mov.u32 %r1, %laneid;", "the register %laneid has no value"),
    "a parameter": ("ld.param.u64 %rd1, [other];", "there is no parameter other"),
}


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_what_is_not_known_is_an_error_that_names_it(unknown: str) -> None:
    body, words = UNKNOWN[unknown]
    with pytest.raises(PtxError, match=words):
        Machine(Memory(1 << 12)).run(kernel(f"{body}\nret;"), Launch(1, 1, (0, 0)))


def test_a_directive_between_kernels_is_an_error() -> None:
    with pytest.raises(PtxError, match=r"line 1: the directive '.extern .func f' is not known"):
        parse(".extern .func f\n" + HEAD + "ret;\n}\n")
    with pytest.raises(PtxError, match=r"the directive '.reqntid 32' is not known"):
        parse(HEAD.replace(")\n{", ")\n.reqntid 32\n{") + "ret;\n}\n")


def test_threads_that_part_meet_again() -> None:
    """Odd threads count to their number in a loop, even ones jump over it; then all store."""
    memory = Memory(1 << 12)
    out = memory.allocate(4 * 8).view("u4")
    memory.grant(out, initial=False)
    body = """ld.param.u64 %rd1, [k_param_0];
mov.u32 %r1, %tid.x;
mov.u32 %r2, %ctaid.x;
mov.u32 %r3, %ntid.x;
mul.lo.s32 %r2, %r2, %r3;
add.s32 %r1, %r1, %r2;
mov.u32 %r4, 0;
and.b32 %r5, %r1, 1;
setp.eq.s32 %p1, %r5, 0;
@%p1 bra $join;
$loop:
add.s32 %r4, %r4, 1;
setp.lt.s32 %p2, %r4, %r1;
@%p2 bra $loop;
$join:
mul.wide.u32 %rd2, %r1, 4;
add.s64 %rd3, %rd1, %rd2;
st.global.u32 [%rd3], %r4;
ret;"""
    machine = Machine(memory)
    machine.run(kernel(body), Launch(2, 4, (out.ctypes.data, 0)))
    assert out.tolist() == [0, 1, 0, 3, 0, 5, 0, 7]
    assert machine.instructions == 8 * 10 + 3 * (1 + 3 + 5 + 7) + 8 * 4


def test_a_launch_that_the_kernel_was_not_compiled_for_is_refused() -> None:
    small = parse(HEAD.replace(")\n{", ")\n.maxntid 2, 1, 1\n{") + "ret;\n}\n")["k"]
    with pytest.raises(PtxError, match="k takes at most 2 threads a block, not 3"):
        Machine(Memory(1 << 12)).run(small, Launch(1, 3, (0, 0)))
    with pytest.raises(PtxError, match="k has 2 parameters, not 1"):
        Machine(Memory(1 << 12)).run(small, Launch(1, 2, (0,)))


EACH = """ld.param.u64 %rd1, [k_param_0];
mov.u32 %r1, %tid.x;
mul.wide.u32 %rd2, %r1, {step};
add.s64 %rd3, %rd1, %rd2;
{then}
ret;"""
LOAD, STORE = "ld.global.u32 %r2, [%rd3];", "st.global.u32 [%rd3], %r1;"
ACCESSES: dict[str, tuple[int, int, str, str]] = {
    "behind the end": (4, 0, LOAD, "thread 4: address 0x\\w+ lies outside of every allocation"),
    "before the start": (4, -4, LOAD, "thread 0: address 0x\\w+ lies outside of every allocation"),
    "nowhere": (4, -(1 << 40), LOAD, "thread 0: address 0x\\w+ lies outside of every allocation"),
    "off its alignment": (2, 0, LOAD, "thread 1: address 0x\\w+ is no multiple of its 4 bytes"),
    "wide, off its alignment": (16, 8, "ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd3];", "is no multiple of its 16 bytes"),
    "wide, half outside": (16, 0, "ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd3];", "thread 1: .* lies outside"),
    "two stores at once": (0, 0, STORE, "another thread writes in the same instruction"),
    "a load of what another thread stored": (4, 0, STORE + "ld.global.u32 %r2, [%rd1];", "thread 1: .* has written .thread 0 of"),
    "a store over what another thread loaded": (4, 0, "ld.global.u32 %r2, [%rd1];" + STORE, "has touched"),
    "a narrow store beside a wide one": (
        2,
        0,
        "setp.eq.s32 %p1, %r1, 0; @%p1 bra $a; mov.b32 {%rs1, %rs2}, %r1; st.global.u16 [%rd3], %rs1; ret;\n$a:\n" + STORE,
        r"thread 0: .* another thread has touched \(thread 1 of the launch\)",
    ),
}


@pytest.mark.parametrize("access", ACCESSES)
def test_an_access_that_no_kernel_may_make_is_an_error(access: str) -> None:
    step, shift, then, words = ACCESSES[access]
    memory = Memory(1 << 12)
    placed = memory.place(np.zeros(4, np.uint32))
    threads = 5 if access == "behind the end" else 2
    with pytest.raises(PtxError, match=words):
        Machine(memory).run(kernel(EACH.format(step=step, then=then)), Launch(1, threads, (placed.ctypes.data + shift, 0)))


def test_reading_what_nothing_wrote_and_writing_what_is_read_only_are_errors() -> None:
    memory = Memory(1 << 12)
    blank = memory.allocate(16).view("u4")
    memory.grant(blank, initial=False)
    machine = Machine(memory)
    with pytest.raises(PtxError, match="reads memory that nothing has written"):
        machine.run(kernel(EACH.format(step=4, then=LOAD)), Launch(1, 1, (blank.ctypes.data, 0)))
    machine.run(kernel(EACH.format(step=4, then=STORE)), Launch(1, 4, (blank.ctypes.data, 0)))
    machine.run(kernel(EACH.format(step=4, then=LOAD)), Launch(1, 4, (blank.ctypes.data, 0)))
    table = memory.place(np.zeros(4, np.uint32), writable=False)
    with pytest.raises(PtxError, match="writes to read-only memory"):
        machine.run(kernel(EACH.format(step=4, then=STORE)), Launch(1, 1, (table.ctypes.data, 0)))


def test_what_lies_between_the_elements_of_a_view_is_out_of_reach() -> None:
    memory = Memory(1 << 12)
    base = memory.allocate(32).view("u4")
    memory.grant(base[::2])
    Machine(memory).run(kernel(EACH.format(step=8, then=STORE)), Launch(1, 4, (base.ctypes.data, 0)))
    with pytest.raises(PtxError, match=r"thread 1: .* lies outside of every allocation"):
        Machine(memory).run(kernel(EACH.format(step=4, then=STORE)), Launch(1, 4, (base.ctypes.data, 0)))


def test_a_later_launch_may_reach_what_an_earlier_one_wrote() -> None:
    memory = Memory(1 << 12)
    placed = memory.place(np.zeros(4, np.uint32))
    machine = Machine(memory)
    for threads in (4, 2, 4):
        machine.run(kernel(EACH.format(step=4, then=LOAD + STORE)), Launch(1, threads, (placed.ctypes.data, 0)))
    assert placed.tolist() == [0, 1, 2, 3]


def test_memory_that_is_used_up_is_an_error() -> None:
    with pytest.raises(MemoryError, match="no room for 8192 bytes"):
        Memory(1 << 12).allocate(1 << 13)


@pytest.mark.parametrize(("kind", "bits"), [("u", 0x0000FFFE), ("b", 0x0000FFFE), ("s", 0xFFFFFFFE)])
def test_a_register_may_be_wider_than_what_is_loaded_into_it(kind: str, bits: int) -> None:
    memory = Memory(1 << 12)
    placed = memory.place(np.array([0xFFFE, 0, 0, 0], np.uint16))
    body = f"ld.param.u64 %rd1, [k_param_0]; ld.global.{kind}16 %r1, [%rd1]; st.global.u32 [%rd1+4], %r1; ret;"
    Machine(memory).run(kernel(body), Launch(1, 1, (placed.ctypes.data, 0)))
    assert placed.view(np.uint32).tolist() == [0xFFFE, bits]
    body = "ld.param.u64 %rd1, [k_param_0]; mov.u32 %r1, 305419896; st.global.u16 [%rd1], %r1; ret;"
    Machine(memory).run(kernel(body), Launch(1, 1, (placed.ctypes.data, 0)))
    assert placed.tolist()[:2] == [0x5678, 0]

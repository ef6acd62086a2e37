"""One table from opcode to function: each instruction on arrays with one value for each thread.

The rules are those of the PTX ISA manual (https://docs.nvidia.com/cuda/parallel-thread-execution/, "Instruction set").
An opcode counts with all of its modifiers, so ``add.f32``, which a later compiler may contract, is not ``add.rn.f32`` and is
not in the table. Where the manual leaves the payload or sign of a NaN open, the NaN here has a payload and a sign
that nobody would expect (:data:`OPEN_NAN`), so that a kernel that relies on one is found.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from adamax_ref.arrays.fma import fma_binary32, fma_binary64, repair

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

OPEN_NAN: dict[str, Any] = {"f4": np.uint32(0xFFA5A5A5).view(np.float32), "f8": np.uint64(0xFFFA5A5A5A5A5A5A).view(np.float64)}
"""NaN where the manual leaves payload and sign open: arithmetic, ``abs``, ``neg``, conversions to wider formats."""
CANONICAL: dict[str, Any] = {"u2": np.uint16(0x7FFF), "f4": np.uint32(0x7FFFFFFF).view(np.float32)}
"""NaN where the manual names it: conversions to 16 bits; ``max`` and ``min`` of binary32."""


_where: Callable[..., Array] = np.where


class Operation(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    function : callable
        Takes one array for each operand, returns the result.
    takes : tuple of str
        NumPy's letters for the operands; ``?`` is a predicate.
    gives : str
        The same for the result.
    """

    function: Function
    takes: tuple[str, ...]
    gives: str


def flushed(x: Array) -> Array:
    """Return binary32 numbers with each subnormal replaced by a zero of its sign."""
    return _where(np.abs(x) < np.finfo(np.float32).smallest_normal, np.copysign(np.float32(0), x), x)


def flushing(function: Function) -> Function:
    """Return what ``.ftz`` makes of an instruction: subnormal inputs and results become zeros."""

    def run(*operands: Array) -> Any:
        result = function(*(flushed(x) if x.dtype == np.float32 else x for x in operands))
        return flushed(result) if result.dtype == np.float32 else result

    return run


def _with_open_nan(function: Function, of: str) -> Function:
    def run(*operands: Array) -> Array:
        result = function(*operands)
        return _where(np.isnan(result), OPEN_NAN[of], result)

    return run


def fma(a: Array, b: Array, c: Array) -> Array:
    """Return ``a * b + c`` with one rounding."""
    a, b, c = np.broadcast_arrays(a, b, c)
    if a.dtype == np.float32:
        return fma_binary32(np, a, b, c)
    result, safe = fma_binary64(np, a, b, c)
    return np.asarray(result) if np.all(safe) else repair(result, safe, a, b, c)


def _extreme(larger: bool, keeps_nan: bool) -> Function:
    """Return ``max`` or ``min`` of floats: a zero without sign is the larger one."""

    def run(a: Array, b: Array) -> Array:
        first = (a > b) if larger else (a < b)
        zeros = (a == 0) & (b == 0)
        first = _where(zeros, np.signbit(a) != larger, first)
        chosen = _where(first | np.isnan(b), a, b)
        nan = np.isnan(a) | np.isnan(b) if keeps_nan else np.isnan(a) & np.isnan(b)
        return _where(nan, CANONICAL["f4"] if a.dtype == np.float32 else OPEN_NAN["f8"], chosen)

    return run


def to_binary16(x: Array) -> Array:
    """Round binary32 to nearest even binary16; the bits."""
    bits: Array = x.astype(np.float16).view(np.uint16)
    return _where(np.isnan(x), CANONICAL["u2"], bits)


def to_bfloat16(x: Array) -> Array:
    """Round binary32 to nearest even bfloat16; the bits."""
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
    return _where(np.isnan(x), CANONICAL["u2"], rounded.astype(np.uint16))


def from_binary16(bits: Array) -> Array:
    """Widen binary16 to binary32, which is exact."""
    wide = bits.view(np.float16).astype(np.float32)
    return _where(np.isnan(wide), OPEN_NAN["f4"], wide)


def from_bfloat16(bits: Array) -> Array:
    """Widen bfloat16 to binary32, which is exact."""
    wide = (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return _where(np.isnan(wide), OPEN_NAN["f4"], wide)


_SIGNS: dict[str, Function] = {"abs": np.abs, "neg": np.negative}


def _floats() -> Iterator[tuple[str, Operation]]:
    for name, of in (("f32", "f4"), ("f64", "f8")):
        arithmetic: dict[str, Function] = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "fma": fma}
        for word, function in arithmetic.items():
            takes = (of,) * (3 if word == "fma" else 2)
            yield from _flushable(f"{word}.rn", name, Operation(_with_open_nan(function, of), takes, of))
        for word, function in _SIGNS.items():
            yield from _flushable(word, name, Operation(_with_open_nan(function, of), (of,), of))
        for word, nan in product(("max", "min"), ("", ".NaN")):
            if name == "f32" or not nan:  # max.NaN.f64 does not exist
                extreme = _extreme(word == "max", bool(nan))
                yield from _flushable(word, name, Operation(extreme, (of, of), of), nan)
        for word, function in _COMPARISONS.items():
            yield from _flushable(f"setp.{word}", name, Operation(function, (of, of), "?"))
    yield "cvt.f32.f16", Operation(from_binary16, ("u2",), "f4")
    yield "cvt.f32.bf16", Operation(from_bfloat16, ("u2",), "f4")
    yield "cvt.rn.f16.f32", Operation(to_binary16, ("f4",), "u2")
    yield "cvt.rn.bf16.f32", Operation(to_bfloat16, ("f4",), "u2")


def _flushable(word: str, name: str, operation: Operation, behind: str = "") -> Iterator[tuple[str, Operation]]:
    """Yield an instruction and, where binary32 takes part, the same with ``.ftz``."""
    yield f"{word}{behind}.{name}", operation
    if name == "f32":
        yield f"{word}.ftz{behind}.{name}", operation._replace(function=flushing(operation.function))


def _ordered(compare: Function) -> Function:
    return lambda a, b: compare(a, b) & ~np.isnan(a) & ~np.isnan(b)


def _unordered(compare: Function) -> Function:
    return lambda a, b: compare(a, b) | np.isnan(a) | np.isnan(b)


_ORDER: dict[str, Function] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_COMPARISONS: dict[str, Function] = {
    **{word: _ordered(compare) for word, compare in _ORDER.items()},
    **{f"{word}u": _unordered(compare) for word, compare in _ORDER.items()},
    "num": lambda a, b: ~np.isnan(a) & ~np.isnan(b),
    "nan": lambda a, b: np.isnan(a) | np.isnan(b),
}


def _divided(a: Array, b: Array) -> Array:
    """Return the quotient cut off towards zero; by zero the manual leaves it open, so nothing may do that."""
    if not np.all(b):
        raise ZeroDivisionError("divides an integer by zero")
    if a.dtype.kind == "u":
        natural: Array = a // b
        return natural
    size = np.abs(a).view(f"u{a.itemsize}") // np.abs(b).view(f"u{b.itemsize}")
    quotient = size.view(a.dtype)
    return _where((a < 0) != (b < 0), -quotient, quotient)


def _remainder(a: Array, b: Array) -> Array:
    whole: Array = a - _divided(a, b) * b
    return whole


def _shift(function: Function, signed: bool) -> Function:
    """Return a shift: a distance beyond the width leaves zeros, or signs."""

    def run(x: Array, distance: Array) -> Array:
        width = 8 * x.dtype.itemsize
        near = function(x, np.minimum(distance, width - 1).astype(x.dtype))
        return near if signed else _where(distance < width, near, x.dtype.type(0))

    return run


def _integers() -> Iterator[tuple[str, Operation]]:
    for width, signed in product((2, 4, 8), (False, True)):
        of, name = f"{'i' if signed else 'u'}{width}", f"{'s' if signed else 'u'}{8 * width}"
        two = (of, of)
        functions: dict[str, Function] = {
            "add": np.add,
            "sub": np.subtract,
            "mul.lo": np.multiply,
            "min": np.minimum,
            "max": np.maximum,
        }
        functions |= {"min": np.minimum, "max": np.maximum, "div": _divided, "rem": _remainder}
        for word, function in functions.items():
            yield f"{word}.{name}", Operation(function, two, of)
        for word, function in _ORDER.items():
            yield f"setp.{word}.{name}", Operation(function, two, "?")
        yield f"shr.{name}", Operation(_shift(np.right_shift, signed), (of, "u4"), of)
        if width < 8:
            wide = f"{of[0]}{2 * width}"
            yield f"mul.wide.{name}", Operation(_multiplied(wide), two, wide)
        for other, to_signed in product((2, 4, 8), (False, True)):
            to = f"{'i' if to_signed else 'u'}{other}"
            code = f"cvt.{'s' if to_signed else 'u'}{8 * other}.{name}"
            yield code, Operation(lambda x, to=to: x.astype(to), (of,), to)


def _multiplied(wide: str) -> Function:
    return lambda a, b: a.astype(wide) * b.astype(wide)


def _bits() -> Iterator[tuple[str, Operation]]:
    logical: dict[str, Function] = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}
    for name, of in {"b16": "u2", "b32": "u4", "b64": "u8", "pred": "?"}.items():
        for word, function in logical.items():
            yield f"{word}.{name}", Operation(function, (of, of), of)
        yield f"not.{name}", Operation(np.invert, (of,), of)
    for name, of in {"b16": "u2", "b32": "u4", "b64": "u8"}.items():
        yield f"shl.{name}", Operation(_shift(np.left_shift, False), (of, "u4"), of)
        yield f"setp.eq.{name}", Operation(np.equal, (of, of), "?")
        yield f"setp.ne.{name}", Operation(np.not_equal, (of, of), "?")
    names = {"b16": "u2", "b32": "u4", "b64": "u8", "u32": "u4", "u64": "u8", "s32": "i4", "s64": "i8", "f32": "f4", "f64": "f8"}
    for name, of in names.items():
        yield f"selp.{name}", Operation(lambda a, b, p: _where(p, a, b), (of, of, "?"), of)
        yield f"mov.{name}", Operation(np.array, (of,), of)
    yield "mov.pred", Operation(np.array, ("?",), "?")
    yield "cvta.to.global.u64", Operation(np.array, ("u8",), "u8")  # the two spaces have the same addresses


TABLE: dict[str, Operation] = {**dict(_floats()), **dict(_integers()), **dict(_bits())}

MEMORY = {
    f"{word}.global{cache}{vector}.{kind}{8 * width}": (word, f"{'i' if kind == 's' else 'u'}{width}", count)
    for word, cache, (vector, count), kind, width in product(
        ("ld", "st"), ("", ".cg"), (("", 1), (".v2", 2), (".v4", 4)), "bufs", (2, 4, 8)
    )
    if width * count <= 16 and not (kind == "f" and width == 2)
}
"""For each load and store of global memory: which of the two, the letter of a value, values."""

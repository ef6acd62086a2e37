"""Intrinsics that Numba does not offer: 16-bit numbers, and memory by address.

Each function is one or two instructions of LLVM. None of them may be contracted or approximated, since nothing here
is compiled with fast-math flags.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

_FLOAT, _HALF = ir.FloatType(), ir.HalfType()


@intrinsic  # type: ignore[untyped-decorator] # Numba publishes no types
def half_to_single(context: Any, bits: Any) -> Any:
    """Return the float32 that a binary16 pattern stands for."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        return builder.fpext(builder.bitcast(operands[0], _HALF), _FLOAT)

    return types.float32(types.uint16), generate


@intrinsic  # type: ignore[untyped-decorator]
def single_to_half(context: Any, number: Any) -> Any:
    """Return the binary16 pattern of a float32, rounded to nearest even."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        return builder.bitcast(builder.fptrunc(operands[0], _HALF), ir.IntType(16))

    return types.uint16(types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def upper_to_single(context: Any, bits: Any) -> Any:
    """Return the float32 whose upper half is given: what a bfloat16 pattern stands for."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        wide = builder.shl(builder.zext(operands[0], ir.IntType(32)), ir.IntType(32)(16))
        return builder.bitcast(wide, _FLOAT)

    return types.float32(types.uint16), generate


@intrinsic  # type: ignore[untyped-decorator]
def single_to_upper(context: Any, number: Any) -> Any:
    """Return the bfloat16 pattern of a float32 that is a number of bfloat16: its upper half."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        word = ir.IntType(32)
        return builder.trunc(builder.lshr(builder.bitcast(operands[0], word), word(16)), ir.IntType(16))

    return types.uint16(types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def rounded_to_upper(context: Any, number: Any) -> Any:
    """Return a float32 rounded to nearest even to a number of bfloat16.

    NaN needs no care as long as its lower half is empty, for then nothing is carried. That of a NaN which was loaded
    from bfloat16 is, that of the processor's own NaN is, and arithmetic hands on either; no constant is another NaN,
    since hyperparameters are never NaN.
    """

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        word = ir.IntType(32)
        bits = builder.bitcast(operands[0], word)
        odd = builder.and_(builder.lshr(bits, word(16)), word(1))
        # The lower half carries where it is above the middle; an odd upper half lifts the middle itself above it. Setting
        # the lowest bit does that in one instruction of AVX-512 with the mask; adding to it takes two.
        rounded = builder.add(builder.or_(bits, odd), word(0x7FFF))
        return builder.bitcast(builder.and_(rounded, word(0xFFFF0000)), _FLOAT)

    return types.float32(types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]
def pointer(context: Any, address: Any, dtype: Any) -> Any:
    """Return an address as a pointer to numbers of a type, for ``carray``."""
    kind: Any = types.CPointer(dtype.dtype)  # type: ignore[attr-defined] # made by a star import
    signature = kind(address, dtype)
    return signature, lambda ctx, builder, _signature, operands: builder.inttoptr(operands[0], ctx.get_value_type(kind))


@intrinsic  # type: ignore[untyped-decorator]
def fetch_add(context: Any, address: Any, amount: Any) -> Any:
    """Add to the int64 at an address, as one indivisible operation, and return what was there before."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        word = builder.inttoptr(operands[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", word, operands[1], "acq_rel")

    return types.int64(types.int64, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def call(context: Any, function: Any, first: Any, second: Any) -> Any:
    """Call the C function at an address with two words and return the word that it returns."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word, word]).as_pointer()
        return builder.call(builder.inttoptr(operands[0], kind), operands[1:])

    return types.int64(*[types.int64] * 3), generate


@intrinsic  # type: ignore[untyped-decorator]
def call_status(context: Any, function: Any, first: Any, second: Any, third: Any) -> Any:
    """Call the C function at an address with three words and return the ``int`` that it returns."""

    def generate(_context: Any, builder: Any, _signature: Any, operands: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.IntType(32), [word, word, word]).as_pointer()
        return builder.call(builder.inttoptr(operands[0], kind), operands[1:])

    return types.int32(*[types.int64] * 4), generate

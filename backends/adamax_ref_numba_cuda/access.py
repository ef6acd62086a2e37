"""Reading and writing by address on the device, 16 bytes at a time where that is allowed.

Numba has no pointers, so each access is an intrinsic that emits the load or store itself, in the global address space.
What is stored in 16 bits is widened and rounded here: exactly one rounding, to nearest even.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.cuda import libdevice as libdevice
from numba.cuda.extending import intrinsic

from adamax_ref.recipe.profile import Format

from .selections import flushed as flushed
from .selections import greater as greater
from .selections import larger as larger

_GLOBAL = 1  # address space of device memory in NVVM IR
_INT16, _INT32, _INT64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_SINGLE, _DOUBLE = ir.FloatType(), ir.DoubleType()

Emit = Callable[[Any, Any], Any]


def _pointer(builder: Any, address: Any, to: Any) -> Any:
    return builder.inttoptr(address, ir.PointerType(to, addrspace=_GLOBAL))


def _loader(raw: Any, result: Any, emit: Emit = lambda builder, value: value) -> Any:
    def load(typing: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return emit(builder, builder.load(_pointer(builder, args[0], raw)))

        return result(types.int64), codegen

    return intrinsic(load)


load_int32 = _loader(_INT32, types.int32)
load_int64 = _loader(_INT64, types.int64)


def _natural(emit: Callable[[Any, Any, Any], Any]) -> Any:
    """Divide natural numbers; Numba's own ``//`` and ``%`` would look at signs and at zero first."""

    def divide(typing: Any, a: Any, b: Any) -> Any:
        return types.int64(types.int64, types.int64), lambda context, builder, signature, args: emit(builder, *args)

    return intrinsic(divide)


quotient = _natural(lambda builder, a, b: builder.udiv(a, b))
remainder = _natural(lambda builder, a, b: builder.urem(a, b))


def _assembly(builder: Any, text: str, result: Any, constraint: str, value: Any) -> Any:
    return builder.call(ir.InlineAsm(ir.FunctionType(result, [value.type]), text, constraint), [value])


def _widen_binary16(builder: Any, bits: Any) -> Any:
    return _assembly(builder, "cvt.f32.f16 $0, $1;", _SINGLE, "=f,h", bits)


def _narrow_binary16(builder: Any, value: Any) -> Any:
    return _assembly(builder, "cvt.rn.f16.f32 $0, $1;", _INT16, "=h,f", value)


def _widen_bfloat16(builder: Any, bits: Any) -> Any:
    return builder.bitcast(builder.shl(builder.zext(bits, _INT32), ir.Constant(_INT32, 16)), _SINGLE)


def _narrow_bfloat16(builder: Any, value: Any) -> Any:
    return _assembly(builder, "cvt.rn.bf16.f32 $0, $1;", _INT16, "=h,f", value)


def _same(builder: Any, value: Any) -> Any:
    return value


_FORMATS: dict[str, tuple[Any, Any, Emit, Emit]] = {
    "binary64": (_DOUBLE, types.float64, _same, _same),
    "binary32": (_SINGLE, types.float32, _same, _same),
    "binary16": (_INT16, types.float32, _widen_binary16, _narrow_binary16),
    "bfloat16": (_INT16, types.float32, _widen_bfloat16, _narrow_bfloat16),
}


@cache
def accessors(storage: Format, working: Format) -> dict[str, Callable[..., object]]:
    """Return the functions by which a kernel reaches elements of a storage type.

    Returns
    -------
    dict
        ``load_one(address)``, ``load_pack(address)`` (a tuple of all elements in 16 bytes), ``store_one(address,
        value)``, ``store_pack(address, values)``, ``load_working(address)`` and ``rounded(value)``.
    """
    raw, number, widen, narrow = _FORMATS[storage.name]
    raw_working, _, _, _ = _FORMATS[working.name]
    return {
        "load_one": _loader(raw, number, widen),
        "load_working": _loader(raw_working, number),
        "load_pack": _pack_loader(raw, number, widen, 128 // storage.width),
        "store_one": _storer(raw, number, narrow),
        "store_pack": _pack_storer(raw, number, narrow, 128 // storage.width),
        "rounded": _rounder(number, widen, narrow),
    }


def _unpacked(builder: Any, pack: Any, raw: Any, lanes: int) -> list[Any]:
    """Take the elements out of a register; those of 16 bits come in pairs, since 8 of them make no single access."""
    if raw is not _INT16:
        return [builder.extract_element(pack, ir.Constant(_INT32, k)) for k in range(lanes)]
    words = [builder.extract_element(pack, ir.Constant(_INT32, k)) for k in range(lanes // 2)]
    halves = [(word, builder.lshr(word, ir.Constant(_INT32, 16))) for word in words]
    return [builder.trunc(half, _INT16) for pair in halves for half in pair]


def _packed(builder: Any, values: list[Any], raw: Any) -> Any:
    """Put elements into a register, the reverse of :func:`_unpacked`."""
    if raw is _INT16:
        wide = [builder.zext(value, _INT32) for value in values]
        high = [builder.shl(value, ir.Constant(_INT32, 16)) for value in wide[1::2]]
        values = [builder.or_(low, shifted) for low, shifted in zip(wide[::2], high, strict=True)]
    pack = ir.Constant(ir.VectorType(values[0].type, len(values)), ir.Undefined)
    for k, value in enumerate(values):
        pack = builder.insert_element(pack, value, ir.Constant(_INT32, k))
    return pack


def _register(raw: Any, lanes: int) -> Any:
    return ir.VectorType(_INT32, 4) if raw is _INT16 else ir.VectorType(raw, lanes)


def _pack_loader(raw: Any, number: Any, widen: Emit, lanes: int) -> Any:
    result = types.UniTuple(number, lanes)

    def load_pack(typing: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pack = builder.load(_pointer(builder, args[0], _register(raw, lanes)), align=16)
            values = [widen(builder, value) for value in _unpacked(builder, pack, raw, lanes)]
            return context.make_tuple(builder, result, values)

        return result(types.int64), codegen

    return intrinsic(load_pack)


def _storer(raw: Any, number: Any, narrow: Emit) -> Any:
    def store_one(typing: Any, address: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            builder.store(narrow(builder, args[1]), _pointer(builder, args[0], raw))
            return context.get_dummy_value()

        return types.void(types.int64, number), codegen

    return intrinsic(store_one)


def _pack_storer(raw: Any, number: Any, narrow: Emit, lanes: int) -> Any:
    def store_pack(typing: Any, address: Any, values: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = [narrow(builder, builder.extract_value(args[1], k)) for k in range(lanes)]
            builder.store(_packed(builder, values, raw), _pointer(builder, args[0], _register(raw, lanes)), align=16)
            return context.get_dummy_value()

        return types.void(types.int64, types.UniTuple(number, lanes)), codegen

    return intrinsic(store_pack)


def _rounder(number: Any, widen: Emit, narrow: Emit) -> Any:
    def rounded(typing: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return widen(builder, narrow(builder, args[0]))

        return number(number), codegen

    return intrinsic(rounded)

"""The operations that select instead of rounding, as single instructions of the device.

Written as Python conditionals they would become branches, and the optimizer would make a loop of its own for each
outcome; ``max`` would drop NaN.
"""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.cuda.extending import intrinsic

_WIDTHS = {ir.FloatType(): (32, 0x7F800000, 0x80000000), ir.DoubleType(): (64, 0x7FF0000000000000, 0x8000000000000000)}


def _binary(emit: Callable[[Any, Any, Any], Any]) -> Any:
    def select(typing: Any, a: Any, b: Any) -> Any:
        return a(a, b), lambda context, builder, signature, args: emit(builder, *args)

    return intrinsic(select)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    """Select by both operands at once: a test of one that is the same for all elements would be moved out of the loop."""
    ordered = builder.select(builder.fcmp_ordered(">=", a, b), a, b)
    return builder.select(builder.fcmp_unordered("uno", a, b), ir.Constant(a.type, math.nan), ordered)


larger = _binary(_larger)
greater = _binary(lambda builder, a, b: builder.select(builder.fcmp_ordered("<", a, b), b, a))


def _flush(typing: Any, x: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        width, exponent, sign = _WIDTHS[args[0].type]
        whole = ir.IntType(width)
        bits = builder.bitcast(args[0], whole)
        is_tiny = builder.icmp_unsigned("==", builder.and_(bits, ir.Constant(whole, exponent)), ir.Constant(whole, 0))
        zero = builder.bitcast(builder.and_(bits, ir.Constant(whole, sign)), args[0].type)
        return builder.select(is_tiny, zero, args[0])

    return x(x), codegen


flushed = intrinsic(_flush)

"""The operations of a recipe as functions that write into a given block.

Each entry takes its operands and ``out``, a one-dimensional block of the working type that may be one of the operands.
Temporary memory is a block at most.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from adamax_ref.recipe.profile import Format
from adamax_ref.recipe.recipe import Recipe

from .fma import Block, Provider

Into = Callable[..., object]


def operations_for(recipe: Recipe, dtype: np.dtype[Any], size: int, provider: Provider | None) -> dict[str, Into]:
    """Return the table for a recipe and blocks of up to `size` elements.

    ``max`` is :func:`numpy.maximum`, which lets NaN through from either side. Between zeros of both signs it takes
    either; the operands of a recipe's maximum are never below +0.
    """
    mask = np.empty(size, np.bool_)
    table: dict[str, Into] = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "neg": np.negative,
        "abs": np.absolute,
        "max": np.maximum,
        "greater": _greater(mask),
        "flush": _flush(mask, dtype.type(recipe.working_format.smallest_normal)),
    }
    if recipe.storage != recipe.working:
        table["round"] = _rounding(recipe.storage_format, mask, size)
    if provider is not None:
        table["fma"] = provider.make(dtype, size)
    return table


def scratch_of(recipe: Recipe, dtype: np.dtype[Any], provider: Provider | None) -> int:
    """Return how many bytes an element the operations of a recipe keep beside the blocks: a mask, a rounding's, an fma's."""
    return 1 + 8 * (recipe.storage != recipe.working) + (provider.scratch(dtype) if provider else 0)


def _greater(scratch: Block) -> Into:
    def greater(a: Any, b: Any, out: Block) -> None:
        mask = scratch[: out.size]
        np.less(a, b, out=mask)
        if out is b:
            np.logical_not(mask, out=mask)
            np.copyto(out, a, where=mask)
        else:
            np.copyto(out, a)
            np.copyto(out, b, where=mask)

    return greater


def _flush(scratch: Block, smallest_normal: Any) -> Into:
    zero = smallest_normal.dtype.type(0)

    def flush(a: Any, out: Block) -> None:
        mask = scratch[: out.size]
        np.less(np.absolute(a), smallest_normal, out=mask)
        np.copyto(out, a)
        np.multiply(out, zero, out=out, where=mask)

    return flush


def _rounding(storage: Format, mask: Block, size: int) -> Into:
    return _to_half(*np.empty((2, size), np.float32)) if storage.name == "binary16" else _to_bfloat(np.empty(size, np.uint32), mask)


def _to_half(magic: Block, sign: Block) -> Into:
    """Round by adding and taking away a number in which the last bit of the result is the last bit.

    For a number of exponent e that is 1.5 * 2**(e + 13), and for a subnormal one of exponent -14, whose last bits are
    2**-24. It is even, so ties go where they should. What overflows, and NaN, is converted there and back.
    """

    def to_half(a: Block, out: Block) -> None:
        number, signs = magic[: out.size], sign[: out.size].view(np.uint32)
        np.absolute(a, out=number)
        if not number.max(initial=0) < _HALF_OVERFLOWS:
            np.copyto(out, a.astype(np.float16))
            return
        np.bitwise_and(number.view(np.uint32), 0x7F800000, out=number.view(np.uint32))
        np.maximum(number, _HALF_NORMAL, out=number)
        np.multiply(number, _ONE_AND_A_HALF, out=number)
        np.bitwise_and(a.view(np.uint32), 0x80000000, out=signs)
        np.add(a, number, out=out)
        np.subtract(out, number, out=out)
        np.bitwise_or(out.view(np.uint32), signs, out=out.view(np.uint32))  # what became zero has lost its sign

    return to_half


_HALF_OVERFLOWS, _HALF_NORMAL, _ONE_AND_A_HALF = np.float32(65520), np.float32(2.0**-14), np.float32(1.5 * 2.0**13)


def _to_bfloat(scratch: Block, flags: Block) -> Into:
    """Round to the upper 16 bits by integer arithmetic; NaN would overflow there and stays as it is."""

    def to_bfloat(a: Block, out: Block) -> None:
        bits, last, nan = a.view(np.uint32), scratch[: out.size], flags[: out.size]
        np.isnan(a, out=nan)
        np.right_shift(bits, 16, out=last)
        np.bitwise_and(last, 1, out=last)
        np.add(last, 0x7FFF, out=last)
        np.add(bits, last, out=last)
        np.bitwise_and(last, 0xFFFF0000, out=last)
        np.copyto(last, 0x7FC00000, where=nan)
        np.copyto(out.view(np.uint32), last)

    return to_bfloat

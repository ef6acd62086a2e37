"""Bit patterns: numbers as the corpus and the protocol write them, in lower-case hexadecimal of fixed width."""

import math
import re
import struct
from collections.abc import Iterable
from functools import lru_cache

from adamax_ref.recipe.profile import Format


def encode(values: Iterable[float], form: Format) -> str:
    """Write numbers of a format; every NaN becomes the canonical quiet one.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> encode([1.0, -0.0, math.nan], BINARY32)
    '3f800000 80000000 7fc00000'
    """
    numbers = [value if value == value else math.nan for value in values]
    if form.name == "bfloat16":
        return " ".join(f"{form.encode(value):04x}" for value in numbers)
    packed = struct.pack(f">{len(numbers)}{_CODES[form.width]}", *numbers)
    return packed.hex(" ", form.width // 8) if packed else ""


@lru_cache(maxsize=512)  # the bank reads the same gradient a hundred times
def decode(text: str, form: Format) -> tuple[float, ...]:
    """Read what :func:`encode` writes.

    Raises
    ------
    ValueError
        When a pattern is malformed: another width, upper case, ``0x``, a decimal number, a stray blank.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY64
    >>> decode("3ff0000000000000", BINARY64)
    (1.0,)
    >>> decode("0x3F800000", BINARY64)
    Traceback (most recent call last):
    ...
    ValueError: malformed pattern '0x3F800000'; write 16 lower-case hexadecimal digits for a number of binary64
    """
    if text == "":
        return ()
    if not _PATTERNS[form.width].fullmatch(text):
        digits = form.width // 4
        part = next(part for part in text.split(" ") if len(part) != digits or set(part) - set("0123456789abcdef"))
        want = f"write {digits} lower-case hexadecimal digits for a number of {form.name}"
        raise ValueError(f"malformed pattern {part[:40]!r}; {want}")
    if form.name == "bfloat16":
        text = text.replace(" ", "0000 ") + "0000"  # the upper half of a binary32 pattern
    data = bytes.fromhex(text)
    code = "f" if form.name == "bfloat16" else _CODES[form.width]
    return struct.unpack(f">{len(data) // struct.calcsize(code)}{code}", data)


_CODES = {64: "d", 32: "f", 16: "e"}
_PATTERNS = {width: re.compile(f"[0-9a-f]{{{width // 4}}}( [0-9a-f]{{{width // 4}}})*") for width in _CODES}


def same(a: float, b: float) -> bool:
    """Tell whether two numbers have the same bits, any NaN being the same as any other.

    Examples
    --------
    >>> same(math.nan, -math.nan), same(0.0, -0.0)
    (True, False)
    """
    if a != a or b != b:
        return a != a and b != b
    return a == b and math.copysign(1.0, a) == math.copysign(1.0, b)


def inside(value: float, lo: float, hi: float) -> bool:
    """Tell whether a number passes the certified test; NaN must meet NaN.

    Examples
    --------
    >>> inside(1.0, 1.0, 1.5), inside(float("nan"), 1.0, 1.5)
    (True, False)
    """
    return lo <= value <= hi or (value != value and lo != lo)


@lru_cache(maxsize=512)  # a case's limits are read again for every answer to it
def order_keys(text: str, form: Format) -> tuple[int | None, ...]:
    """Return a whole number for each pattern, ordered as the numbers are; None for a NaN.

    Neighbours are 1 apart and both zeros are 0. No floating-point operation takes part, so a processor that flushes
    subnormal numbers cannot make two of them equal.

    Raises
    ------
    ValueError
        When a pattern is malformed, as for :func:`decode`.

    Examples
    --------
    >>> from adamax_ref.recipe.profile import BINARY32
    >>> order_keys("00000001 80000001 80000000 7fc00000", BINARY32)
    (1, -1, 0, None)
    """
    decode(text, form)
    sign = 1 << (form.width - 1)
    infinity = ((1 << (form.width - form.precision)) - 1) << (form.precision - 1)
    sizes = ((word, int(word, 16) & (sign - 1)) for word in text.split())
    return tuple(None if size > infinity else -size if int(word, 16) & sign else size for word, size in sizes)

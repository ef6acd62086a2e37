"""The audit of PTX: a compiled kernel does exactly the recipe's operations, each rounded as the recipe says.

PTX is the last text in which an operation still carries its rounding; the machine code below it expands a division
into dozens of instructions. So the audit reads the PTX, counts its floating-point instructions, and holds them against
the recipe. A kernel computes several elements in one text (the lanes of a wide access, the loop for the rest, what the
compiler unrolled): how many is read from the bytes it stores, and every count must be that many times the recipe's.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from adamax_ref.recipe.recipe import Operation, Recipe

_ROUNDED = ("add", "mul", "div", "fma")
_TYPES = {"binary32": "f32", "binary64": "f64"}
_FLOATS = frozenset({"f16", "f16x2", "bf16", "bf16x2", "f32", "f64", "tf32"})
_NEVER = {
    "rcp": "an approximate reciprocal",
    "sqrt": "a square root",
    "rsqrt": "a square root",
    "ex2": "an approximate power",
    "lg2": "an approximate logarithm",
    "sin": "an approximate sine",
    "cos": "an approximate cosine",
    "tanh": "an approximate tangent",
    "mad": "a multiply-add of unstated fusion",
    "call": "a call that the audit cannot look into",
}
_SUFFIXES = {
    "ftz": "flushes subnormals",
    "approx": "is approximate",
    "full": "is approximate",
    "sat": "saturates",
    "rz": "rounds to zero",
    "rm": "rounds down",
    "rp": "rounds up",
}
_CONVERSIONS = {
    "binary16": ("cvt.f32.f16", "cvt.rn.f16.f32"),
    "bfloat16": ("cvt.f32.bf16", "cvt.rn.bf16.f32"),
    "binary32": (None, None),
    "binary64": (None, None),
}
_WIDTHS = {"8": 1, "16": 2, "32": 4, "64": 8}
_INSTRUCTION = re.compile(r"^\s*(?:\{\s*)?(?:@!?%\w+\s+)?([a-z][a-z0-9_]*(?:\.[\w:]+)*)(?=[\s;])")
_VECTOR = {"v2": 2, "v4": 4, "v8": 8}


@final
@dataclass(frozen=True)
class Finding:
    """Result of the audit of one kernel.

    Attributes
    ----------
    instructions : int
        How many instructions were read.
    arithmetic : int
        How many of them are rounded floating-point operations.
    elements : int
        How many elements one pass through the text computes.
    wide : int
        How many loads and stores are 16 bytes wide.
    faults : tuple of str
        Every disagreement with the recipe, one sentence each; empty when there is none.
    counts : mapping of str to int
        Each floating-point opcode with its modifiers.
    """

    instructions: int
    arithmetic: int
    elements: int
    wide: int
    faults: tuple[str, ...]
    counts: Mapping[str, int] = field(repr=False)


def instructions(ptx: str) -> list[str]:
    r"""Return the opcodes of a PTX text with their modifiers, in order; directives, labels and operands are left out.

    Examples
    --------
    >>> instructions("$L__BB0_3:\n  @%p1 add.rn.f32 %f1, %f2, %f3;\n  ret;\n.reg .f32 %f<3>;")
    ['add.rn.f32', 'ret']
    """
    lines = (line.split("//")[0] for line in ptx.splitlines())
    matches = (_INSTRUCTION.match(statement + ";") for line in lines for statement in line.split(";"))
    return [match[1] for match in matches if match]


def audit(ptx: str, recipe: Recipe) -> Finding:
    """Hold the PTX of one kernel against the recipe it was made from.

    Parameters
    ----------
    ptx : str
        The text of a single kernel.
    recipe : Recipe
        What it shall compute.

    Returns
    -------
    Finding
        With an empty ``faults`` when the kernel's arithmetic is the recipe's: the same number of additions,
        multiplications, divisions and fused multiply-adds, all in the working type and rounded to nearest; NaN handed
        on by every maximum; one conversion to nearest for each rounding to a 16-bit type; and nothing else.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> paper = get("paper")
    >>> print(audit("  mul.f32 %f1, %f2, %f3;", paper.recipe(paper.defaults, "f32")).faults[0])
    mul.f32 does not say how it rounds
    """
    codes = instructions(ptx)
    counts = Counter(code for code in codes if _is_float(code))
    elements, wide = _stored(codes, recipe)
    faults = [fault for code in dict.fromkeys(codes) for fault in _faults_of(code, recipe)]
    faults += _faults_of_counts(counts, recipe, elements)
    arithmetic = sum(number for code, number in counts.items() if _operation(code) in _ROUNDED)
    return Finding(len(codes), arithmetic, elements, wide, tuple(faults), dict(counts))


def expected(recipe: Recipe) -> tuple[Counter[str], Counter[str]]:
    """Count the rounded operations of a recipe: those of each element, and those that depend on constants alone.

    Subtractions count as additions (PTX may have either, the sign being exact), and what is written twice counts once.
    ``nan`` counts the tests for NaN that the maxima need, one for each value that stands first in one.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> sorted(expected(torch.recipe(torch.defaults, "f32"))[0].items())
    [('abs', 1), ('add', 3), ('div', 1), ('fma', 1), ('max', 1), ('mul', 2), ('nan', 1)]
    """
    each, shared = Counter[str](), Counter[str]()
    inputs, count = 4, len(recipe.leaves)
    uniform = set(range(inputs, count))
    seen: dict[tuple[str, tuple[int, ...]], int] = {}
    tested = set[int]()
    number = list(range(count))
    for operation in recipe.operations:
        key = _key(operation, number)
        known = seen.setdefault(key, len(number))
        if known == len(number):
            name = {"sub": "add"}.get(operation.name, operation.name)
            alone = all(arg in uniform for arg in key[1])
            (shared if alone else each)[name] += 1
            uniform |= {known} if alone else set()
            if name == "max" and key[1][0] not in tested:
                tested.add(key[1][0])
                (shared if key[1][0] in uniform else each)["nan"] += 1
        number.append(known)
    return each, shared


def _key(operation: Operation, number: list[int]) -> tuple[str, tuple[int, ...]]:
    args = tuple(number[arg] for arg in operation.args)
    if operation.name in ("add", "mul"):
        args = tuple(sorted(args))
    if operation.name == "fma":
        args = (*sorted(args[:2]), args[2])
    return operation.name, args


def _operation(code: str) -> str:
    """Name of the recipe operation that an opcode performs, or its own."""
    name, *modifiers = code.split(".")
    return {"sub": "add"}.get(name, name) if modifiers and modifiers[-1] in _FLOATS else ""


def _is_float(code: str) -> bool:
    return any(part in _FLOATS for part in code.split(".")[1:])


def _stored(codes: list[str], recipe: Recipe) -> tuple[int, int]:
    """Return the number of elements stored (p, m and u each), and of accesses that are 16 bytes wide."""
    stored = wide = 0
    for code in codes:
        name, *modifiers = code.split(".")
        if name in ("ld", "st") and ("global" in modifiers or modifiers[0].startswith("v")):
            width = _WIDTHS.get(re.sub(r"\D*", "", modifiers[-1]), 0)
            size = width * next((_VECTOR[part] for part in modifiers if part in _VECTOR), 1)
            wide += size == 16
            stored += size if name == "st" else 0
    return stored * 8 // (3 * recipe.storage_format.width), wide


def _faults_of(code: str, recipe: Recipe) -> list[str]:
    """Return what is wrong with an opcode wherever it stands."""
    name, *modifiers = code.split(".")
    if name == "call":
        return [f"{code} is {_NEVER[name]}"]
    if not _is_float(code):
        return []
    faults = [f"{code} {_SUFFIXES[part]}" for part in modifiers if part in _SUFFIXES]
    faults += [f"{code} is {_NEVER[name]}"] if name in _NEVER else []
    faults += [f"{code} drops NaN; a maximum is written as a selection"] if name in ("max", "min") else []
    if name == "cvt":
        return faults + ([] if code in _CONVERSIONS[recipe.storage] else [f"{code} converts what the recipe does not"])
    if modifiers[-1] != _TYPES[recipe.working]:
        faults.append(f"{code} computes in another type than {recipe.working}")
    if _operation(code) in _ROUNDED and "rn" not in modifiers and not faults:
        faults.append(f"{code} does not say how it rounds")
    return faults


def _faults_of_counts(counts: Counter[str], recipe: Recipe, elements: int) -> list[str]:
    """Return what is wrong with how often each operation occurs."""
    if not elements:
        return ["no element is stored"]
    each, shared = expected(recipe)
    found = Counter[str]()
    for code, number in counts.items():
        found[_operation(code)] += number
    found["nan"] = sum(number for code, number in counts.items() if code.startswith(("setp.nan.", "setp.neu.", "setp.num.")))
    faults = []
    for name in (*_ROUNDED, "abs", "nan"):
        least = elements * each[name] + (shared[name] > 0)
        most = elements * (each[name] + shared[name])
        if not least <= found[name] <= most:
            word = "tests for NaN" if name == "nan" else name
            faults.append(f"{found[name]} {word} for {elements} elements, where the recipe has {each[name]} in each")
    narrowing = _CONVERSIONS[recipe.storage][1]
    rounds, done = elements * each["round"], counts[narrowing] if narrowing else 0
    if narrowing and not rounds <= done <= rounds + 3 * elements:
        faults.append(
            f"{done} conversions to {recipe.storage} for {elements} elements, where the recipe has {each['round']} in each"
        )
    return faults

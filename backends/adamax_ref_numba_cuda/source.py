"""A Numba-CUDA kernel for a recipe, as Python source: each operation a rounded function of libdevice.

Plain operators would not do: NVVM contracts ``a * b + c`` and there is no switch against it. The same source runs
under Numba's CUDA simulator, where :mod:`.twins` stands in for what only a device has.
"""

from string import Template

from adamax_ref.arrays.tables import ALIGNMENT, COLUMNS, WIDE
from adamax_ref.recipe.recipe import Recipe

_KERNEL = Template('''\
def ${name}(tensors, layouts, chunks, constants):
    """Walk one chunk of one parameter; the arguments are addresses of the tables and of the constants."""
    entry = chunks + INT32 * 2 * int64(cuda.blockIdx.x)
    tensor = int64(load_int32(entry))
    first = int64(load_int32(entry + INT32)) << CHUNK_BITS
    row = tensors + INT64 * ${columns} * tensor
    at_p = load_int64(row)
    at_g = load_int64(row + INT64)
    at_m = load_int64(row + 2 * INT64)
    at_u = load_int64(row + 3 * INT64)
    count = min(load_int64(row + 4 * INT64) - first, int64(1) << CHUNK_BITS)
    layout = load_int64(row + 5 * INT64)
    values = constants + WORKING * ${width} * tensor
${constants}
    at = int64(cuda.threadIdx.x)
    if layout == ${wide}:
        packs = count >> LANE_BITS
        pack = at
        while pack < packs:
            offset = ((first + (pack << LANE_BITS)) * STORAGE)
${loads}
${elements}
${stores}
            pack += int64(cuda.blockDim.x)
        at += packs << LANE_BITS
    while at < count:
        step_p = (first + at) * STORAGE
        step_g = step_p
        step_m = step_p
        step_u = step_p
        if layout >= 0:
            place = layouts + INT64 * layout
            axes = load_int64(place)
            rest = first + at
            step_p = int64(0)
            step_g = int64(0)
            step_m = int64(0)
            step_u = int64(0)
            axis = axes
            while axis > 0:
                length = load_int64(place + INT64 * axis)
                index = remainder(rest, length)
                rest = quotient(rest, length)
                step_p += index * load_int64(place + INT64 * (axis + axes))
                step_g += index * load_int64(place + INT64 * (axis + 2 * axes))
                step_m += index * load_int64(place + INT64 * (axis + 3 * axes))
                step_u += index * load_int64(place + INT64 * (axis + 4 * axes))
                axis -= 1
        new_p, new_m, new_u = element(
            load_one(at_p + step_p), load_one(at_g + step_g), load_one(at_m + step_m), load_one(at_u + step_u)${passed}
        )
        store_one(at_p + step_p, new_p)
        store_one(at_m + step_m, new_m)
        store_one(at_u + step_u, new_u)
        at += int64(cuda.blockDim.x)
''')

_ELEMENT = Template('''\
def element(${given}):
    """Compute one element, operation by operation."""
${operations}
    return ${outputs}
''')

_COMMON = {
    "neg": "-{0}",
    "max": "larger({0}, {1})",
    "greater": "greater({0}, {1})",
    "round": "rounded({0})",
    "flush": "flushed({0})",
}
TEMPLATES = {
    "binary32": _COMMON
    | {
        "add": "libdevice.fadd_rn({0}, {1})",
        "sub": "libdevice.fsub_rn({0}, {1})",
        "mul": "libdevice.fmul_rn({0}, {1})",
        "div": "libdevice.fdiv_rn({0}, {1})",
        "fma": "libdevice.fmaf_rn({0}, {1}, {2})",
        "abs": "libdevice.fabsf({0})",
    },
    "binary64": _COMMON
    | {
        "add": "libdevice.dadd_rn({0}, {1})",
        "sub": "libdevice.dadd_rn({0}, -{1})",  # there is no dsub_rn; the negation is exact
        "mul": "libdevice.dmul_rn({0}, {1})",
        "div": "libdevice.ddiv_rn({0}, {1})",
        "fma": "libdevice.fma_rn({0}, {1}, {2})",
        "abs": "libdevice.fabs({0})",
    },
}
"""For each working format how an operation is written; ``_rn`` is rounding to nearest, ties to even."""


def lanes(recipe: Recipe) -> int:
    """Return how many elements of the storage type a 16-byte access holds."""
    return ALIGNMENT * 8 // recipe.storage_format.width


def element_source(recipe: Recipe) -> str:
    """Return the function of one element.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> dialect = get("paper")
    >>> print(element_source(dialect.recipe(dialect.defaults, "f32")).splitlines()[2])
        v_v1 = libdevice.fmul_rn(v_beta1, v_m)
    """
    rows = recipe.lines(TEMPLATES[recipe.working], rename=lambda name: f"v_{name}")
    return _ELEMENT.substitute(
        given=", ".join(f"v_{name}" for name in recipe.leaves),
        operations="\n".join(f"    {name} = {expression}" for name, expression in rows),
        outputs=", ".join(f"v_{recipe.names[value]}" for value in recipe.outputs),
    )


def kernel_source(recipe: Recipe, name: str) -> str:
    """Return the kernel that calls ``element`` for every element of its chunk.

    Called with one block of ``THREADS`` threads for each row of ``chunks``; its four arguments are addresses: of the
    three arrays of :class:`adamax_ref.arrays.tables.Table`, and of a row of constants for each row of ``tensors``.
    """
    lane = range(lanes(recipe))
    passed = "".join(f", c_{constant}" for constant in recipe.constants)
    deep = " " * 12
    return _KERNEL.substitute(
        name=name,
        columns=len(COLUMNS),
        wide=WIDE,
        width=len(recipe.constants),
        passed=passed,
        constants="\n".join(
            f"    c_{constant} = load_working(values + {at} * WORKING)" for at, constant in enumerate(recipe.constants)
        ),
        loads="\n".join(f"{deep}{_pack(of, lane)} = load_pack(at_{of} + offset)" for of in "pgmu"),
        elements="\n".join(f"{deep}p{k}, m{k}, u{k} = element(p{k}, g{k}, m{k}, u{k}{passed})" for k in lane),
        stores="\n".join(f"{deep}store_pack(at_{of} + offset, ({_pack(of, lane)}))" for of in "pmu"),
    )


def _pack(of: str, lane: range) -> str:
    return ", ".join(f"{of}{k}" for k in lane)

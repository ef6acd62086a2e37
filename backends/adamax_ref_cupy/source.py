"""CUDA C for a recipe: each operation its own rounded intrinsic, wrapped in one kernel that walks the tables.

The kernel is never typed by hand: :func:`kernel_source` prints the recipe's operations into a frame that knows only
how to find elements (:mod:`adamax_ref.arrays.tables`). Intrinsics such as ``__fmul_rn`` are never contracted, whatever the
compiler's options; the frame around them holds no floating-point arithmetic at all.
"""

import hashlib
from string import Template

from adamax_ref.arrays.tables import ALIGNMENT, COLUMNS, WIDE
from adamax_ref.recipe.recipe import Recipe
from adamax_ref_cuda.geometry import CHUNK, THREADS

PROLOGUE = """// Made from a recipe; see adamax_ref_cupy.source.
#pragma nv_diag_suppress 177  // not every kernel needs every conversion
#if defined(__CUDACC__)
static __device__ __forceinline__ float adamax_from_binary16(unsigned short x)
{
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
    return y;
}
static __device__ __forceinline__ unsigned short adamax_to_binary16(float x)
{
    unsigned short y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}
static __device__ __forceinline__ unsigned short adamax_to_bfloat16(float x)
{
    unsigned short y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}
#endif
"""
"""What stands once at the head of a source file: conversions that CUDA C has no name for without its headers."""

_KERNEL = Template("""
/* ${name}
${text}
*/
namespace ${name}_parts {

typedef ${working} Working;
typedef ${stored} Storage;
enum { LANES = ${lanes}, CHUNK = ${chunk}, THREADS = ${threads}, WIDTH = ${width} };
union Pack { uint4 whole; Storage lane[LANES]; };

static __device__ __forceinline__ Working widen(Storage x) { return ${widen}; }
static __device__ __forceinline__ Storage narrow(Working x) { return ${narrow}; }
static __device__ __forceinline__ Working larger(Working a, Working b) { return a >= b || a != a ? a : b; }
static __device__ __forceinline__ Working greater(Working a, Working b) { return a < b ? b : a; }
static __device__ __forceinline__ Working flush(Working x) { return ${flush}; }

static __device__ __forceinline__ void element(
    const Working (&constant)[WIDTH + 1], Storage &stored_p, Storage stored_g, Storage &stored_m, Storage &stored_u)
{
    const Working r_p = widen(stored_p), r_g = widen(stored_g), r_m = widen(stored_m), r_u = widen(stored_u);
${constants}
${operations}
    stored_p = narrow(${p});
    stored_m = narrow(${m});
    stored_u = narrow(${u});
}

template <class Unit> static __device__ __forceinline__ Unit load(long long address)
{
    return __ldcg(reinterpret_cast<const Unit *>(address));
}
template <class Unit> static __device__ __forceinline__ void store(long long address, Unit value)
{
    __stcg(reinterpret_cast<Unit *>(address), value);
}

// Byte offsets of element `at` from the four addresses of a row.
static __device__ __forceinline__ void locate(
    const long long *layouts, long long layout, long long at, long long (&offset)[4])
{
    if (layout < 0) {
        offset[0] = offset[1] = offset[2] = offset[3] = at * (long long)sizeof(Storage);
        return;
    }
    const long long axes = layouts[layout];
    const long long *lengths = layouts + layout + 1, *strides = lengths + axes;
    offset[0] = offset[1] = offset[2] = offset[3] = 0;
#pragma unroll 1
    for (long long axis = axes - 1; axis >= 0; --axis) {
        const long long index = at % lengths[axis];
        at /= lengths[axis];
        offset[0] += index * strides[axis];
        offset[1] += index * strides[axes + axis];
        offset[2] += index * strides[2 * axes + axis];
        offset[3] += index * strides[3 * axes + axis];
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(${threads}) ${name}(
    const long long *tensors, const long long *layouts, const int *chunks, const ${working} *constants)
{
    using namespace ${name}_parts;
    const int tensor = chunks[2 * blockIdx.x];
    const long long first = (long long)chunks[2 * blockIdx.x + 1] * CHUNK;
    const long long *row = tensors + ${columns} * (long long)tensor;
    const long long at_p = row[0], at_g = row[1], at_m = row[2], at_u = row[3], layout = row[5];
    const int count = (int)(row[4] - first < CHUNK ? row[4] - first : CHUNK);
    Working constant[WIDTH + 1];
#pragma unroll
    for (int k = 0; k < WIDTH; ++k)
        constant[k] = constants[WIDTH * (long long)tensor + k];

    int at = (int)threadIdx.x;
    if (layout == ${wide}) {
        const int packs = count / LANES;
#pragma unroll 1
        for (int pack = at; pack < packs; pack += THREADS) {
            const long long offset = (first + (long long)pack * LANES) * (long long)sizeof(Storage);
            Pack p, g, m, u;
            p.whole = load<uint4>(at_p + offset);
            g.whole = load<uint4>(at_g + offset);
            m.whole = load<uint4>(at_m + offset);
            u.whole = load<uint4>(at_u + offset);
#pragma unroll
            for (int k = 0; k < LANES; ++k)
                element(constant, p.lane[k], g.lane[k], m.lane[k], u.lane[k]);
            store<uint4>(at_p + offset, p.whole);
            store<uint4>(at_m + offset, m.whole);
            store<uint4>(at_u + offset, u.whole);
        }
        at += packs * LANES;
    }
#pragma unroll 1
    for (; at < count; at += THREADS) {
        long long offset[4];
        locate(layouts, layout, first + at, offset);
        Storage p = load<Storage>(at_p + offset[0]), m = load<Storage>(at_m + offset[2]);
        Storage u = load<Storage>(at_u + offset[3]);
        element(constant, p, load<Storage>(at_g + offset[1]), m, u);
        store<Storage>(at_p + offset[0], p);
        store<Storage>(at_m + offset[2], m);
        store<Storage>(at_u + offset[3], u);
    }
}
""")

_COMMON = {
    "neg": "-{0}",
    "max": "larger({0}, {1})",
    "greater": "greater({0}, {1})",
    "round": "widen(narrow({0}))",
    "flush": "flush({0})",
}
TEMPLATES = {
    "binary32": _COMMON
    | {
        "add": "__fadd_rn({0}, {1})",
        "sub": "__fsub_rn({0}, {1})",
        "mul": "__fmul_rn({0}, {1})",
        "div": "__fdiv_rn({0}, {1})",
        "fma": "__fmaf_rn({0}, {1}, {2})",
        "abs": "fabsf({0})",
    },
    "binary64": _COMMON
    | {
        "add": "__dadd_rn({0}, {1})",
        "sub": "__dsub_rn({0}, {1})",
        "mul": "__dmul_rn({0}, {1})",
        "div": "__ddiv_rn({0}, {1})",
        "fma": "__fma_rn({0}, {1}, {2})",
        "abs": "fabs({0})",
    },
}
"""For each working format how an operation is written; ``_rn`` is rounding to nearest, ties to even."""

_WORKING = {
    "binary32": ("float", "(__float_as_uint(x) & 0x7f800000u) ? x : __uint_as_float(__float_as_uint(x) & 0x80000000u)"),
    "binary64": (
        "double",
        "(__double_as_longlong(x) & 0x7ff0000000000000ll) ? x"
        " : __longlong_as_double(__double_as_longlong(x) & (long long)0x8000000000000000ull)",
    ),
}
_STORAGE = {
    "binary64": ("double", "x", "x"),
    "binary32": ("float", "x", "x"),
    "binary16": ("unsigned short", "adamax_from_binary16(x)", "adamax_to_binary16(x)"),
    "bfloat16": ("unsigned short", "__uint_as_float((unsigned int)x << 16)", "adamax_to_bfloat16(x)"),
}


def kernel_name(recipe: Recipe) -> str:
    """Name of a recipe's kernel, as profilers show it; equal recipes, equal names.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> dialect = get("torch")
    >>> kernel_name(dialect.recipe(dialect.defaults, "f32")).startswith("adamax_binary32_")
    True
    """
    return f"adamax_{recipe.storage}_{hashlib.sha256(str(recipe).encode()).hexdigest()[:12]}"


def lanes(recipe: Recipe) -> int:
    """Return how many elements of the storage type a 16-byte access holds."""
    return ALIGNMENT * 8 // recipe.storage_format.width


def kernel_source(recipe: Recipe) -> str:
    """Return the kernel of a recipe as CUDA C, to stand behind :data:`PROLOGUE`; several may follow each other.

    The kernel is called with one block of ``THREADS`` threads for each row of ``chunks``::

        kernel(tensors, layouts, chunks, constants)

    with the three arrays of :class:`adamax_ref.arrays.tables.Table` and, in the working type, a row of constants for each
    row of ``tensors``.

    Raises
    ------
    KeyError
        When the recipe computes in a format that CUDA C has no arithmetic for.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> dialect = get("torch")
    >>> print([line.strip() for line in kernel_source(dialect.recipe(dialect.defaults, "f32")).splitlines() if "fma" in line][1])
    const Working r_m_new = __fmaf_rn(r_weight, r_v1, r_m);
    """
    working, flush = _WORKING[recipe.working]
    stored, widen, narrow = _STORAGE[recipe.storage]
    p, m, u = (f"r_{recipe.names[value]}" for value in recipe.outputs)
    return _KERNEL.substitute(
        name=kernel_name(recipe),
        text=str(recipe),
        working=working,
        flush=flush,
        stored=stored,
        widen=widen,
        narrow=narrow,
        lanes=lanes(recipe),
        chunk=CHUNK,
        threads=THREADS,
        columns=len(COLUMNS),
        wide=WIDE,
        width=len(recipe.constants),
        constants="\n".join(f"    const Working r_{name} = constant[{at}];" for at, name in enumerate(recipe.constants)),
        operations=_operations(recipe),
        p=p,
        m=m,
        u=u,
    )


def _operations(recipe: Recipe) -> str:
    rows = recipe.lines(TEMPLATES[recipe.working], rename=lambda name: f"r_{name}")
    return "\n".join(f"    const Working {name} = {expression};" for name, expression in rows)

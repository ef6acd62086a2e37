"""A recipe printed as the Python source that Numba compiles.

Three functions: ``dense`` walks a line of elements that lie side by side, ``strided`` one with steps between them, and
``step``, which any number of threads may run at once, takes pieces of the tables of :mod:`adamax_ref.arrays.tables` until none
is left and sends each chunk to one of the two. The recipe's operations stand in the order in which they were traced;
nothing in the text allows the compiler to change it.
"""

from adamax_ref.recipe.recipe import INPUTS, OUTPUTS, Recipe

_TEMPLATES = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "fma": "fma({0}, {1}, {2})",
    "neg": "-{0}",
    "abs": "abs({0})",
    "max": "{0} if {0} >= {1} or {0} != {0} else {1}",
    "greater": "{1} if {0} < {1} else {0}",
    "flush": "{0} * ZERO if abs({0}) < NORMAL else {0}",
}
_STORAGE = {  # item type in memory, how to load it, how to round to it, how to store what is rounded
    "binary64": ("float64", "{}", "{}", "{}"),
    "binary32": ("float32", "{}", "{}", "{}"),
    "binary16": ("uint16", "half_to_single({})", "half_to_single(single_to_half({}))", "single_to_half({})"),
    "bfloat16": ("uint16", "upper_to_single({})", "rounded_to_upper({})", "single_to_upper({})"),
}

PLAN, ORDER = 9, 3
"""Words of a plan and of an order; see :func:`source`."""

_TEXT = '''\
"""Generated from a recipe; do not edit.

{recipe}
"""

import numpy as np
from numba import carray, njit, types

from adamax_ref.arrays.fused import fma
from adamax_ref_numba.intrinsics import (
    fetch_add,
    half_to_single,
    pointer,
    rounded_to_upper,
    single_to_half,
    single_to_upper,
    upper_to_single,
)

ITEM = types.{item}
NORMAL = np.{working}({normal})
ZERO = np.{working}(0)


@njit(error_model="numpy", nogil=True)
def dense(p_at, g_at, m_at, u_at, count, constants):
    {unpack}
    ps, gs = carray(pointer(p_at, ITEM), count), carray(pointer(g_at, ITEM), count)
    ms, us = carray(pointer(m_at, ITEM), count), carray(pointer(u_at, ITEM), count)
    for at in range(count):
        p, g, m, u = {load_dense}
{body}
        ps[at], ms[at], us[at] = {save}


@njit(error_model="numpy", nogil=True)
def strided(p_at, g_at, m_at, u_at, p_step, g_step, m_step, u_step, count, constants):
    {unpack}
    for at in range(count):
        ps, gs = carray(pointer(p_at + at * p_step, ITEM), 1), carray(pointer(g_at + at * g_step, ITEM), 1)
        ms, us = carray(pointer(m_at + at * m_step, ITEM), 1), carray(pointer(u_at + at * u_step, ITEM), 1)
        p, g, m, u = {load_strided}
{body}
        ps[0], ms[0], us[0] = {save}


@njit(error_model="numpy", nogil=True)
def lines(row, layouts, first, last, constants):
    """Walk elements `first` to `last` of one parameter, a run along its innermost axis at a time."""
    place = row[5]
    axes = layouts[place]
    lengths, steps = layouts[place + 1 : place + 1 + axes], layouts[place + 1 + axes : place + 1 + 5 * axes]
    at = first
    while at < last:
        p_at, g_at, m_at, u_at = row[0], row[1], row[2], row[3]
        rest = at
        for back in range(axes):
            axis = axes - 1 - back
            index = rest % lengths[axis]
            rest //= lengths[axis]
            p_at += index * steps[axis]
            g_at += index * steps[axes + axis]
            m_at += index * steps[2 * axes + axis]
            u_at += index * steps[3 * axes + axis]
        inner = axes - 1
        count = min(last - at, lengths[inner] - at % lengths[inner])
        p_step, g_step, m_step, u_step = steps[inner], steps[axes + inner], steps[2 * axes + inner], steps[3 * axes + inner]
        strided(p_at, g_at, m_at, u_at, p_step, g_step, m_step, u_step, count, constants)
        at += count


@njit("void(int64, int64)", error_model="numpy", nogil=True, cache={cache})
def step(plan, order):
    """Take piece after piece until none is left; the order counts those that any thread has taken."""
    words, given = carray(pointer(plan, types.int64), {plan}), carray(pointer(order, types.int64), {order})
    tensors, layouts = carray(pointer(words[0], types.int64), (words[1], 6)), carray(pointer(words[2], types.int64), words[3])
    chunks, chunk = carray(pointer(words[4], types.int32), (words[5], 2)), words[6]
    cuts, pieces = carray(pointer(words[7], types.int64), words[8]), words[8] - 1
    rows, constants_at = given[0], given[1]
    counter = order + 16
    piece = fetch_add(counter, 1)
    while piece < pieces:
        for at in range(cuts[piece], cuts[piece + 1]):
            tensor, number = chunks[at]
            row = tensors[tensor]
            first = number * chunk
            last = min(first + chunk, row[4])
            which = carray(pointer(rows, types.int64), tensor + 1)[tensor] if rows else 0
            constants = carray(pointer(constants_at + which * {stride}, types.{working}), {count})
            if row[5] < 0:
                skip = first * {itemsize}
                dense(row[0] + skip, row[1] + skip, row[2] + skip, row[3] + skip, last - first, constants)
            else:
                lines(row, layouts, first, last, constants)
        piece = fetch_add(counter, 1)
'''


def source(recipe: Recipe, cache: bool) -> str:
    r"""Return the text of a module with a function ``step(plan, order)``.

    Both arguments are addresses of int64 words, since each array that is passed costs a small step as much as its
    arithmetic. The plan holds addresses and lengths of the tables: ``tensors``, ``layouts``, ``chunks``, the size of a
    chunk, ``cuts``. The order holds the address of each parameter's row number (0 where all have row 0), the address of
    the rows of constants, and the number of pieces that are taken.

    Parameters
    ----------
    recipe : Recipe
        What to do with each element.
    cache : bool
        Whether the text will lie in a file, so that compiled code can be cached beside it.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> torch = get("torch")
    >>> print(source(torch.recipe(torch.defaults, "f32"), cache=False).split("at]\n")[1].split("ps[at]")[0])
            v1 = g - m
            m_new = fma(weight, v1, m)
            v3 = u * beta2
            v4 = abs(g)
            v5 = v4 + eps
            u_new = v3 if v3 >= v5 or v3 != v3 else v5
            v7 = minus_rate * m_new
            v8 = v7 / u_new
            p_new = p + v8
    <BLANKLINE>
    """
    item, load, rounded, save = _STORAGE[recipe.storage]
    lines = recipe.lines(_TEMPLATES | {"round": rounded}, _local)
    names = [_local(name) for name in recipe.names]
    return _TEXT.format(
        recipe=recipe,
        cache=cache,
        item=item,
        itemsize=recipe.storage_format.width // 8,
        plan=PLAN,
        order=ORDER,
        count=len(recipe.constants),
        stride=len(recipe.constants) * recipe.working_format.width // 8,
        working=f"float{recipe.working_format.width}",
        normal=repr(recipe.working_format.smallest_normal),
        unpack="\n    ".join(f"{_local(name)} = constants[{at}]" for at, name in enumerate(recipe.constants)) or "pass",
        load_dense=", ".join(load.format(f"{name}s[at]") for name in INPUTS),
        load_strided=", ".join(load.format(f"{name}s[0]") for name in INPUTS),
        body="\n".join(f"        {name} = {text}" for name, text in lines),
        save=", ".join(save.format(names[value]) for _, value in zip(OUTPUTS, recipe.outputs, strict=True)),
    )


def _local(name: str) -> str:
    return name

"""Tables of addresses, layouts and chunks: checked by walking them as a kernel would."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref.arrays.tables import ALIGNMENT, DENSE, WIDE, Buffer, Quad, Table, build, collapse, ghost

Array = np.ndarray[Any, Any]


def buffer(array: Array) -> Buffer:
    return Buffer(array.__array_interface__["data"][0], array.shape, array.strides)


def quad_of(*arrays: Array) -> Quad:
    p, g, m, u = (buffer(array) for array in arrays)
    return p, g, m, u


def lying_at(offset: int, shape: tuple[int, ...] = (8,), itemsize: int = 4) -> Quad:
    """Four dense buffers in far places, each `offset` bytes off a 16-byte boundary."""
    steps = np.empty(shape, dtype=f"V{itemsize}").strides
    p, g, m, u = (Buffer(base * 2**20 + offset, shape, steps) for base in (1, 2, 3, 4))
    return p, g, m, u


def addresses_walked(table: Table, itemsize: int) -> list[tuple[int, ...]]:
    """Return what a kernel that reads these tables touches: the four addresses of every element, in order."""
    touched = []
    for tensor, number in table.chunks.tolist():
        *starts, size, layout = table.tensors[tensor].tolist()
        for at in range(number * table.chunk, min((number + 1) * table.chunk, size)):
            if layout < 0:
                touched.append(tuple(start + at * itemsize for start in starts))
                continue
            axes = int(table.layouts[layout])
            lengths = table.layouts[layout + 1 : layout + 1 + axes]
            index = np.unravel_index(at, tuple(lengths.tolist()))
            steps = table.layouts[layout + 1 + axes : layout + 1 + 5 * axes].reshape(4, axes)
            touched.append(tuple(int(start + np.dot(index, step)) for start, step in zip(starts, steps, strict=True)))
    return touched


def addresses_meant(arrays: tuple[Array, ...]) -> set[tuple[int, ...]]:
    """Return the four addresses of every element, from NumPy's own indexing."""
    return {tuple(buffer(array[(*index, ...)]).address for array in arrays) for index in np.ndindex(arrays[0].shape)}


views = st.sampled_from(
    [
        lambda a: a,
        lambda a: a.T,
        lambda a: a[::-1],
        lambda a: a[:, ::2],
        lambda a: a[1:, ::-2],
        lambda a: a.T[::-1, 1:],
        lambda a: a[:1],
        lambda a: a[:0],
        lambda a: a[0, 0, ...],
    ]
)


@settings(deadline=None, max_examples=60)
@given(view=views, order=st.tuples(*[st.sampled_from("CF")] * 4), chunk=st.sampled_from([4, 8, 64]))
def test_a_walk_meets_every_element_once_and_keeps_the_four_arrays_together(view: Any, order: tuple[str, ...], chunk: int) -> None:
    arrays = tuple(view(np.zeros((5, 6), dtype=np.float32, order=o)) for o in order)  # type: ignore[call-overload]
    touched = addresses_walked(build([quad_of(*arrays)], 4, chunk), 4)
    assert len(touched) == len(set(touched))
    assert set(touched) == addresses_meant(arrays)


def test_dense_arrays_of_any_axis_order_and_direction_become_a_line() -> None:
    base = np.zeros((4, 6))
    for a in (base, base.T, base[::-1], base[::-1, ::-1], base[:, None]):
        walk = collapse(a.shape, (a.strides,) * 4)
        assert walk.dense(8) and walk.shape == (24,)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33])
def test_chunks_cover_each_size_with_one_short_tail(size: int) -> None:
    table = build([lying_at(0, (size,))], 4, 8)
    assert len(table.chunks) == math.ceil(size / 8)
    assert len(addresses_walked(table, 4)) == size


def test_chunks_of_many_parameters_follow_each_other_and_skip_empty_ones() -> None:
    sizes = [3, 0, 8, 9, 1]
    quads = [tuple(Buffer(2**20 * (4 * n + k), (size,), (4,)) for k in range(1, 5)) for n, size in enumerate(sizes)]
    table = build(quads, 4, 8)  # type: ignore[arg-type]
    assert table.chunks.tolist() == [[0, 0], [2, 0], [3, 0], [3, 1], [4, 0]]
    assert table.tensors[:, 4].tolist() == sizes


@pytest.mark.parametrize("offset", range(0, 2 * ALIGNMENT, 4))
def test_only_sixteen_byte_addresses_are_wide(offset: int) -> None:
    assert build([lying_at(offset)], 4, 8).tensors[0, 5] == (WIDE if offset % ALIGNMENT == 0 else DENSE)


@pytest.mark.parametrize("odd", range(4))
def test_one_misaligned_buffer_of_four_is_enough_to_forbid_wide_access(odd: int) -> None:
    quad = list(lying_at(0))
    quad[odd] = quad[odd]._replace(address=quad[odd].address + 4)
    assert build([tuple(quad)], 4, 8).tensors[0, 5] == DENSE  # type: ignore[list-item]


def test_a_chunk_that_would_shift_the_alignment_is_refused() -> None:
    with pytest.raises(ValueError, match="a chunk of 6 elements of 4 bytes is no multiple of 16 bytes"):
        build([lying_at(0)], 4, 6)


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in range(4) for b in range(4) if a != b])
def test_two_buffers_of_one_parameter_may_not_overlap(one: int, other: int) -> None:
    quad = list(lying_at(0))
    quad[one] = quad[other]._replace(address=quad[other].address + 16)
    with pytest.raises(ValueError, match="shares memory with another one"):
        build([tuple(quad)], 4, 8)  # type: ignore[list-item]


def test_gradients_may_share_their_memory_and_broadcast() -> None:
    p, g, m, u = lying_at(0)
    p2, _, m2, u2 = (b._replace(address=b.address + 4096) for b in lying_at(0))
    flat = g._replace(strides=(0,))
    assert build([(p, g, m, u), (p2, g, m2, u2)], 4, 8).tensors[:, 5].tolist() == [WIDE, WIDE]
    assert len(addresses_walked(build([(p, flat, m, u)], 4, 8), 4)) == 8


def test_the_same_parameter_twice_in_one_call_is_refused() -> None:
    with pytest.raises(ValueError, match="shares memory"):
        build([lying_at(0), lying_at(0)], 4, 8)


def test_real_and_imaginary_parts_interleave_without_overlapping() -> None:
    arrays = [np.zeros(9, dtype=np.complex64) for _ in range(4)]
    quads = [quad_of(*(a.real for a in arrays)), quad_of(*(a.imag for a in arrays))]
    table = build(quads, 4, 8)
    assert len(set(addresses_walked(table, 4))) == 18


def test_a_ghost_is_never_read_and_knows_its_strides() -> None:
    shadow = ghost(Buffer(16, (3, 4), (64, -8)), 8)
    assert shadow.strides == (64, -8) and shadow.__array_interface__["data"][0] == 16

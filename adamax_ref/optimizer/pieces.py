"""Real buffers from a parameter's arrays: parts of complex numbers, and pieces that have recipes of their own.

A framework may compute what its vector loop leaves over by another recipe (see
:attr:`~adamax_ref.recipe.dialect.Dialect.vector`). Where that makes a difference an array is cut: the loop runs along the
innermost axes that lie in memory without gaps, and the last elements of each run are its tail.
"""

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from adamax_ref.arrays.types import Array, Arrays, HostArray
from adamax_ref.backend import Pieces

from .tensors import is_tensor


def cut(arrays: Arrays, vector: int) -> Pieces:
    """Cut arrays of equal shape, `p` and `g` first, into what full vectors of `vector` elements take, and what is left over.

    Returns
    -------
    body, tail : list of tuple
        Views where the arrays are NumPy's, new arrays otherwise; empty pieces are left out.

    Examples
    --------
    >>> x = np.zeros((2, 40))
    >>> body, tail = cut((x, x, x, x), 32)
    >>> [piece[0].shape for piece in body], [piece[0].shape for piece in tail]
    ([(64,)], [(16,)])
    >>> rows = np.zeros((2, 50))[:, :40]
    >>> [piece[0].shape for piece in cut((rows, rows, rows, rows), 32)[1]]
    [(2, 8)]
    """
    runs = _runs(arrays)
    edge = runs[0].shape[-1] // vector * vector
    if _walked(arrays[0]) and not _innermost_without_gaps(runs[:2]):
        edge = 0
    pieces: list[Arrays] = [tuple(run[..., part] for run in runs) for part in (slice(None, edge), slice(edge, None))]
    body, tail = ([piece] if 0 not in piece[0].shape else [] for piece in pieces)
    return body, tail


def paste(pieces: Arrays, like: Array) -> Array:
    """Put together one array that :func:`cut` took apart and that has no memory of its own to be written to."""
    xp = namespace(like)
    whole: Array = xp.reshape(xp.concat(pieces) if pieces else like, like.shape)
    return whole


def namespace(array: Array) -> ModuleType:
    """Return the module with an array's functions: torch itself for a tensor, a wrapper where an array does not name one."""
    if is_tensor(array):
        return sys.modules["torch"]
    if hasattr(array, "__array_namespace__"):
        own: ModuleType = array.__array_namespace__()
        return own
    from array_api_compat import array_namespace  # for Dask, whose functions have names of their own

    wrapper: ModuleType = array_namespace(array)
    return wrapper


def _runs(arrays: Sequence[Any]) -> Sequence[Any]:
    """Order the axes as they lie in memory and merge the innermost ones as far as all arrays allow."""
    if not _walked(arrays[0]):
        return [namespace(array).reshape(array, (-1,)) for array in arrays]
    order = sorted(range(arrays[0].ndim), key=lambda axis: -abs(arrays[0].strides[axis]))
    views = [np.atleast_1d(array.transpose(order)) for array in arrays]
    while views[0].ndim > 1 and all(_mergeable(view) for view in views):
        views = [_merged(view) for view in views]
    return views


def _walked(array: object) -> bool:
    """Return whether an array is updated through views of its memory; others are taken in the order of their indices."""
    return isinstance(array, np.ndarray) and array.flags.writeable


def _mergeable(view: HostArray) -> bool:
    outer, inner = view.strides[-2:]
    return 1 in view.shape[-2:] or bool(outer == inner * view.shape[-1])


def _merged(view: HostArray) -> HostArray:
    merged = view.view()
    merged.shape = (*view.shape[:-2], view.shape[-2] * view.shape[-1])
    return merged


def _innermost_without_gaps(views: Sequence[HostArray]) -> bool:
    # A stride of 0, as in an expanded gradient, is one number that fills the whole vector.
    return all(view.strides[-1] in (0, view.itemsize) or view.shape[-1] == 1 for view in views)

"""Nested dictionaries, lists and tuples of arrays, for the pure form of the optimizer."""

from collections.abc import Callable, Hashable, Iterator
from typing import Any

Path = tuple[Hashable, ...]


def leaves(tree: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield everything in a tree that is no dictionary, list or tuple, with the way to it; None is a leaf.

    Examples
    --------
    >>> list(leaves({"a": [1, None], "b": 2}))
    [(('a', 0), 1), (('a', 1), None), (('b',), 2)]
    """
    if isinstance(tree, dict):
        items: Any = tree.items()
    elif isinstance(tree, (list, tuple)):
        items = enumerate(tree)
    else:
        yield path, tree
        return
    for key, value in items:
        yield from leaves(value, (*path, key))


def map_tree(function: Callable[..., object], tree: object, *others: object) -> Any:
    """Return a tree of the same shape with ``function(leaf, *leaves of the others)`` in it.

    Raises
    ------
    ValueError
        When another tree lacks a place that the first one has.

    Examples
    --------
    >>> map_tree(lambda a, b: a + b, {"a": (1, 2)}, {"a": (10, 20)})
    {'a': (11, 22)}
    """

    def build(node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            return {key: build(value, (*path, key)) for key, value in node.items()}
        if isinstance(node, (list, tuple)):
            parts = [build(value, (*path, at)) for at, value in enumerate(node)]
            return type(node)(*parts) if hasattr(node, "_fields") else type(node)(parts)
        return function(node, *(_at(other, path) for other in others))

    return build(tree, ())


def _at(tree: Any, path: Path) -> Any:
    """Return what stands at the end of a way; a None on the way stands for a whole tree of None.

    Examples
    --------
    >>> _at({"a": [1, 2]}, ("a", 1)), _at({"a": None}, ("a", 1))
    (2, None)
    """
    for key in path:
        if tree is None:
            return None
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"the trees differ: there is no {key!r} on the way {path!r}") from error
    return tree

"""Trees of any framework as leaves with paths.

Nodes are dictionaries, lists, tuples, named tuples and dataclasses; a list of variables counts as the
dictionary of their names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any


def leaves_of(tree: object) -> dict[str, object]:
    """Return the leaves of a tree by their paths: keys, fields and positions, with dots between.

    Parameters
    ----------
    tree : tree
        A list of variables that have a ``name`` counts as the dictionary of these names.

    Raises
    ------
    ValueError
        When two leaves have the same path, or two variables the same name.

    Examples
    --------
    >>> leaves_of({"layers": [{"weight": 1.0}], "step": 3, "idle": None})
    {'layers.0.weight': 1.0, 'step': 3}
    """
    leaves: dict[str, object] = {}
    for path, leaf in _walk(tree, ""):
        if path in leaves:
            twice = f"two leaves of the state have the path {path!r}"
            raise ValueError(f"{twice}; pass a state whose keys hold no dots")
        leaves[path] = leaf
    return leaves


def with_leaves(tree: Any, leaves: Mapping[str, object], path: str = "") -> Any:
    """Return a tree of the same structure with the leaves whose paths are given replaced.

    Examples
    --------
    >>> with_leaves(({"w": 1.0}, 2), {"0.w": 5.0})
    ({'w': 5.0}, 2)
    """
    children = _children(tree)
    if children is None:
        return leaves.get(path, tree)
    new = {key: with_leaves(child, leaves, _joined(path, key)) for key, child in children.items()}
    if isinstance(tree, Mapping):
        # Every kind of mapping that is in use is made of another one.
        return new if type(tree) is dict else type(tree)(new)  # type: ignore[call-arg]
    if hasattr(tree, "_replace"):
        return tree._replace(**new)
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(tree, **new)
    return new if _are_variables(tree) else type(tree)(new.values())


def nested(leaves: Mapping[str, object], lists: bool) -> object:
    """Return the tree that leaves stand for: dictionaries and, if `lists`, lists where keys count up.

    Examples
    --------
    >>> nested({"layers.0.w": 1.0, "layers.1.w": 2.0}, lists=True)
    {'layers': [{'w': 1.0}, {'w': 2.0}]}
    >>> nested({"layers.0.w": 1.0}, lists=False)
    {'layers': {0: {'w': 1.0}}}
    """
    root: dict[str, Any] = {}
    for path, leaf in leaves.items():
        *parents, last = path.split(".")
        at = root
        for parent in parents:
            at = at.setdefault(parent, {})
            if not isinstance(at, dict):
                below = f"{path!r} lies below another leaf"
                raise ValueError(f"{below}; give the parameters other names")
        if last in at:
            raise ValueError(f"{path!r} lies above another leaf; give the parameters other names")
        at[last] = leaf
    return _finished(root, lists)


def _finished(branch: Any, lists: bool) -> Any:
    if not isinstance(branch, dict):
        return branch
    children = {key: _finished(child, lists) for key, child in branch.items()}
    if not lists:
        return {int(key) if key.isdecimal() else key: child for key, child in children.items()}
    numbers = [str(number) for number in range(len(children))]
    return [children[key] for key in numbers] if set(children) == set(numbers) else children


def _walk(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = _children(tree)
    if children is not None:
        for key, child in children.items():
            yield from _walk(child, _joined(path, key))
    elif tree is not None:
        yield path, tree


def _children(tree: Any) -> dict[Any, Any] | None:
    """Return what a node holds, by key; None for a leaf."""
    if isinstance(tree, Mapping):
        return dict(tree)
    if hasattr(tree, "_asdict"):
        return dict(tree._asdict())
    if _are_variables(tree):
        return _by_name(tree)
    if isinstance(tree, (list, tuple)):
        return dict(enumerate(tree))
    if is_dataclass(tree) and not isinstance(tree, type):
        return {field.name: getattr(tree, field.name) for field in fields(tree)}
    return None


def _are_variables(tree: Any) -> bool:
    if not isinstance(tree, (list, tuple)) or not tree:
        return False
    names = [getattr(item, "name", None) for item in tree if hasattr(item, "dtype")]
    return len(names) == len(tree) and all(isinstance(name, str) for name in names)


def _by_name(variables: Any) -> dict[Any, Any]:
    named = {variable.name: variable for variable in variables}
    if len(named) < len(variables):
        names = [variable.name for variable in variables]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two variables of the state have the name {twice!r}; give them others")
    return named


def _joined(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)

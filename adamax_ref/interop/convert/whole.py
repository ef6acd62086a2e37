"""The state of a whole optimizer from one framework to another's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, final

import numpy as np

from adamax_ref.recipe.hyper import Hyperparameters

from .arrays import host
from .conversion import Conversion, Side
from .groups import Group, by_number, read_groups, regrouped, write_groups
from .locate import Located, leaves_of_parameter, locate
from .loss import Kind, Loss, losses
from .single import Converted, read, write
from .tree import leaves_of, nested, with_leaves

Conversions = dict[str, Conversion]


@final
@dataclass(frozen=True)
class ConvertedAll:
    """The state of an optimizer in another framework's form.

    Attributes
    ----------
    state : tree
        In the target's form; arrays are new and NumPy's.
    parameters : mapping of str to Converted
        Each parameter by its name in the target.
    losses : tuple of Loss
        What does not carry over, of any parameter, each once.
    """

    state: Any
    parameters: Mapping[str, Converted]
    losses: tuple[Loss, ...]


def convert_all(
    source: str,
    target: str,
    state: Any,
    hyper: Hyperparameters | None = None,
    *,
    step: int | Mapping[str, int] | None = None,
    common_step: int | None = None,
    names: Mapping[str, str] | Sequence[str] | None = None,
    like: Any = None,
) -> ConvertedAll:
    """Turn the state of a whole optimizer from one framework into another's.

    Parameters
    ----------
    source, target : str
        Names of dialects, as in :func:`~adamax_ref.interop.convert.convert`.
    state : tree
        In the source's form, with arrays of any framework; the page *Move a run from one
        framework to another* has a recipe for each framework.
    hyper : Hyperparameters, optional
        Of the run, which is assumed to go on with the same; needed unless ``param_groups`` have
        them all.
    step : int or mapping of str to int, optional
        Number of steps behind the state, where it does not determine it; one for all or for each
        name.
    common_step : int, optional
        What the target counts, where it counts once for parameters with different numbers of steps.
    names : mapping of str to str, or sequence of str, optional
        Names of the parameters in the target: by those in the source, or in the order of the
        source.
    like : tree, optional
        A state of the target's own, for instance a fresh one: the result has its structure and
        types, and for PyTorch its groups and their order.

    Raises
    ------
    KeyError
        When a part of the state is missing, or one is there that is not the source's; when
        `names` or `like` speak of other parameters.
    ValueError
        As :func:`~adamax_ref.interop.convert.convert`; when parameters have made different
        numbers of steps and the target counts once; when options are missing; when `like` has
        other types.

    Examples
    --------
    >>> layer = {"weight": {"m": np.zeros(2), "v": np.ones(2)}}
    >>> state = {"step": 3, "layers": [layer]}
    >>> sorted(convert_all("mlx", "tfjs", state, Hyperparameters(eps=0.0)).state)
    ['accBeta1', 'iteration', 'layers.0.weight/m', 'layers.0.weight/v']
    """
    ours, theirs = Side.of(source), Side.of(target)
    groups = _groups(ours, state, hyper, step)
    keys = [key for group in groups for key in group.singles]
    _check_keys("step", step, keys)
    own = [_read_all(ours, theirs, group, step) for group in groups]
    conversions, lost = _share_counters(theirs, groups, own, common_step)
    if not conversions:
        raise ValueError(f"no parameter of the state has made a step; begin afresh in {target}")
    new = _new_names(keys, names)
    parameters = {new[key]: Converted(write(x), x.step, losses(x)) for key, x in conversions.items()}
    moved = [_moved(group, new, parameters) for group in groups]
    result, more = _build(theirs, moved, like, ordered=ours.layout.build == "groups")
    lost += [*_lost_groups(theirs, groups), *more]
    lost += [loss for x in parameters.values() for loss in x.losses]
    return ConvertedAll(result, parameters, tuple(dict.fromkeys(lost)))


def _moved(group: Group, new: Mapping[str, str], parameters: Mapping[str, Converted]) -> Group:
    """Return a group in the target's names; a parameter without a state stays without."""
    names = [new[key] for key in group.singles]
    return Group(
        group.hyper,
        {name: parameters[name].state if name in parameters else {} for name in names},
    )


def _groups(side: Side, state: Any, hyper: Hyperparameters | None, step: Any) -> list[Group]:
    """Return the groups of a whole state; a framework without groups has one."""
    layout = side.layout
    _check_whole(side)
    if layout.build == "groups":
        return read_groups(side, state, hyper)
    if hyper is None:
        raise ValueError(f"the state of {side.name} has no options; pass hyper=")
    leaves = leaves_of(state)
    without = layout.product.name if layout.product is not None and step is not None else ""
    located = locate(side.name, layout, leaves, without)
    singles = {}
    for key, paths in located.parameters.items():
        singles[key] = {name: leaves[path] for name, path in paths.items()}
    return [Group(hyper, singles, bool(located.schedules))]


def _check_whole(side: Side) -> None:
    if not side.layout.moment_path:
        none = f"{side.name} holds no state of a whole optimizer"
        raise ValueError(f"{none}; convert that of each parameter")


def _read_all(
    source: Side,
    target: Side,
    group: Group,
    step: int | Mapping[str, int] | None,
) -> Conversions:
    """Return every parameter of a group that has a state."""
    result = {}
    for key, single in group.singles.items():
        if single:
            own = step.get(key) if isinstance(step, Mapping) else step
            try:
                result[key] = replace(read(source, target, single, group.hyper, own), key=key)
            except (KeyError, TypeError, ValueError) as error:
                raise type(error)(f"parameter {key!r}: {error.args[0]}") from error
    return result


def _share_counters(
    target: Side, groups: list[Group], conversions: list[Conversions], common: int | None
) -> tuple[Conversions, list[Loss]]:
    """Give parameters that share a counter in the target one number of steps."""
    if not target.layout.shared:
        if common is not None:
            wrong = f"common_step={common!r}, but {target.name} counts the steps of each parameter"
            raise ValueError(f"{wrong}; leave it out")
        return _union(conversions), []
    names = [list(group.singles) for group in groups]
    if target.layout.build != "groups":  # one counter for all, and not one for each group
        conversions, names = [_union(conversions)], [[key for keys in names for key in keys]]
    pairs = [(keys, own) for keys, own in zip(names, conversions, strict=True) if own]
    counted = [_share_counter(target, keys, own, common) for keys, own in pairs]
    return _union(own for own, _ in counted), [loss for _, lost in counted for loss in lost]


def _share_counter(
    target: Side,
    names: list[str],
    conversions: Conversions,
    common: int | None,
) -> tuple[Conversions, list[Loss]]:
    steps = {key: x.step for key, x in conversions.items()}
    if common is None and len(set(steps.values())) > 1:
        listed = ", ".join(f"{key} {step}" for key, step in steps.items())
        raise ValueError(
            f"{target.name} counts the steps of all parameters together, but they have made "
            f"different numbers of steps ({listed}); pass common_step="
        )
    first = next(iter(steps.values()))
    count = first if common is None else common
    if len(set(steps.values())) == 1 and count != first:
        all_made = f"all parameters have made {first} steps"
        raise ValueError(f"common_step={common!r}, but {all_made}; leave it out")
    others = [key for key in names if steps.get(key, 0) != count]
    apart = ", ".join(f"{key} ({steps.get(key, 'none')})" for key in others)
    text = f"{target.name} counts {count} steps for all parameters, also for {apart}"
    lost = [Loss(Kind.COUNTER, text)] if apart else []
    return {key: replace(x, step=count) for key, x in conversions.items()}, lost


def _union(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for part in parts for key, value in part.items()}


def _lost_groups(target: Side, groups: list[Group]) -> list[Loss]:
    """Return what is lost of the groups themselves."""
    lost = []
    if any(group.scheduled for group in groups):
        text = "a schedule sets the learning rate, and is no part of the state: take it along by hand"
        lost.append(Loss(Kind.SCHEDULE, text))
    options = [field.name for field in fields(Hyperparameters)]
    apart = [name for name in options if len({getattr(group.hyper, name) for group in groups}) > 1]
    if apart and target.layout.build != "groups":
        text = f"groups differ in {', '.join(apart)}, and {target.name} has one set of options"
        lost.append(Loss(Kind.GROUPS, f"{text}: use an optimizer for each"))
    return lost


def _check_keys(argument: str, value: Any, keys: list[str]) -> None:
    """Refuse an argument that speaks of a parameter that is not there."""
    if isinstance(value, Mapping) and (strange := [str(key) for key in value if key not in keys]):
        others = f"but the parameters are {', '.join(keys)}"
        raise KeyError(f"{argument} speaks of {', '.join(strange)}, {others}")


def _new_names(keys: list[str], names: Mapping[str, str] | Sequence[str] | None) -> dict[str, str]:
    """Return the target's name of each parameter."""
    _check_keys("names", names, keys)
    if isinstance(names, Mapping):
        names = [names.get(key, key) for key in keys]
    elif names is not None and len(names) != len(keys):
        every = f"{len(keys)} parameters: {', '.join(keys)}"
        raise ValueError(f"names has {len(names)} entries for {every}")
    new = dict(zip(keys, keys if names is None else names, strict=True))
    if len(set(new.values())) != len(new):
        raise ValueError("names gives two parameters the same name; give them different ones")
    return new


def _build(target: Side, groups: list[Group], like: Any, ordered: bool) -> tuple[Any, list[Loss]]:
    """Return the state in the target's form, and what is lost of a schedule in `like`."""
    layout = target.layout
    _check_whole(target)
    if layout.build == "groups":
        if like is not None:
            groups = regrouped(groups, like)
        elif not ordered:
            groups = by_number(target, groups)
        return write_groups(target, groups), []
    singles = _union(group.singles for group in groups)
    if like is not None:
        return _fill(target, singles, like)
    leaves = _union(leaves_of_parameter(layout, key, single) for key, single in singles.items())
    return leaves if layout.build == "flat" else nested(leaves, lists=layout.build == "tree"), []


def _fill(
    target: Side,
    singles: Mapping[str, Mapping[str, Any]],
    like: Any,
) -> tuple[Any, list[Loss]]:
    """Return a state like the target's own, with every moment, norm and counter replaced."""
    old = leaves_of(like)
    located = locate(target.name, target.layout, old)
    if apart := sorted(set(located.parameters) ^ set(singles)):
        only = ", ".join(apart)
        raise KeyError(f"like and the state have different parameters: only one of them has {only}")
    new = _replacements(target, singles, located, old)
    counts = ", ".join(located.schedules)
    text = f"the schedule in like keeps its own count ({counts}): set it by hand"
    return with_leaves(like, new), [Loss(Kind.SCHEDULE, text)] if counts else []


def _replacements(
    target: Side, singles: Mapping[str, Mapping[str, Any]], located: Located, old: Mapping[str, Any]
) -> dict[str, Any]:
    counters = {counter.name for counter in target.layout.counters}
    new = {}
    for key, single in singles.items():
        for name, value in single.items():
            path = located.parameters[key][name]
            fitted = _count_like if name in counters else _array_like
            new[path] = fitted(path, old[path], value)
    return new


def _count_like(path: str, old: Any, value: Any) -> Any:
    """Return a counter in the type and shape of the one it replaces."""
    if isinstance(old, int):
        return value
    array = host(path, old)
    return np.full(array.shape, np.reshape(value, ()), array.dtype)


def _array_like(path: str, old: Any, value: Any) -> Any:
    """Return an array once it has the type and shape of the one it replaces."""
    array = host(path, old)
    if (array.shape, array.dtype) != (value.shape, value.dtype):
        wanted = f"{path} of like is {array.dtype} of shape {array.shape}"
        raise ValueError(f"{wanted}, but the state has {value.dtype} of shape {value.shape}")
    return value

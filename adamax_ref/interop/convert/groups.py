"""PyTorch's form of a whole state: ``state`` by number, and ``param_groups`` with options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from adamax_ref.optimizer.options import hyperparameters
from adamax_ref.recipe.hyper import Hyperparameters

from .conversion import Side
from .layout import Layout

_SCHEDULED = "initial_lr"
"""What PyTorch's schedules leave in a group."""

_FIELDS = ("lr", "betas", "eps", "weight_decay", "maximize")


@final
@dataclass(frozen=True)
class Group:
    """Parameters with the same options.

    Attributes
    ----------
    hyper : Hyperparameters
        Theirs.
    singles : mapping of str to mapping
        State of each parameter by its name, or by its number where it has none; empty for one that
        has made no step.
    scheduled : bool
        Whether a schedule has set the learning rate.
    """

    hyper: Hyperparameters
    singles: Mapping[str, Mapping[str, Any]]
    scheduled: bool = False


def read_groups(side: Side, state: Mapping[str, Any], hyper: Hyperparameters | None) -> list[Group]:
    """Return the groups of a state dictionary.

    Parameters
    ----------
    side : Side
        Of the framework.
    state : mapping
        With ``state`` and ``param_groups``.
    hyper : Hyperparameters or None
        For options that the groups lack; those that they have must agree with it.

    Raises
    ------
    KeyError
        When a part is missing, or a parameter with state is in no group.
    ValueError
        When options are missing, contradict `hyper`, or are those of another variant.
    """
    if missing := [part for part in ("state", "param_groups") if part not in state]:
        raise KeyError(f"the state dictionary of {side.name} lacks {', '.join(missing)}")
    states = state["state"]
    numbered = enumerate(state["param_groups"])
    groups = [_group(side, f"param_groups[{at}]", group, states, hyper) for at, group in numbered]
    listed = {number for group in state["param_groups"] for number in group["params"]}
    if strange := [repr(number) for number in states if number not in listed]:
        has = f"the state dictionary has state of {', '.join(strange)}"
        raise KeyError(f"{has}, which no group lists under params")
    names = [name for group in groups for name in group.singles]
    if len(set(names)) != len(names):
        raise ValueError("two parameters of the state dictionary have one name; give them others")
    return groups


def regrouped(groups: Sequence[Group], like: Mapping[str, Any]) -> list[Group]:
    """Return the parameters in the groups, and in the order, of a state dictionary.

    Raises
    ------
    KeyError
        When it has other parameters.
    ValueError
        When parameters with different options come into one group.
    """
    group_of = {name: group for group in groups for name in group.singles}
    wanted = [_names(group) for group in like["param_groups"] if group["params"]]
    if apart := sorted({name for names in wanted for name in names} ^ set(group_of)):
        only = ", ".join(apart)
        raise KeyError(f"like and the state have different parameters: only one of them has {only}")
    result = []
    for names in wanted:
        hypers = {group_of[name].hyper for name in names}
        if len(hypers) > 1:
            different = f"{', '.join(names)} have different options"
            raise ValueError(f"{different}, but like has them in one group")
        result.append(Group(hypers.pop(), {name: group_of[name].singles[name] for name in names}))
    return result


def by_number(side: Side, groups: Sequence[Group]) -> list[Group]:
    """Return the parameters in the order of their names, which must be numbers from 0 on.

    PyTorch matches parameters by position, whatever numbers a state dictionary gives them.
    """
    names = [name for group in groups for name in group.singles]
    if sorted(names, key=_number) != [str(number) for number in range(len(names))]:
        raise ValueError(
            f"{side.name} knows its parameters by their order, and they are called "
            f"{', '.join(names)}: pass like=optimizer.state_dict(), or names= that are numbers from 0 on"
        )
    return [Group(group.hyper, dict(sorted(group.singles.items(), key=_number_of))) for group in groups]


def _number_of(item: tuple[str, Any]) -> int:
    return _number(item[0])


def write_groups(side: Side, groups: Sequence[Group]) -> dict[str, Any]:
    """Return a state dictionary, with the parameters numbered in their order."""
    names = [name for group in groups for name in group.singles]
    numbers = {name: number for number, name in enumerate(names)}
    named = names != [str(number) for number in range(len(names))]
    state, written = {}, []
    for group in groups:
        counts = {name: _count(name, group) for name in _counters(side.layout)}
        params: dict[str, Any] = {"param_names": list(group.singles)} if named else {}
        params["params"] = [numbers[name] for name in group.singles]
        written.append({**_options(side.layout, group.hyper), **counts, **params})
        for name, single in group.singles.items():
            if single:
                own = {part: value for part, value in single.items() if part not in counts}
                state[numbers[name]] = own
    return {"state": state, "param_groups": written}


def _number(name: str) -> int:
    return int(name) if name.isdecimal() else -1


def _group(
    side: Side,
    where: str,
    group: Mapping[str, Any],
    states: Mapping[Any, Any],
    hyper: Hyperparameters | None,
) -> Group:
    for flag, value in side.layout.flags.items():
        if bool(group.get(flag, False)) != value:
            wrong = f"{where} has {flag}={group.get(flag)!r}, which is not {side.name}"
            raise ValueError(f"{wrong}; name the variant that it is")
    own = _counters(side.layout)
    if missing := [name for name in (*own, "params") if name not in group]:
        raise KeyError(f"{where} lacks {', '.join(missing)}")
    counts = {name: group[name] for name in own}
    singles = {
        name: {**states[number], **counts} if states.get(number) else {}
        for name, number in zip(_names(group), group["params"], strict=True)
    }
    return Group(_hyper(side.layout, group, where, hyper), singles, _SCHEDULED in group)


def _count(name: str, group: Group) -> int:
    """Return the counter of a group."""
    counts = {int(single[name]) for single in group.singles.values() if single}
    if len(counts) > 1:
        raise ValueError(
            f"like has {', '.join(group.singles)} in one group, which has one counter, "
            f"but they have made different numbers of steps: {', '.join(map(str, sorted(counts)))}"
        )
    return counts.pop() if counts else 0


def _names(group: Mapping[str, Any]) -> list[str]:
    return [str(name) for name in group.get("param_names", group["params"])]


def _counters(layout: Layout) -> tuple[str, ...]:
    """Return the names of counters that are options of a group."""
    return tuple(counter.name for counter in layout.counters if not counter.path)


def _hyper(
    layout: Layout,
    group: Mapping[str, Any],
    where: str,
    hyper: Hyperparameters | None,
) -> Hyperparameters:
    own = {name: group[name] for name in _FIELDS if name in group}
    others = {} if hyper is None else {name: getattr(hyper, name) for name in _FIELDS}
    options = {**layout.means, **others, **own}
    if missing := [name for name in _FIELDS if name not in options]:
        raise ValueError(f"{where} lacks {', '.join(missing)}; pass hyper=")
    result = hyperparameters(options, where)
    apart = [name for name in others if getattr(result, name) != getattr(hyper, name)]
    if apart:
        listed = ", ".join(f"{name}={getattr(result, name)!r}" for name in apart)
        contradiction = f"{where} has {listed}, and hyper something else"
        raise ValueError(f"{contradiction}; correct it, or leave hyper out")
    return result


def _options(layout: Layout, h: Hyperparameters) -> dict[str, Any]:
    options = {name: getattr(h, name) for name in _FIELDS if name != "maximize"}
    options |= {name: getattr(h, name) for name in layout.means}
    return {**options, **layout.group, **layout.flags}

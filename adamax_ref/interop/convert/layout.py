"""The layouts of all frameworks, by the name of a dialect; each stands in its framework's file."""

from collections.abc import Mapping
from types import MappingProxyType

from adamax_ref import frameworks
from adamax_ref.frameworks.layout import Count as Count
from adamax_ref.frameworks.layout import Layout as Layout
from adamax_ref.frameworks.layout import Product as Product

_EVERY = map(frameworks.get, frameworks.names())
STATES: Mapping[str, Layout] = MappingProxyType({each.name: each.layout for each in _EVERY if each.layout})
"""Layouts by the name of a dialect; a variant that is not here has that of its dialect."""

_UNKNOWN = frozenset({"keras/early"})
"""Variants whose framework named its state otherwise, and was not run."""


def layout_of(name: str) -> Layout:
    """Return the layout of a dialect's state.

    Parameters
    ----------
    name : str
        A dialect, with or without a variant.

    Raises
    ------
    ValueError
        When it is not known; the message lists those that are.

    Examples
    --------
    >>> layout_of("torch/foreach").norm
    'exp_inf'
    """
    layout = STATES.get(name) or STATES.get(name.partition("/")[0])
    if layout is None or name in _UNKNOWN:
        raise ValueError(f"the state of {name!r} is not known; known are {', '.join(STATES)}")
    return layout

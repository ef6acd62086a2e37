"""Every recipe of every dialect: the set on which a compiled engine must be tested."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Literal

from adamax_ref.dialects import get, names
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.recipe import Recipe

Origin = tuple[str, str]


@cache
def every_recipe() -> MappingProxyType[Recipe, Origin]:
    """Return each recipe that any dialect or variant yields, with the dialect and profile that yield it first.

    The conditions on which recipes depend are met by hyperparameters on both sides of each: weight decay or none,
    maximize or not, a weight ``1 - beta1`` below and above one half, epsilon or none, body and tail of a vector loop.

    Examples
    --------
    >>> len(every_recipe()) > 200
    True
    """
    found: dict[Recipe, Origin] = {}
    for name, dialect in _dialects():
        for hyper in _hypers(dialect):
            for profile in dialect.profiles:
                for place in _PLACES:
                    found.setdefault(dialect.recipe(hyper, profile, place), (name, profile))
    return MappingProxyType(found)


_PLACES: tuple[Literal["body", "tail"], ...] = ("body", "tail")


def _dialects() -> Iterator[tuple[str, Dialect]]:
    for family in names():
        dialect = get(family)
        yield family, dialect
        yield from ((f"{family}/{variant}", of) for variant, of in dialect.variants.items())


def _hypers(dialect: Dialect) -> Iterator[Hyperparameters]:
    """Yield hyperparameters on both sides of each condition, as far as the dialect has the option."""
    decays = (0.0, 0.01) if dialect.options & {"l2", "decoupled"} else (0.0,)
    ascents = (False, True) if "maximize" in dialect.options else (False,)
    epsilons = (0.0, 1e-8) if "eps" in dialect.options else (0.0,)
    for decay, ascent, eps, beta1 in product(decays, ascents, epsilons, (0.9, 0.3)):
        yield replace(dialect.defaults, weight_decay=decay, maximize=ascent, eps=eps, beta1=beta1)

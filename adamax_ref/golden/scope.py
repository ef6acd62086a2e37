"""What the corpus covers: every dialect that has been confirmed, in the profiles in which its framework computes.

Confirmed is a dialect that the test run compares with the framework itself, and the algorithm of the paper, which has none. It
joins by its own declarations; nothing is to be added here. Complex numbers are a framework's affair: the paper has none.

A dialect that was confirmed after the corpus was published says so (``in_corpus=False``), so that the bytes of a published
corpus stay what they are. Its cases are made for whoever names it.
"""

from adamax_ref.dialects import get, names, own_names
from adamax_ref.recipe.dialect import Evidence
from adamax_ref.recipe.profile import PROFILES


def _profiles(dialect: str) -> tuple[str, ...]:
    """Return the profiles in which a dialect has cases, sorted; none for one that was read from sources only."""
    declared, evidence = get(dialect).profiles, get(dialect).provenance.evidence
    if evidence is Evidence.SOURCE:
        return ()
    return tuple(sorted(each for each in declared if evidence is Evidence.LIVE or not PROFILES[each].is_complex))


_CONFIRMED: dict[str, tuple[str, ...]] = {name: found for name in own_names() if (found := _profiles(name))}
SCOPE: dict[str, tuple[str, ...]] = {name: found for name, found in _CONFIRMED.items() if get(name).in_corpus}


def chosen(dialects: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return the part of the scope that these dialects are, all of it for none.

    A dialect of another package is covered when it is named, in its real profiles: its package answers for it. So is one
    that came after the corpus was published.

    Raises
    ------
    ValueError
        When the corpus does not cover one of them; the message lists those it covers.

    Examples
    --------
    >>> sorted(chosen(("torch",)))
    ['torch']
    """
    others = {name: _real(name) for name in dialects if name in names() and name not in own_names()}
    others |= {name: _CONFIRMED[name] for name in dialects if name in _CONFIRMED and name not in SCOPE}
    for name in dialects:
        if name not in SCOPE and name not in others:
            raise ValueError(f"the corpus does not cover dialect {name!r}; it covers {', '.join(sorted(SCOPE))}")
    return {name: profiles for name, profiles in (SCOPE | others).items() if not dialects or name in dialects}


def _real(dialect: str) -> tuple[str, ...]:
    return tuple(sorted(profile for profile in get(dialect).profiles if not PROFILES[profile].is_complex))

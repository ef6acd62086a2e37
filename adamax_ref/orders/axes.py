"""Every order of operations that counts as the same Adamax, assembled from axes.

A dialect's :class:`~adamax_ref.recipe.dialect.Family` says which real function it is. Programs that compute this function
differ in about ten independent choices, the axes; one choice on each is a :class:`Recipe` of roundings, and its name
is the list of choices, for example ``m=sum mfma=none c1=host bias=host power=exact final=F1 endfma=no``.

=========== ====================================================================================================
axis        values
=========== ====================================================================================================
m           ``delta2`` m + w(g-m), or from the other end g - (1-w)(g-m) where w >= 1/2; ``delta`` the first form for
            every w; ``sum`` beta1*m + w*g
mfma        ``none``; ``fused`` (delta forms); ``g`` fma(w, g, beta1*m) or ``m`` fma(beta1, m, w*g) (sum)
c1          where w = 1 - beta1 is formed: ``host`` in double, ``compute`` in the working type from the rounded beta1
bias        where c = 1 - beta1**t is formed: ``host``, ``compute``, or ``product``, a running product
final       ``F1`` ((lr/c)m)/d, ``F2`` (lr/c)(m/d), ``F3`` (lr*m)/(c*d), ``F4`` lr((m/c)/d), ``F4r`` lr((m(1/c))/d),
            ``F4c`` lr(m/(c*d)), ``F5`` lr((m/d)/c)
endfma      ``yes``: the last product and the subtraction are fused (F2 and the F4 forms)
decay       decoupled and fixed decay: ``plain`` p - (p*decay)*lr first, ``factor`` p*(1 - decay*lr) first, ``inner``
            together with the update
decayfma    ``yes``: fma(p, decay, g); fma(-p, decay*lr, p); fma(decay, p, direction)
round       16 bits: ``kernel`` rounds to storage at g', m', beta2*u, |g|+eps, p'; ``every-op``; ``opmath`` at the end
scalars     16 bits: scalars stop at ``compute``, or go on to the type of ``storage``
=========== ====================================================================================================

Not among them, because they overflow where the function does not: m*(1/d), and m/(d*((beta1**t-1)/lr)).
"""

from collections.abc import Iterator
from itertools import product

from adamax_ref.recipe.dialect import Dialect, Family
from adamax_ref.recipe.profile import PROFILES

from .assembly import Axes as Axes
from .assembly import assemble as assemble

_MOMENTS = (
    ("sum", "none"),
    ("sum", "g"),
    ("sum", "m"),
    ("delta2", "none"),
    ("delta2", "fused"),
    ("delta", "none"),
    ("delta", "fused"),
)
_FINALS = tuple((form, "no") for form in ("F1", "F2", "F3", "F4", "F4r", "F4c", "F5")) + tuple(
    (form, "yes") for form in ("F2", "F4", "F4r", "F4c")
)
_BIASES = ("host", "compute", "product")


def permitted(dialect: Dialect, profile: str, decaying: bool = False) -> tuple[Dialect, ...]:
    """Return every recipe that counts as the Adamax of a dialect, each as a dialect named after its axes.

    Parameters
    ----------
    dialect : Dialect
        Its ``family`` decides.
    profile : str
        In 16-bit profiles there are two axes more.
    decaying : bool
        Whether weight decay is in use; without it the axes of the decay make no difference and are left out.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> len(permitted(get("torch"), "f32")), len(permitted(get("torch"), "f32", decaying=True))
    (154, 308)
    """
    if dialect.family is None:
        return (dialect, *_alike(dialect))
    moments, endings, rounds = _choices(dialect.family, profile, decaying)
    return tuple(assemble(dialect, Axes(**a, **b, **c)) for a, b, c in product(moments, endings, rounds))


def cover(dialect: Dialect, profile: str, decaying: bool = False) -> tuple[Dialect, ...]:
    """Return a few permitted recipes that together do every operation that any permitted recipe does.

    The moment does not depend on how the update is formed, nor the other way round; so it is enough that each way of
    doing either occurs. The dialect itself is the first.
    """
    if dialect.family is None:
        return (dialect, *_alike(dialect))
    moments, endings, rounds = _choices(dialect.family, profile, decaying)
    count = max(len(moments), len(endings))
    pairs = [moments[at % len(moments)] | endings[at % len(endings)] for at in range(count)]
    return (dialect, *(assemble(dialect, Axes(**a, **b)) for a, b in product(pairs, rounds)))


def _alike(dialect: Dialect) -> Iterator[Dialect]:
    """Yield the variants of a dialect without a family; one that has a family computes another function."""
    return (variant for variant in dialect.variants.values() if variant.family is None)


def _choices(family: Family, profile: str, decaying: bool) -> tuple[list[dict[str, str]], ...]:
    """Return the choices in three groups: of the moment, of update and decay, of the roundings in 16 bits."""
    moments = [{"m": m, "mfma": mfma, "c1": c1} for (m, mfma), c1 in product(_MOMENTS, ("host", "compute"))]
    finals = [{"final": form, "endfma": fused, "bias": bias} for (form, fused), bias in _endings(family)]
    if family.bias == "none":
        finals = [choice | {"power": ""} for choice in finals]
    narrow = PROFILES[profile].storage is not PROFILES[profile].working
    kinds = product(("kernel", "every-op", "opmath"), ("compute", "storage"))
    rounds = [{"round": kind, "scalars": scalars} for kind, scalars in kinds] if narrow else [{}]
    endings = [a | b for a, b in product(finals, _decays(family, decaying)) if _matters(a, b)]
    return moments, endings, rounds


def _endings(family: Family) -> Iterator[tuple[tuple[str, str], str]]:
    if family.bias == "none":
        return product([("F1", "no"), ("F2", "no"), ("F2", "yes")], [""])
    return product(_FINALS, _BIASES[: _BIASES.index(family.bias) + 1])


def _decays(family: Family, decaying: bool) -> Iterator[dict[str, str]]:
    if not decaying or family.decay == "none":
        yield {}
    elif family.decay == "l2":
        yield from ({"decayfma": fused} for fused in ("no", "yes"))
    else:
        yield from ({"decay": "plain", "decayfma": fused} for fused in ("no", "yes"))
        yield {"decay": "factor", "decayfma": "no"}
        if family.decay == "decoupled":
            yield from ({"decay": "inner", "decayfma": fused} for fused in ("no", "yes"))


def _matters(ending: dict[str, str], decay: dict[str, str]) -> bool:
    """Tell whether a choice is one of its own: decay inside the update is fused only where lr is multiplied last."""
    apart = decay.get("decay") == "inner" and ending["final"] in ("F1", "F2", "F3")
    return not (apart and (decay["decayfma"] == "yes" or ending["endfma"] == "yes"))

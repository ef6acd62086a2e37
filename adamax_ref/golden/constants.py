"""The two scalars that a step hands to targets that declare ``given-constants``: clause S6 in binary64.

Everybody else forms them from the hyperparameters; then they are a help for finding a fault.
"""

from adamax_ref.exact.constants import exact_hyper
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, ieee_divide

from .case import Constants
from .patterns import encode


def corrects(dialect: Dialect) -> bool:
    """Tell whether a dialect corrects the bias: whether its scalars change from step to step.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> corrects(get("paper"))
    True
    """
    h = exact_hyper(dialect.defaults)
    recipe = dialect.recipe(dialect.defaults, dialect.profiles[0])
    return dialect.scalars(h, 1, recipe) != dialect.scalars(h, 2, recipe)


def constants(dialect: Dialect, h: Hyperparameters, t: int) -> Constants:
    """Return the correction and the corrected rate of step `t`.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> constants(get("torch"), Hyperparameters(), 1)
    Constants(correction='3fb9999999999998', rate='3f947ae147ae147c')
    """
    exact = exact_hyper(h)
    correction = 1.0 - float(exact.beta1**t) if corrects(dialect) else 1.0
    return Constants(encode([correction], BINARY64), encode([ieee_divide(h.lr, correction)], BINARY64))

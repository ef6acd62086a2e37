"""A dialect's own defaults, ready for the constructor."""

from typing import Any

from adamax_ref.dialects import get


def defaults(dialect: str) -> dict[str, Any]:
    """Return the options with which a framework's own Adamax starts; the constructor's defaults are always PyTorch's.

    Parameters
    ----------
    dialect : str
        See :func:`adamax_ref.dialects.names`.

    Returns
    -------
    dict
        Keyword arguments of :class:`~adamax_ref.Adamax`, the dialect among them.

    Raises
    ------
    ValueError
        When there is no such dialect.

    Examples
    --------
    >>> import numpy as np
    >>> from adamax_ref import Adamax, Parameter
    >>> options = defaults("paper")
    >>> options["eps"]
    0.0
    >>> optimizer = Adamax([Parameter(np.zeros(3))], **options)
    """
    h = get(dialect).defaults
    return {
        "lr": h.lr,
        "betas": h.betas,
        "eps": h.eps,
        "weight_decay": h.weight_decay,
        "maximize": h.maximize,
        "dialect": dialect,
    }

"""Options of a group as numbers: checked Python floats, and the defaults of each dialect."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adamax_ref.dialects import get
from adamax_ref.recipe.hyper import Hyperparameters

OPTIONS = ("lr", "betas", "eps", "weight_decay", "foreach", "maximize", "differentiable", "capturable")
"""The options of a group, in the order of PyTorch's signature."""


def number(value: object, words: str = "Tensor lr must be 1-element") -> Any:
    """Return `value`, or the Python number inside an array of one element.

    Raises
    ------
    ValueError
        When an array has not exactly one element.

    Examples
    --------
    >>> number(np.float32([0.5])), number(3)
    (0.5, 3)
    """
    if isinstance(value, (int, float, str, np.generic)) or not hasattr(value, "shape"):
        return value
    if int(np.prod(tuple(value.shape), dtype=np.int64)) != 1:
        error = ValueError(words)
        error.add_note("Pass a Python float, or an array of any namespace with exactly one element.")
        raise error
    array: Any = value
    return array.item() if hasattr(array, "item") else float(array[(0,) * len(array.shape)])


def hyperparameters(options: Mapping[str, object], where: str = "") -> Hyperparameters:
    """Check a group's options and return them as plain numbers.

    Parameters
    ----------
    options : mapping
        With ``lr``, ``betas``, ``eps``, ``weight_decay`` and ``maximize``; numbers may be arrays of one element.
    where : str
        Added to messages, e.g. ``"param_groups[1]"``.

    Raises
    ------
    ValueError, TypeError
        With PyTorch's words where PyTorch checks; see :class:`~adamax_ref.recipe.hyper.Hyperparameters`.

    Examples
    --------
    >>> hyperparameters(dict(lr=np.ones(1), betas=[0.9, 0.99], eps=0, weight_decay=0, maximize=False)).betas
    (0.9, 0.99)
    """
    try:
        return _checked(options)
    except (ValueError, TypeError) as error:
        if where:
            error.args = (f"{error} ({where})",)
        raise


def _checked(options: Mapping[str, object]) -> Hyperparameters:
    lr = number(options["lr"])
    decay = number(options["weight_decay"], "weight_decay must be 1-element")
    eps = number(options["eps"], "eps must be 1-element")
    maximize = bool(options["maximize"])
    # The first check sees the values as they were written, so that messages show them so.
    Hyperparameters(lr=lr, eps=eps)
    beta1, beta2 = _pair(options["betas"])
    Hyperparameters(lr, beta1, beta2, eps, decay)
    return Hyperparameters(_float(lr), _float(beta1), _float(beta2), _float(eps), _float(decay), maximize)


def _float(value: Any) -> float:
    """Return a Python float; a subclass of float stays what it is, for it may know a better power."""
    return value if isinstance(value, float) and not isinstance(value, np.generic) else float(value)


def _pair(betas: Any) -> tuple[Any, Any]:
    if isinstance(betas, str) or not (isinstance(betas, Sequence) or hasattr(betas, "__getitem__")):
        raise TypeError(f"betas must be a pair of numbers, not {betas!r}; pass betas=(0.9, 0.999)")
    if len(betas) != 2:
        raise ValueError(f"betas must hold exactly two numbers, got {len(betas)}: {betas!r}; pass betas=(0.9, 0.999)")
    first, second = betas
    return number(first, "betas must be scalars"), number(second, "betas must be scalars")


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

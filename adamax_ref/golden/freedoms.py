"""The freedoms that a target may declare, and the question that it answers instead when it takes one.

``ftz``: subnormal inputs and results become zeros of the same sign. ``hyper32``: in binary64 the hyperparameters pass through
binary32, as in frameworks whose scalars are single.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import BINARY32, BINARY64, Format

from .case import Case, Hyper, Number
from .oracle import keeping
from .patterns import decode, encode


def readings(case: Case, dialect: Dialect) -> Iterator[tuple[str, Case, Dialect]]:
    """Yield each freedom that changes a case: its token, the changed case, and the dialect that answers it.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = {case.slug: case for case in open_corpus().cases("torch", "f64")}
    >>> [token for token, _, _ in readings(cases["shrink-two"], get("torch"))]
    ['hyper32']
    """
    if (case_flushed := flushed(case)) is not None:
        yield "ftz", case_flushed, keeping(dialect, flushes=True)
    if (case_narrowed := narrowed(case)) is not None:
        yield "hyper32", case_narrowed, keeping(dialect)


def flushed(case: Case) -> Case | None:
    """Return the case with zeros for its subnormal numbers; None for one that is not about them."""
    if "subnormal" not in case.flags:
        return None
    theta, m, u = (_flush(text, case.form) for text in (case.init.theta, case.init.m, case.init.u))
    init = replace(case.init, theta=theta, m=m, u=u)
    steps = tuple(each if each.grad is None else replace(each, grad=_flush(each.grad, case.form)) for each in case.steps)
    return replace(case, init=init, steps=steps)


def narrowed(case: Case) -> Case | None:
    """Return the case with hyperparameters rounded to binary32; None where they are such numbers, or all its numbers are.

    Examples
    --------
    >>> from adamax_ref.golden.load import open_corpus
    >>> cases = {case.slug: case for case in open_corpus().cases("torch", "f64")}
    >>> narrowed(cases["shrink-two"]).hyper.beta1
    Number(dec='0.8999999761581421', f64='3fecccccc0000000')
    >>> narrowed(cases["tie"]) is None
    True
    """
    if case.form is not BINARY64 or case.result == "reject":
        return None
    numbers = {name: value for name, value in vars(case.hyper).items() if isinstance(value, Number)}
    hyper = Hyper(**{**vars(case.hyper), **{name: _single(value) for name, value in numbers.items()}})
    steps = tuple(each if each.lr is None else replace(each, lr=_single(each.lr)) for each in case.steps)
    return None if (hyper, steps) == (case.hyper, case.steps) else replace(case, hyper=hyper, steps=steps)


def _single(number: Number) -> Number:
    return Number.of(BINARY32.round(number.value))


def _flush(text: str, form: Format) -> str:
    numbers = (math.copysign(0.0, x) if abs(x) < form.smallest_normal else x for x in decode(text, form))
    return encode(numbers, form)

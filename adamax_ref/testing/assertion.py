"""The assertion: an implementation conforms, or the report says why it does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from adamax_ref.conformance.run import Run, pairs, run
from adamax_ref.conformance.target import Target
from adamax_ref.conformance.targets.callable import Kind, of
from adamax_ref.conformance.verdict import Grade
from adamax_ref.golden.load import open_corpus
from adamax_ref.reports.terminal import lines
from adamax_ref.reports.writers import write

Tier = Literal["certified", "named", "exact"]
TIERS: dict[str, Grade] = {"certified": Grade.CERTIFIED, "named": Grade.NAMED, "exact": Grade.EXACT}
"""For each tier that can be asked for, the worst grade that is enough."""


def assert_conforms(
    implementation: Callable[..., object] | Target,
    dialect: str = "torch",
    profile: str = "f32",
    *,
    tier: Tier = "certified",
    lacks: tuple[str, ...] = (),
    declares: tuple[str, ...] = (),
    arrays: Kind | None = None,
    golden: str | Path | None = None,
    level: Literal["core", "full"] = "core",
    html: str | Path | None = None,
) -> Run:
    """Fail unless an Adamax passes every case of one dialect and profile.

    Parameters
    ----------
    implementation : callable or Target
        An optimizer class (or a function that makes optimizers), called as ``implementation([parameter], lr=...,
        betas=..., eps=..., weight_decay=..., maximize=...)``; or a function of six arguments
        ``step(p, g, m, u, t, hyper) -> p, m, u`` on NumPy arrays; or a target that is ready.
    dialect, profile : str
        Whose Adamax it is meant to be, and in which number types.
    tier : {"certified", "named", "exact"}
        The least that is enough: inside the derived bounds; one known order of operations throughout; the framework's
        own bits.
    lacks : tuple of str
        Features that it does not have, of ``l2``, ``decoupled``, ``maximize``, ``init-state``, ``lr-schedule``, ``skip``,
        ``complex``; cases that need them are left out, and the report says so.
    declares : tuple of str
        Freedoms that it takes, of ``ftz`` (subnormal numbers become zeros), ``hyper32`` (hyperparameters pass through
        binary32) and ``zero-sign-any`` (the sign of a zero means nothing); a freedom that is not declared is a failure.
    arrays : {"numpy", "torch"}, optional
        What an optimizer works on; by default tensors for a subclass of PyTorch's optimizer and NumPy arrays otherwise.
    golden : str or Path, optional
        Folder of a corpus; the one in the package if left out.
    level : {"core", "full"}
        How many cases.
    html : str or Path, optional
        Also write the report there as a page, whatever the verdict.

    Returns
    -------
    Run
        The verdict with every case, for those who want to look at it.

    Raises
    ------
    AssertionError
        When it does not conform; the message is the report: the verdict, the probable cause by name, the first difference.
    ValueError
        When there is no such tier, dialect, profile, feature or freedom, when `lacks` or `declares` is passed with a
        target, which says that of itself, or when the page cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> def step(p, g, m, u, t, hyper):
    ...     m = hyper.beta1 * m + (1 - hyper.beta1) * g
    ...     u = np.maximum(hyper.beta2 * u, abs(g))
    ...     return p - hyper.lr / (1 - hyper.beta1**t) * m / u, m, u
    >>> assert_conforms(step, dialect="paper").verdict.text
    'EXACT'
    """
    __tracebackhide__ = True
    if tier not in TIERS:
        raise ValueError(f"unknown tier {tier!r}; ask for {', '.join(TIERS)}")
    target, corpus = of(implementation, (dialect,), lacks, arrays, declares), open_corpus(None if golden is None else Path(golden))
    pairs(target, corpus, (dialect,), (profile,))
    judged = run(target, corpus, dialect, profile, level)
    if html is not None:
        write("html", Path(html), [judged])
    if judged.verdict.grade.rank > TIERS[tier].rank or (tier == "exact" and judged.verdict.freedoms):
        raise AssertionError("\n".join(["", *_asked(judged, tier), *lines(judged)]))
    return judged


def _asked(judged: Run, tier: Tier) -> list[str]:
    """Say what was asked for where a verdict is good and not good enough."""
    return [f"it conforms, but is not {tier}"] if judged.verdict.grade.conforms else []

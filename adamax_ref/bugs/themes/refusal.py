"""Bugs of what must be refused."""

from adamax_ref.bugs.bug import Bug

BUGS = (
    Bug(
        "B45",
        "illegal hyperparameters are accepted",
        "A slip in a configuration becomes NaN hours later.",
        "the checks at the start",
        "reject",
        accepts=("nan", "range"),
    ),
    Bug(
        "B51",
        "arrays of a wrong length are accepted",
        "Memory of another tensor is read, or elements are left out.",
        "the length is taken from the first array alone",
        "reject",
        accepts=("length",),
        source="tenstorrent/tt-metal issue 53212 (AdamW: state tensors of another shape)",
    ),
    Bug(
        "B52",
        "malformed numbers are accepted",
        "A damaged checkpoint is loaded as something else.",
        "a parser that stops at the first letter it does not know",
        "reject",
        accepts=("format",),
    ),
    Bug(
        "B120",
        "NaN hyperparameters are accepted",
        "A rate that came out as NaN destroys every parameter at once.",
        "if lr < 0: raise, which is false for NaN",
        "reject",
        accepts=("nan",),
    ),
)

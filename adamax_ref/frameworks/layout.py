"""Layout of each framework's state: the names of moment and norm, and the counter.

A *single* state belongs to one parameter and is a mapping of plain names. A *whole* state belongs
to an optimizer; its leaves are found by patterns, in which ``{}`` stands for the name of a
parameter and ``#`` for a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

_LARGEST = {"int32": 2**31 - 1, "int64": 2**63 - 1, "uint64": 2**64 - 1, "float32": 2**24}
"""Where a counter of a type wraps or stands still."""


@final
@dataclass(frozen=True)
class Count:
    """A counter of steps.

    Attributes
    ----------
    name, path : str
        In a single state, and as a pattern in a whole one.
    form : {"int32", "int64", "uint64", "float32"}
        Its type; Python's own integers are taken for int64.
    ahead : int
        How many more it says than there were steps.
    """

    name: str
    path: str
    form: Literal["int32", "int64", "uint64", "float32"]
    ahead: int = 0

    @property
    def last(self) -> int:
        """The largest number of steps from which it can count on."""
        return _LARGEST[self.form] - 1 - self.ahead


@final
@dataclass(frozen=True)
class Product:
    """A running product of beta1 that stands for ``beta1**t``.

    Attributes
    ----------
    name, path : str
        As in :class:`Count`.
    ahead : int
        How many more factors it has than there were steps.
    shape : tuple of int
        Of the array that holds it.
    """

    name: str
    path: str
    ahead: int = 0
    shape: tuple[int, ...] = ()


@final
@dataclass(frozen=True)
class Layout:
    """Names of one framework's state.

    Attributes
    ----------
    moment, norm : str
        Names in a single state.
    moment_path, norm_path : str
        Patterns in a whole state; empty where there is none.
    count : Count or None
        None where a product alone determines the step.
    product : Product or None
        None where there is none.
    shared : bool
        Whether one counter serves all parameters, or all of a group.
    build : {"flat", "tree", "indexed", "groups"}
        How the leaves of a whole state are held: a dictionary of their names; nested dictionaries
        and lists; nested dictionaries with integers for numbers; PyTorch's ``state`` and
        ``param_groups``.
    flags : mapping of str to bool
        Options of a group that make this variant what it is.
    group : mapping of str to Any
        Options of a group that a new state has beside the hyperparameters and the flags.
    means : mapping of str to Any
        Options of a group that a state may lack, and what it then means.
    others : tuple of str
        Regular expressions of leaves that a whole state may have beside these.
    schedules : tuple of str
        The same for leaves that belong to a schedule of the learning rate.
    positive : frozenset of str
        Hyperparameters that the framework refuses unless they are above 0.
    undecayed : str
        Regular expression of names of parameters that are spared the weight decay; empty for none.
    flushes_at_first : bool
        Whether the first step flushes subnormal numbers although the others keep them.
    """

    moment: str
    norm: str
    moment_path: str = ""
    norm_path: str = ""
    count: Count | None = None
    product: Product | None = None
    shared: bool = True
    build: Literal["flat", "tree", "indexed", "groups"] = "tree"
    flags: Mapping[str, bool] = field(default_factory=dict)
    group: Mapping[str, Any] = field(default_factory=dict)
    means: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    positive: frozenset[str] = frozenset()
    undecayed: str = ""
    flushes_at_first: bool = False

    @property
    def counters(self) -> tuple[Count | Product, ...]:
        """Everything that the steps are counted with."""
        return tuple(counter for counter in (self.count, self.product) if counter is not None)

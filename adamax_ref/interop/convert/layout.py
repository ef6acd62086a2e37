"""Where each framework keeps moment, norm and step: its names and its counter.

A *single* state belongs to one parameter and is a mapping of plain names. A *whole* state belongs
to an optimizer; its leaves are found by patterns, in which ``{}`` stands for the name of a
parameter and ``#`` for a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
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
    """What one framework calls its state.

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


_TORCH = Layout(
    "exp_avg",
    "exp_inf",
    "state.{}.exp_avg",
    "state.{}.exp_inf",
    Count("step", "state.{}.step", "float32"),
    shared=False,
    build="groups",
    group={"foreach": None, "differentiable": False, "capturable": False},
    means={"maximize": False},  # an option since PyTorch 1.11
)
# The number of the step is an option of the group; maximize is one of the optimizer and not saved.
_PYTORCH_OPTIMIZER = replace(
    _TORCH,
    count=Count("step", "", "int64"),
    shared=True,
    group={"foreach": None},
    means={},
)


def _pytorch_optimizer(*flags: str) -> Layout:
    every = ("weight_decouple", "fixed_decay", "adam_debias")
    return replace(_PYTORCH_OPTIMIZER, flags={flag: flag in flags for flag in every})


_KERAS = Layout(
    "momentum",
    "norm",
    "{}_momentum",
    "{}_norm",
    Count("iterations", "iteration", "int64"),
    build="flat",
    others=("learning_rate",),
)
# With JAX and torch Keras counts in 32 bits.
_KERAS_32 = replace(_KERAS, count=Count("iterations", "iteration", "int32"))
_MINDSPORE = Layout(
    "moment1",
    "moment2",
    "moment1.{}",
    "moment2.{}",
    Count("global_step", "global_step", "int32"),
    Product("beta1_power", "beta1_power", shape=(1,)),
    build="flat",
    others=("learning_rate",),
    positive=frozenset({"beta1", "beta2", "eps"}),
    undecayed="beta|gamma",
    flushes_at_first=True,
)

STATES: Mapping[str, Layout] = MappingProxyType(
    {
        "torch": _TORCH,
        "torch/capturable": replace(_TORCH, flags={"capturable": True}),
        "pytorch-optimizer": _pytorch_optimizer(),
        "pytorch-optimizer/decoupled": _pytorch_optimizer("weight_decouple"),
        "pytorch-optimizer/fixed": _pytorch_optimizer("weight_decouple", "fixed_decay"),
        "pytorch-optimizer/debias": _pytorch_optimizer("adam_debias"),
        "torchopt": Layout(
            "mu",
            "nu",
            "mu.{}",
            "nu.{}",
            Count("t", "t", "int64", ahead=1),
            schedules=(r"\d+\.count.*",),
        ),
        "optax": Layout(
            "mu",
            "nu",
            "mu.{}",
            "nu.{}",
            Count("count", "count", "int32"),
            schedules=(r"(.*\.)?count",),
        ),
        "keras": _KERAS,
        "keras/jax": _KERAS_32,
        "keras/jax-jit": _KERAS_32,
        "keras/torch": _KERAS_32,
        "keras/tf-keras": replace(
            _KERAS,
            moment="m",
            norm="u",
            moment_path="m/{}:0",
            norm_path="u/{}:0",
            count=Count("iterations", "iteration:0", "int64"),
            others=("learning_rate:0",),
        ),
        # The caller of the kernel counts and forms the power; there is no whole state.
        "tensorflow": Layout("m", "v", count=Count("step", "", "int64")),
        "tensorflow/legacy": Layout(
            "m",
            "v",
            "{}/m:0",
            "{}/v:0",
            Count("iterations", "iter:0", "int64"),
            build="flat",
            others=("learning_rate:0", "decay:0"),
        ),
        "paddle": Layout(
            "moment",
            "inf_norm",
            "{}_moment_#",
            "{}_inf_norm_#",
            product=Product("beta1_pow_acc", "{}_beta1_pow_acc_#", ahead=1, shape=(1,)),
            shared=False,
            build="flat",
            schedules=(r"LR_Scheduler\..*",),
        ),
        "mlx": Layout(
            "m",
            "v",
            "{}.m",
            "{}.v",
            Count("step", "step", "uint64"),
            others=("learning_rate",),
        ),
        "tfjs": Layout(
            "m",
            "v",
            "{}/m",
            "{}/v",
            Count("iteration", "iteration", "float32"),
            Product("accBeta1", "accBeta1", ahead=1),
            build="flat",
        ),
        "mindspore": _MINDSPORE,
        "mindspore/experimental": Layout(
            "exp_avg",
            "exp_inf",
            "exp_avg.{}",
            "exp_inf.{}",
            Count("step_t", "step_t", "int32"),
            build="flat",
            others=(r"learning_rate.*",),
            positive=frozenset({"lr", "eps"}),
            flushes_at_first=True,
        ),
        "mxnet/1.x": Layout(
            "m",
            "u",
            "states.{}.0",
            "states.{}.1",
            Count("count", "counts.{}", "int64"),
            shared=False,
            build="indexed",
        ),
    }
)
"""Layouts by the name of a dialect; a variant that is not here has that of its dialect."""

_UNKNOWN = frozenset({"keras/early"})
"""Variants whose framework named its state otherwise, and was not run."""


def layout_of(name: str) -> Layout:
    """Return the layout of a dialect's state.

    Parameters
    ----------
    name : str
        A dialect, with or without a variant.

    Raises
    ------
    ValueError
        When it is not known; the message lists those that are.

    Examples
    --------
    >>> layout_of("torch/foreach").norm
    'exp_inf'
    """
    layout = STATES.get(name) or STATES.get(name.partition("/")[0])
    if layout is None or name in _UNKNOWN:
        raise ValueError(f"the state of {name!r} is not known; known are {', '.join(STATES)}")
    return layout

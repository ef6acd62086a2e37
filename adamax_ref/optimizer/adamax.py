"""The optimizer: the surface of ``torch.optim.Adamax``, on arrays of any namespace, in any dialect."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, final

from adamax_ref.arrays.types import Array
from adamax_ref.backend import get_backend
from adamax_ref.dialects import get as get_dialect
from adamax_ref.recipe.dialect import Dialect

from .groups import Group, as_groups, prepare, reset
from .hooks import Hook, Hookable, hooked
from .options import hyperparameters
from .prepared import PreparedSteps
from .state_dict import pack, unpack
from .step import Step
from .tensors import grad_enabled
from .types import GroupOptions, ParamState, StateDict

Loss = TypeVar("Loss")


@final
class Adamax(Hookable):
    r"""Adamax, with the arguments, methods and rules of :class:`torch.optim.Adamax`.

    Parameters
    ----------
    params : iterable
        Of parameters (:class:`~adamax_ref.Parameter` or torch tensors), of ``(name, parameter)`` pairs, or of
        dictionaries with the key ``"params"`` and options of their own.
    lr : float or array
        Learning rate, at least 0; an array of one element may be changed between steps.
    betas : (float, float)
        Decay rates of the moment and of the norm, each in ``[0, 1)``.
    eps : float
        At least 0; where epsilon is added depends on the dialect (see its ``family.eps``).
    weight_decay : float
        At least 0; its effect depends on the dialect (PyTorch adds ``weight_decay * p`` to the gradient).
    foreach : bool or None
        False: a kernel call for each parameter. None and True: one for all that share a recipe. The bits are the same.
    maximize : bool
        Ascend.
    differentiable : bool
        Let autograd pass through a step, on arrays that have it.
    capturable : bool
        Count in a float32 array and correct the bias in float32, as PyTorch does for CUDA graphs.
    dialect : str or Dialect
        Whose Adamax it is; ``adamax_ref.dialects.names()`` lists them. The defaults of the other arguments are always
        PyTorch's; :func:`adamax_ref.defaults` has a dialect's own.
    backend : str or None
        What computes; None takes the best for each array.

    Attributes
    ----------
    defaults : dict
        The options given here, for groups that do not say otherwise.
    param_groups : list of dict
        Options and parameters, read and checked anew at each step.
    state : dict
        For each parameter ``step`` (int), ``exp_avg`` and ``exp_inf``, made at its first update.
    fault : str or None
        What broke a step off while it was written; steps are refused then, until a state is loaded.

    Raises
    ------
    ValueError, TypeError
        When an option or a parameter is wrong; the message begins as PyTorch's does.
    BackendUnavailable
        When the named backend cannot run here.

    Examples
    --------
    >>> import numpy as np
    >>> from adamax_ref import Adamax, Parameter
    >>> weight = Parameter(np.array([1.0, -2.0]))
    >>> optimizer = Adamax([weight], lr=0.1)
    >>> weight.grad = np.array([0.5, -0.25])
    >>> optimizer.step()
    >>> weight.data
    array([ 0.9, -1.9])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Array = 2e-3,
        betas: Sequence[float | Array] | Array = (0.9, 0.999),
        eps: float | Array = 1e-8,
        weight_decay: float | Array = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        dialect: str | Dialect = "torch",
        backend: str | None = None,
    ) -> None:
        self.defaults: dict[str, Any] = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        hyperparameters(self.defaults)
        get_dialect(dialect)
        if backend is not None:
            _ = get_backend(backend).capabilities
        self.dialect = dialect
        self.backend = backend
        self.state: defaultdict[Any, ParamState] = defaultdict(dict)  # type: ignore[arg-type] # which mypy does not know to be one
        self.param_groups: list[Group] = []
        self._prepared = PreparedSteps()
        self._forget_hooks()
        self._add(as_groups(params))

    def _add(self, groups: Sequence[Any]) -> None:
        """Add groups, all or none; the dictionaries are filled in place once everything has been checked."""
        prepared: list[Group] = []
        for group in groups:
            prepared.append(prepare(group, [*self.param_groups, *prepared], self.defaults, get_dialect(self.dialect), self.backend))
        for group, new in zip(groups, prepared, strict=True):
            group.update(new)
            self.param_groups.append(group)

    def add_param_group(self, param_group: GroupOptions) -> None:
        """Add a group of parameters, for example a layer that is to be trained from now on.

        Parameters
        ----------
        param_group : dict
            ``"params"`` and any options; filled in place with the defaults for those it does not have. Its parameters
            start at step 1 whatever the others have reached.

        Raises
        ------
        TypeError, KeyError, ValueError
            When it is no dictionary, has no ``"params"``, or a parameter or option is wrong; nothing has changed then.

        Examples
        --------
        >>> import numpy as np
        >>> from adamax_ref import Adamax, Parameter
        >>> optimizer = Adamax([Parameter(np.zeros(3))])
        >>> optimizer.add_param_group({"params": [Parameter(np.zeros(2))], "lr": 1e-4})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.002, 0.0001]
        """
        self._add([param_group])

    @hooked
    def step(self, closure: Callable[[], Loss] | None = None) -> Loss | None:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        closure : callable or None
            Called once before gradients are read; what it returns is returned.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            When an option, gradient or state does not fit; no parameter has moved then.
        BackendUnavailable
            When this thread flushes subnormal numbers, or an engine cannot run here; no parameter has moved then.
        BrokenStep
            When an earlier step broke off while it was written.
        Exception
            Whatever an engine raises while it writes. Some parameters have moved then and others have not; every later
            step raises a BrokenStep, until :meth:`load_state_dict` has replaced the state.
        """
        loss = None
        if closure is not None:
            self._prepared.require_steppable()
            with grad_enabled():
                loss = closure()
        self._prepared.step(self.param_groups, self.state, get_dialect(self.dialect), self.backend)
        self.has_stepped = True
        return loss

    @property
    def fault(self) -> str | None:
        """Return the fault that broke a step off, after which steps are refused until a state is loaded; None without one."""
        return self._prepared.fault

    @fault.setter
    def fault(self, words: str | None) -> None:
        self._prepared.fault = words

    def repeat(self) -> bool:
        """Do a step like an earlier one and return True; or do nothing and return False where one has to be prepared.

        No hook runs, and :meth:`step` asks here first: it is for optimizers that have hooks of their own.

        Raises
        ------
        ValueError, TypeError, BrokenStep
            As :meth:`step` does.
        """
        return self._prepared.repeat(self.param_groups, self.state, get_dialect(self.dialect), self.backend)

    def prepared(self, wanted: Step | None = None) -> Step | None:
        """Return the prepared step (or the wanted one) that :meth:`step` would do now; None where it would prepare one."""
        return self._prepared.ready(self.param_groups, self.state, get_dialect(self.dialect), self.backend, wanted)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take all gradients away.

        Parameters
        ----------
        set_to_none : bool
            Set them to None, so that a step skips the parameter; otherwise to zero, so that it decays and moves on.
        """
        for group in self.param_groups:
            for param in group["params"]:
                reset(param, set_to_none, self.backend)

    def state_dict(self, copy: bool = False) -> StateDict:
        """Return the optimizer's state in PyTorch's layout.

        Parameters
        ----------
        copy : bool
            Copy the arrays; otherwise they are the live ones, which the next step changes.

        Returns
        -------
        dict
            ``state`` (by running number: ``step``, ``exp_avg``, ``exp_inf``) and ``param_groups``; or what the last
            hook made of it.

        Raises
        ------
        TypeError
            When a hook returns something that is not a mapping.
        """
        for hook in self._state_dict_pre.functions():
            hook(self)
        packed: StateDict = pack(self.param_groups, self.state, copy)
        for hook in self._state_dict_post.functions():
            packed = replaced(hook(self, packed), packed, hook)
        return packed

    def load_state_dict(self, state_dict: Mapping[str, object], cast: bool = True) -> None:
        """Take over a saved state; everything is checked first, then replaced at once, by copies.

        Parameters
        ----------
        state_dict : mapping
            From :meth:`state_dict`, from PyTorch, or read from a file; see :mod:`adamax_ref.interop`.
        cast : bool
            Convert state to its parameter's dtype. Otherwise it stays as saved, and a step refuses it if it differs.

        Raises
        ------
        TypeError
            When `state_dict` is not a mapping.
        KeyError
            When it lacks ``state`` or ``param_groups``.
        ValueError
            When groups, shapes, steps or options do not fit.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"state_dict must be a mapping, not {type(state_dict).__name__}; pass what state_dict() returned")
        given: Any = dict(state_dict)
        for hook in self._load_pre.functions():
            given = replaced(hook(self, given), given, hook)
        self.state, self.param_groups = unpack(given, self.param_groups, self.dialect, self.backend, cast)
        self._prepared = PreparedSteps()
        for hook in self._load_post.functions():
            hook(self)

    def __repr__(self) -> str:
        text = "Adamax ("
        for number, group in enumerate(self.param_groups):
            rows = "".join(f"    {key}: {value}\n" for key, value in sorted(group.items()) if key != "params")
            text += f"\nParameter Group {number}\n{rows}"
        return text + ")"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out hooks, as PyTorch does."""
        kept = ("defaults", "state", "param_groups", "dialect", "backend")
        return {name: getattr(self, name) for name in kept} | {"fault": self.fault}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepared = PreparedSteps(self.__dict__.pop("fault", None))
        self._forget_hooks()


def replaced(result: object, old: Any, hook: Hook) -> Any:
    """Return what a hook made of a state dictionary.

    Raises
    ------
    TypeError
        When it is not a mapping.
    """
    if result is not None and not isinstance(result, Mapping):
        raise TypeError(f"the hook {hook!r} must return None or a mapping, but got {result!r}")
    return old if result is None else result

"""An optimizer class of the usual shape as a target: parameters, keyword options, ``step()``, and state by parameter.

A learning rate that a step brings with it goes through the constructor, so that the optimizer's own check of it applies:
an optimizer with the new rate takes over the state of the one before.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

import numpy as np

from adamax_ref.arrays.types import Array as AnyArray
from adamax_ref.conformance.answer import FEATURES, Answer, Hello, Reported
from adamax_ref.conformance.target import Array, Refusal, Start, Target, TargetUnavailable, about, attempt, start_of, text_of
from adamax_ref.golden.case import Case
from adamax_ref.optimizer.parameter import Parameter
from adamax_ref.optimizer.types import Param
from adamax_ref.recipe.profile import PROFILES

if TYPE_CHECKING:
    from torch import Tensor


class ArrayLibrary(ABC):
    """Makes parameters and state of one library from NumPy arrays, and reads them back."""

    @abstractmethod
    def parameter(self, array: Array) -> Param:
        """Return a parameter, with ``data`` and ``grad``, that holds a copy of these numbers."""

    @abstractmethod
    def array(self, numbers: Array) -> AnyArray:
        """Return a copy of these numbers as gradients and state have them."""

    @abstractmethod
    def count(self, t: int, like: object) -> object:
        """Return a step counter of the kind that the optimizer itself keeps."""

    @abstractmethod
    def read(self, value: object) -> Array:
        """Return the numbers of a parameter or of state; a parameter's where they are now."""


@final
class NumpyArrays(ArrayLibrary):
    """NumPy arrays in :class:`adamax_ref.Parameter`.

    Examples
    --------
    >>> NumpyArrays().parameter(np.zeros(2))
    Parameter(name=None, shape=(2,), dtype=float64, grad=None)
    """

    def parameter(self, array: Array) -> Param:
        """Return a parameter of ours."""
        return Parameter(array.copy())

    def array(self, numbers: Array) -> AnyArray:
        """Return a copy."""
        return numbers.copy()

    def count(self, t: int, like: object) -> object:
        """Return a whole number of the same type."""
        kind: Any = type(like)
        made: object = kind(t)
        return made

    def read(self, value: object) -> Array:
        """Return the array."""
        return np.asarray(value.data if isinstance(value, Parameter) else value)


@final
class TorchTensors(ArrayLibrary):
    """Tensors on the CPU.

    Parameters
    ----------
    torch : module
        PyTorch.
    """

    def __init__(self, torch: ModuleType) -> None:
        self._torch = torch

    def parameter(self, array: Array) -> "Tensor":
        """Return a leaf that requires gradients."""
        return self.array(array).requires_grad_()

    def array(self, numbers: Array) -> "Tensor":
        """Return a tensor; bfloat16 goes through binary32, which holds it exactly."""
        if numbers.dtype.name == "bfloat16":
            return self._torch.from_numpy(numbers.astype("float32")).to(self._torch.bfloat16)
        return self._torch.from_numpy(numbers.copy())

    def count(self, t: int, like: object) -> object:
        """Return a number, or a tensor in double, as PyTorch makes it under a default type of double."""
        kind: Any = type(like)
        return self._torch.tensor(float(t), dtype=self._torch.float64) if self._torch.is_tensor(like) else kind(t)

    def read(self, value: "Tensor") -> Array:
        """Return the numbers as an array; those of bfloat16 in binary32."""
        tensor = value.detach()
        made: Array = (tensor.float() if tensor.dtype == self._torch.bfloat16 else tensor).numpy()
        return made


STATE = ("step", "exp_avg", "exp_inf")
"""Under these names an optimizer must keep counter, moment and norm of a parameter to have them looked at."""
_OPTIONAL = {"weight_decay": ("l2", "decoupled"), "maximize": ("maximize",)}


@final
class OptimizerTarget(Target):
    """An optimizer class, or a function that makes optimizers.

    Parameters
    ----------
    factory : callable
        ``factory([parameter], lr=..., betas=..., eps=..., weight_decay=..., maximize=...)``; it may lack the last two, and
        what needs them is then not tested. What it makes has ``step()``, reads ``parameter.grad`` and changes the
        parameter. Where ``state[parameter]`` is a dictionary with ``step``, ``exp_avg`` and ``exp_inf``, state is compared
        too; otherwise the parameter alone is.
    dialects : tuple of str
        What it follows; nothing means unknown.
    lacks : tuple of str
        Features that it does not have.
    library : ArrayLibrary, optional
        Whose arrays it works on; NumPy's if left out.
    name : str, optional
        What reports call it; otherwise where it was defined.
    declares : tuple of str
        Freedoms that it takes, of ``ftz``, ``hyper32``, ``zero-sign-any``.

    Examples
    --------
    >>> from adamax_ref import Adamax
    >>> OptimizerTarget(Adamax, ("torch",)).hello.exposes
    ('theta', 'm', 'u', 't')
    """

    def __init__(
        self,
        factory: Callable[..., Any],
        dialects: tuple[str, ...] = (),
        lacks: tuple[str, ...] = (),
        library: ArrayLibrary | None = None,
        name: str | None = None,
        declares: tuple[str, ...] = (),
    ) -> None:
        self._factory = factory
        self._library = library or NumpyArrays()
        self._options = {name for name in _OPTIONAL if _accepts(factory, name)}
        self._counter = self._probed()
        where, version = about(factory)
        exposes = ("theta",) if self._counter is None else ("theta", "m", "u", "t")
        types, features = tuple(sorted(PROFILES)), self._features(lacks)
        self._hello = Hello(name or where, version, "python", dialects, types, features, declares, exposes, device="cpu")

    @property
    def hello(self) -> Hello:
        """All profiles, and the features that the factory's signature and the state of what it makes allow."""
        return self._hello

    def run(self, case: Case) -> Answer:
        """Run a case."""
        return attempt(case, self._steps)

    def _probed(self) -> Any:
        """Take one step and return the counter that the optimizer keeps, or None where its state cannot be read."""
        parameter = self._library.parameter(np.ones(1))
        try:
            optimizer = self._factory([parameter])
            parameter.grad = self._library.array(np.ones(1))
            optimizer.step()
            counter, *_ = (optimizer.state[parameter][name] for name in STATE)
        except KeyboardInterrupt:
            raise
        except BaseException:  # of whatever kind: the cases will show it, and then it is reported
            return None
        return counter

    def _features(self, lacks: tuple[str, ...]) -> tuple[str, ...]:
        lacking = {feature for name in _OPTIONAL if name not in self._options for feature in _OPTIONAL[name]}
        stateless = ("init-state", "lr-schedule") if self._counter is None else ()
        return tuple(feature for feature in FEATURES if feature not in {*lacking, *stateless, *lacks})

    def _steps(self, case: Case) -> tuple[Reported, ...]:
        start = start_of(case)
        parameter, lr = self._library.parameter(start.theta), case.hyper.lr.value
        optimizer = self._made(case, parameter, lr)
        if self._counter is not None:
            kept = (self._library.count(case.init.t, self._counter), *map(self._library.array, (start.m, start.u)))
            optimizer.state[parameter] = dict(zip(STATE, kept, strict=True))
        reported = []
        for number, (step, grad) in enumerate(zip(case.steps, start.grads, strict=True), 1):
            rate = (step.lr or case.hyper.lr).value
            if rate != lr:
                optimizer, lr = self._continued(case, parameter, optimizer, rate), rate
            parameter.grad = None if grad is None else self._library.array(grad)
            with np.errstate(all="ignore"):  # cases with NaN and infinity are meant to overflow
                optimizer.step()
            if grad is not None:
                self._check_gradient(parameter.grad, grad, case)
            if number in case.report:
                reported.append(self._reported(number, case, parameter, optimizer, start))
        return tuple(reported)

    def _check_gradient(self, after: Any, before: Array, case: Case) -> None:
        """Refuse an optimizer that changes what it was passed, unless it declares so; setting it to None is no change."""
        if after is None or "in-place" in self._hello.declares:
            return
        if text_of(self._library.read(after), case.form) != text_of(before, case.form):
            raise TypeError("step() changed the gradient; copy it first, or declare in-place")

    def _continued(self, case: Case, parameter: Any, optimizer: Any, lr: float) -> Any:
        """Return an optimizer with another rate that goes on where one stands."""
        following = self._made(case, parameter, lr)
        following.state[parameter] = optimizer.state[parameter]
        return following

    def _made(self, case: Case, parameter: Any, lr: float) -> Any:
        hyper = case.hyper
        optional = {"weight_decay": hyper.weight_decay.value, "maximize": hyper.maximize}
        try:
            return self._factory(
                [parameter],
                lr=lr,
                betas=(hyper.beta1.value, hyper.beta2.value),
                eps=hyper.eps.value,
                **{name: value for name, value in optional.items() if name in self._options},
            )
        except ValueError as error:  # anywhere else it is no refusal but a fault
            raise Refusal(str(error)) from error

    def _reported(self, number: int, case: Case, parameter: Any, optimizer: Any, start: Start) -> Reported:
        theta = self._text(parameter, "parameter", start.theta, case)
        if self._counter is None:
            return Reported(number, theta)
        memory = optimizer.state[parameter]
        m, u = (self._text(memory[name], name, start.m, case) for name in STATE[1:])
        t = int(memory["step"])
        if t != memory["step"]:
            raise TypeError(f"the counter is {memory['step']!r} and must be a whole number")
        return Reported(number, theta, m, u, t)

    def _text(self, value: Any, name: str, like: Array, case: Case) -> str:
        """Return the patterns of a parameter or of state, which must have the type and the shape that it began with."""
        wanted, array = self._library.array(like), getattr(value, "data", value) if name == "parameter" else value
        if (array.dtype, tuple(array.shape)) != (wanted.dtype, tuple(wanted.shape)):
            got = f"{array.dtype} of shape {tuple(array.shape)}"
            raise TypeError(f"the new {name} is {got} and must be {wanted.dtype} of shape {tuple(wanted.shape)}")
        return text_of(self._library.read(value), case.form)


def _accepts(factory: Callable[..., Any], name: str) -> bool:
    """Tell whether a callable takes a keyword; what has no signature is taken to."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(each.name == name or each.kind is each.VAR_KEYWORD for each in parameters)


def torch_target(name: str) -> Target:
    """Return ``torch.optim.Adamax`` itself, on the CPU, in this process; TargetUnavailable without PyTorch."""
    try:
        import torch
    except ImportError as error:
        raise TargetUnavailable(f"framework {name!r} cannot be imported ({error}); pip install torch") from error
    library = TorchTensors(torch)
    return OptimizerTarget(torch.optim.Adamax, (name,), ("decoupled",), library, "torch.optim.Adamax")

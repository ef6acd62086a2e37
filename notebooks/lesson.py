"""What the notebooks share: ``run`` follows an Adamax, ``check`` looks at an answer.

No answer is written down here; each is computed by the library when it is asked for.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import numpy as np

from adamax_ref import Adamax, Parameter, defaults, dialects
from adamax_ref.bugs import bank
from adamax_ref.frameworks.batteries import dtype_of
from adamax_ref.recipe.recipe import INPUTS, OUTPUTS

# Commands after an exclamation mark are those of this kernel's environment, active or not.
os.environ["PATH"] = os.pathsep.join(
    (os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath))
)

Values = np.ndarray[Any, np.dtype[np.float64]]


class Run(NamedTuple):
    """Parameter, moment and norm after 0, 1, 2, ... steps; the first axis counts them."""

    p: Values
    m: Values
    u: Values


def run(
    dialect: str,
    gradients: Sequence[Any],
    profile: str = "f64",
    p: Any = 0.0,
    **hyper: Any,
) -> Run:
    """Follow an Adamax from zero state.

    Parameters
    ----------
    dialect : str
        Whose Adamax.
    gradients : sequence of float or array
        One for each step, all of one shape.
    profile : str
        ``f64``, ``f32``, ``f16`` or ``bf16``.
    p : float or array
        The parameter before the first step.
    **hyper : float
        ``lr``, ``betas``, ``eps``, ``weight_decay``; the dialect's defaults otherwise.
    """
    dtype, shape = dtype_of(profile), np.shape(gradients[0])
    parameter = Parameter(np.full(shape, p, dtype))
    optimizer = Adamax([parameter], **{**defaults(dialect), **hyper})
    seen = [[np.full(shape, p, dtype)], [np.zeros(shape)], [np.zeros(shape)]]
    for gradient in gradients:
        parameter.grad = np.asarray(gradient, dtype)
        optimizer.step()
        state = optimizer.state[parameter]
        for column, now in zip(
            seen, (parameter.data, state["exp_avg"], state["exp_inf"]), strict=True
        ):
            column.append(np.array(now))
    return Run(*(np.array(column, np.float64) for column in seen))


@final
@dataclass(frozen=True)
class Exercise:
    """How the answer is computed, a hint, and how many decimals are asked for."""

    right: Callable[[], Any]
    hint: str
    decimals: int = 0


def check(name: str, answer: Any) -> None:
    """Say whether the answer to an exercise is right.

    Parameters
    ----------
    name : str
        Of the exercise, as in the notebook.
    answer : float or str
        The ellipsis stands for "not answered yet".
    """
    exercise = EXERCISES[name]
    if answer is ...:
        print(f"{name}: put your answer in the place of the dots")
    elif _same(answer, exercise.right(), exercise.decimals):
        print(f"{name}: right")
    else:
        print(f"{name}: not yet. {exercise.hint}")


def _same(answer: Any, right: Any, decimals: int) -> bool:
    return bool(
        answer == right
        if isinstance(right, str)
        else round(answer, decimals) == round(right, decimals)
    )


def _steps_until_half() -> int:
    """Count the zeros after a gradient of 1 until the norm is below one half."""
    norms = run("paper", [1.0] + [0.0] * 1000).u
    return int(np.argmax(norms[1:] < 0.5))


def _longest_step(beta1: float, beta2: float) -> float:
    """Take many gradients that shrink exactly as the norm does."""
    p = run("paper", [beta2**step for step in range(2000)], lr=1.0, betas=(beta1, beta2)).p
    return float(abs(p[-1] - p[-2]))


def _roundings(weight_decay: float = 0.0) -> int:
    """Count the rounded operations of PyTorch's step in float32."""
    torch = dialects.get("torch")
    operations = torch.recipe(
        replace(torch.defaults, weight_decay=weight_decay), "f32"
    ).operations
    return sum(operation.name not in ("neg", "abs", "max") for operation in operations)


def _answering(gradients: list[float], answer: list[float], **hyper: Any) -> str:
    """Name the one dialect of the lesson that gives these parameters."""
    names = ("torch", "keras", "paddle", "optim-jl", "paper", "dl4j")
    with np.errstate(all="ignore"):
        runs = {
            name: run(
                name, gradients, **(hyper if name != "paper" else {**hyper, "eps": 0.0})
            ).p
            for name in names
        }
    (name,) = (
        name for name, p in runs.items() if np.allclose(p[1:], answer, rtol=1e-15, atol=0)
    )
    return name


def _bug(title: str) -> str:
    """Return the number of a bug of the bank."""
    (number,) = (number for number, bug in bank().items() if bug.title == title)
    return number


EXERCISES = {
    "1a": Exercise(
        lambda: run("paper", [2.0] * 3, betas=(0.5, 0.999)).m[3],
        "m starts at 0 and goes half of the way to the gradient at each step.",
        decimals=3,
    ),
    "1b": Exercise(
        _steps_until_half,
        "Each zero multiplies u by beta2; 0.999**k < 0.5 from which k on?",
    ),
    "1c": Exercise(
        lambda: _longest_step(0.8, 0.99),
        "A geometric series: 1-beta1, then beta1/beta2 times that, and so on.",
        decimals=3,
    ),
    "2a": Exercise(
        lambda: run("paddle", [0.0] * 10_000).u[-1] * 1e6,
        "Where it stands still, eps = (1 - beta2) * u: as much is added as taken off.",
    ),
    "2b": Exercise(
        lambda: _answering(
            [1.0, 0.0], [-1 / 2, -13 / 18], lr=1.0, betas=(0.5, 0.5), eps=1.0
        ),
        "The corrected m is 1, then 1/3. What were they divided by?",
    ),
    "2c": Exercise(
        lambda: min(
            exponent for exponent in range(-12, 0) if np.float16(10.0**exponent) > 0
        ),
        "What is less than half of 2**-24 rounds to 0.",
    ),
    "3a": Exercise(_roundings, "neg, abs and max are exact; an fma rounds once."),
    "3b": Exercise(
        lambda: _roundings(0.1) - _roundings(),
        "The decay is g + weight_decay * p. Is it fused?",
    ),
    "3c": Exercise(
        lambda: float(np.spacing(np.float32(1))) / 2 * 2**24,
        "float32 has 24 binary digits, the first stands for 1.",
    ),
    "4a": Exercise(
        lambda: -run("mlx", [1.0], lr=1.0, betas=(0.75, 0.999), eps=0.0).p[1],
        "m is (1-beta1) times the gradient, u is the gradient, and nothing is corrected.",
        decimals=2,
    ),
    "4b": Exercise(
        lambda: run("mlx", [1.0, 1.0], lr=1.0, betas=(0.5, 0.5), eps=0.0).p[2],
        "m is 1/2, then 3/4; u is 1 both times.",
        decimals=2,
    ),
    "5a": Exercise(
        lambda: _bug("m without the factor 1 - beta1"),
        "The line that begins with `cause` has its number.",
    ),
    "5b": Exercise(
        lambda: _bug("a NaN gradient is lost by max"),
        "The line that begins with `cause` has its number.",
    ),
    "6a": Exercise(
        lambda: (len(INPUTS) + len(OUTPUTS)) * dtype_of("bf16").itemsize,
        "Four numbers in, three out.",
    ),
    "6b": Exercise(
        lambda: (len(INPUTS) + len(OUTPUTS)) * 4 * 100e6 / 20e9 * 1e3,
        "28 bytes for each parameter.",
    ),
    "7a": Exercise(
        lambda: int(
            np.argmax(run("torch", [1.0] + [0.0] * 5000, "bf16", eps=1e-30).u[2:] != 1)
        ),
        "The number below 1 is 1 - 2**-8. Which of the two is 0.999 closer to?",
    ),
    "7b": Exercise(
        lambda: int(np.diff(np.array([0.5, 1.0], dtype_of("bf16")).view(np.uint16))[0]),
        "Of its 8 binary digits the first is always 1.",
    ),
}

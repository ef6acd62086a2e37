"""README's formula and its table of frameworks, computed: each expression gives the bits of the dialect beside it."""

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adamax_ref import dialects, frameworks
from adamax_ref.exact import stepper
from adamax_ref.exact.trajectory import Step, exact_steps
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY32, Rounding

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ROWS = {
    name: [cell.strip("` ") for cell in cells.split("|")]
    for name, cells in re.findall(r"^\| ([\w. 3]+) \| (.*) \|$", README, flags=re.MULTILINE)
    if name != "framework"
}
DIALECTS = {"PyTorch": "torch", "optax": "optax", "Keras 3": "keras", "TensorFlow kernel": "tensorflow", "Paddle": "paddle"}
DIALECTS |= {"MLX": "mlx", "TensorFlow.js": "tfjs"}
EPSILON = {
    "beside the gradient, inside the maximum": "max",
    "beside the norm, so that it accumulates": "norm",
    "in the divisor": "divisor",
}
DECAY = {"into the gradient": "l2", "decoupled": "decoupled", "none": "none"}
BIAS = {"in double": "host", "in single": "compute", "running product": "product", "none": "none"}
NUMBERS = st.floats(2.0**-30, 2.0**30, width=32)
SIGNED = st.tuples(NUMBERS, st.sampled_from([1.0, -1.0])).map(math.prod)
TABLE = stepper.operations("binary32", "binary32")


class Single:
    """A binary32 number whose operators round once each."""

    def __init__(self, value: float) -> None:
        self.value = value

    def by(self, name: str, *others: Any) -> "Single":
        """Return the result of an operation."""
        return Single(TABLE[name](self.value, *(other.value if isinstance(other, Single) else float(other) for other in others)))

    def __add__(self, other: Any) -> "Single":
        return self.by("add", other)

    def __sub__(self, other: Any) -> "Single":
        return self.by("sub", other)

    def __mul__(self, other: Any) -> "Single":
        return self.by("mul", other)

    def __truediv__(self, other: Any) -> "Single":
        return self.by("div", other)

    def __rtruediv__(self, other: float) -> "Single":
        return Single(float(other)).by("div", self)

    def __neg__(self) -> "Single":
        return Single(-self.value)


def names_of(constants: Mapping[str, float]) -> dict[str, Single]:
    """Return a dialect's constants under the names of the table; what it has negated is turned again."""
    numbers = {name: float(value) for name, value in constants.items()}
    turned = {name.removeprefix("minus_"): -value if name.startswith("minus_") else value for name, value in numbers.items()}
    short = {"weight": "w", "beta1": "b1", "correction": "c"}
    return {short.get(name, name): Single(value) for name, value in turned.items()}


def computed(expression: str, **names: Single) -> float:
    """Return what an expression of the table gives, rounded after each operation."""
    fma: Callable[..., Single] = lambda a, b, c: a.by("fma", b, c)  # noqa: E731
    value: Single = eval(expression, {"__builtins__": {}}, {"fma": fma, **names})
    return value.value


def test_the_table_names_frameworks_that_the_test_run_runs() -> None:
    assert ROWS.keys() == DIALECTS.keys()
    assert set(DIALECTS.values()) <= set(frameworks.names())
    for variant in re.findall(r"variants, such as `([^`]+)` and `([^`]+)`", README)[0]:
        assert variant in frameworks.names()


@pytest.mark.parametrize("framework", DIALECTS)
def test_the_words_of_a_row_are_those_of_its_dialect(framework: str) -> None:
    epsilon, _, bias, _, decay = ROWS[framework]
    family = dialects.get(DIALECTS[framework]).family
    assert family is not None
    assert (EPSILON[epsilon], DECAY[decay], BIAS[bias.split(", ")[-1]]) == (family.eps, family.decay, family.bias)


@pytest.mark.parametrize("framework", DIALECTS)
@settings(max_examples=100, deadline=None)
@given(p=SIGNED, g=SIGNED, m=SIGNED, u=NUMBERS, t=st.integers(1, 300))
def test_the_expressions_of_a_row_give_the_bits_of_its_dialect(
    framework: str, p: float, g: float, m: float, u: float, t: int
) -> None:
    _, moment, bias, update, _ = ROWS[framework]
    dialect = dialects.get(DIALECTS[framework])
    h = Hyperparameters(lr=0.01)
    recipe = dialect.recipe(h, "f32")
    constants = dict(dialect.constants(h, t, Rounding(BINARY32, BINARY32)))
    wanted = stepper.run(recipe, p, g, m, u, dialect.scalars(h, t, recipe))
    names = {**names_of(constants), "p": Single(p), "g": Single(g), "m": Single(m), "u": Single(u)}
    assert computed(moment, **names) == wanted[1]
    assert computed(update, **{**names, "m": Single(wanted[1]), "u": Single(wanted[2])}) == wanted[0]
    word = {"on the rate": "rate", "on the moment": "m*(1/c)", "on the divisor": "c*(u+eps)", "none": "(u+eps)"}
    assert word[bias.split(",")[0]] in update


def test_a_wrong_expression_would_be_noticed() -> None:
    names = {name: Single(value) for name, value in {"p": 1.0, "m": 0.3, "u": 0.7, "rate": 0.01}.items()}
    assert computed("p + (-rate*m)/u", **names) != computed("p + (-rate)*(m/(u*u))", **names)


# How README's LaTeX is read as Python; longer marks before those that they contain.
READ = {
    **{r"\,": "*", r"\ ": " ", r"\beta_1^t": "beta1**t", r"\beta_1": "beta1", r"\beta_2 ": "beta2*", r"\epsilon": "eps"},
    **{r"\max": "max", "|g_t|": "abs(g)", "g_t": "g", ")(": ")*("},
    **{"m_{t-1}": "m", "u_{t-1}": "u", r"\theta_{t-1}": "p", "m_t": "m_new", "u_t": "u_new"},
}


def read(name: str) -> str:
    """Return the right side of a line of README's formula as Python."""
    [line] = re.findall(rf"{re.escape(name)} = (.*?)(?:, \\qquad|\n)", README)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", line)
    for mark, word in READ.items():
        text = text.replace(mark, word)
    return text


@settings(max_examples=50, deadline=None)
@given(p=SIGNED, g=SIGNED, m=SIGNED, u=NUMBERS, t=st.integers(1, 50))
def test_the_formula_of_the_step_is_torch_s_without_roundings(p: float, g: float, m: float, u: float, t: int) -> None:
    h = Hyperparameters(lr=0.01)
    numbers = {"p": p, "g": g, "m": m, "u": u, "lr": h.lr, "beta1": h.beta1, "beta2": h.beta2, "eps": h.eps}
    names: dict[str, Any] = {name: Fraction(number) for name, number in numbers.items()} | {"t": t, "max": max, "abs": abs}
    for new, line in (("m_new", "m_t"), ("u_new", "u_t"), ("p_new", r"\theta_t")):
        names[new] = eval(read(line), {"__builtins__": {}}, names)
    start = {"p": [p], "m": [m], "u": [u]}
    [exact] = exact_steps(dialects.get("torch"), "f32", start, t - 1, [Step([g], h)], bits=None)
    assert {name: numbers[0] for name, numbers in exact.items()} == {name: names[f"{name}_new"] for name in "pmu"}

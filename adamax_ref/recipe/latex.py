"""LaTeX for a recipe: the operations folded back into formulas."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recipe import Recipe

SYMBOLS = {
    "p": r"\theta_{t-1}",
    "g": "g_t",
    "m": "m_{t-1}",
    "u": "u_{t-1}",
    "p_new": r"\theta_t",
    "m_new": "m_t",
    "u_new": "u_t",
    "beta1": r"\beta_1",
    "beta2": r"\beta_2",
    "weight": r"(1-\beta_1)",
    "minus_beta1": r"(-\beta_1)",
    "eps": r"\epsilon",
    "decay": r"\lambda",
    "lr": r"\alpha",
    "rate": r"\alpha_t",
    "minus_rate": r"(-\alpha_t)",
    "correction": "c_t",
}
"""How inputs, outputs and the usual constants are written; any other constant is set in roman type."""

_SUM, _PRODUCT, _ATOM = 1, 2, 3
_BINDING = {"add": _SUM, "sub": _SUM, "fma": _SUM, "mul": _PRODUCT, "neg": _PRODUCT}
_FORM = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": r"{0}\,{1}",
    "div": r"\frac{{{0}}}{{{1}}}",
    "fma": r"{0}\,{1} + {2}",
    "neg": "-{0}",
    "abs": r"\lvert {0}\rvert",
    "max": r"\max({0},\ {1})",
    "greater": r"\operatorname{{greater}}({0},\ {1})",
    "round": r"\circ({0})",
    "flush": r"\operatorname{{flush}}({0})",
}
# What each operand must bind at least as tightly as; operands within their own brackets need nothing.
_NEEDS = {
    "add": (_SUM, _SUM),
    "sub": (_SUM, _PRODUCT),
    "mul": (_PRODUCT, _PRODUCT),
    "neg": (_PRODUCT,),
    "fma": (_PRODUCT, _PRODUCT, _SUM),
}


def aligned(recipe: "Recipe") -> str:
    """Return an ``aligned`` block; values used more than once and outputs get a line of their own.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> dialect = get("torch")
    >>> aligned(dialect.recipe(dialect.defaults, "f32")).count("&=")
    3
    """
    count = len(recipe.leaves)
    uses = Counter(arg for operation in recipe.operations for arg in operation.args)
    text: dict[int, tuple[str, int]] = {}
    for value, name in enumerate(recipe.leaves):
        text[value] = (SYMBOLS.get(name, rf"\mathrm{{{name.replace('_', '-')}}}"), _ATOM)
    rows = []
    for at, operation in enumerate(recipe.operations):
        value = count + at
        needs = _NEEDS.get(operation.name, (0,) * len(operation.args))
        parts = [_bracket(*text[arg], need) for arg, need in zip(operation.args, needs, strict=True)]
        formula = _FORM[operation.name].format(*parts)
        if value in recipe.outputs or uses[value] > 1:
            label = SYMBOLS.get(recipe.names[value], f"x_{{{at + 1}}}")
            rows.append(f"{label} &= {formula}")
            text[value] = (label, _ATOM)
        else:
            text[value] = (formula, _BINDING.get(operation.name, _ATOM))
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _bracket(formula: str, binding: int, need: int) -> str:
    return formula if binding >= need else f"({formula})"

"""Cases without expected values, made of a design for one dialect and profile."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import final

from adamax_ref.exact.constants import exact_hyper
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY64, PROFILES, Format, ieee_divide

from .case import Case, Constants, Hyper, Init, Number, Refusal, Step
from .design import BASE, FULL, Chain, Design, Gradient, Skip, Values
from .numbers import Draw, draws, key_of, mix, parse, storable
from .oracle import canonical, start, step, with_flushes
from .patterns import encode
from .search import Search, elements_of


@final
@dataclass(frozen=True)
class _Maker:
    """Makes the arrays of one case: from one stream of draws, in the order theta, m, u, gradients."""

    form: Format
    count: int
    stream: Iterator[int]
    damage: str

    def values(self, values: Values) -> tuple[float, ...]:
        if isinstance(values, str):
            return parse(values, self.form)
        return _stored(full(values, self.form).take(self.count, self.stream), self.form)

    def text(self, values: Values, name: str) -> str:
        text = encode(self.values(values), self.form)
        return text[:-1] + "g" if name == self.damage else text

    def state(self, values: Values, name: str) -> str:
        if values == "":
            values = " ".join(["0"] * self.count)
        if isinstance(values, Draw) and name == "u":
            return encode(map(abs, self.values(values)), self.form)
        return self.text(values, name)


def case_from(design: Design, category: str, dialect: Dialect, profile: str) -> Case:
    """Return the case that a design becomes; its answers are still to be computed.

    Raises
    ------
    ValueError
        When the profile cannot hold one of the design's numbers.
    """
    case = frame_of(design, category, dialect, profile)
    case = _written(design, case, dialect) if design.search is None else _searched(design.search, case, dialect)
    case = replace(case, report=design.report or tuple(range(1, len(case.steps) + 1)))
    if case.result == "value" and not isinstance(design.steps, Chain):
        case = replace(case, steps=_with_constants(case, dialect))
    return replace(case, flags=_flags(case, design), needs=_needs(case))


def frame_of(design: Design, category: str, dialect: Dialect, profile: str) -> Case:
    """Return the case without its arrays and steps."""
    case = _frame(design, f"{dialect.name}/{profile}/{category}/{design.slug}", _hyper(design, dialect))
    return replace(case, init=Init("", "", "", design.t))


def _written(design: Design, case: Case, dialect: Dialect) -> Case:
    """Fill in the arrays and steps that a design says or draws."""
    form, parts = case.form, 2 if PROFILES[case.profile].is_complex else 1
    count = len(parse(design.theta, form)) // parts if isinstance(design.theta, str) else 1
    shape = (count,) if design.shape is None else design.shape
    maker = _Maker(form, math.prod(shape) * parts, draws(case.id), design.damage)
    init = Init(maker.text(design.theta, "theta"), maker.state(design.m, "m"), maker.state(design.u, "u"), design.t)
    case = replace(case, shape=shape, init=init)
    steps = _chain(design.steps, case, dialect) if isinstance(design.steps, Chain) else _steps(design.steps, maker)
    return replace(case, steps=steps)


def full(draw: Draw, form: Format) -> Draw:
    """Fill in the number of bits where a design asks for all of them."""
    return replace(draw, bits=form.precision) if draw.bits == FULL else draw


def _stored(numbers: Sequence[Fraction], form: Format) -> tuple[float, ...]:
    return tuple(storable(number, form) for number in numbers)


def _frame(design: Design, name: str, hyper: Hyper) -> Case:
    return Case(
        id=name,
        rev=1,
        why=design.why,
        flags=(),
        spec=tuple(design.spec.split()),
        needs=(),
        excludes=(),
        shape=(),
        hyper=hyper,
        init=Init("", "", "", 0),
        steps=(),
        report=(),
        result="value" if design.refuse is None else "reject",
        error=None if design.refuse is None else Refusal(*design.refuse),
    )


def _hyper(design: Design, dialect: Dialect) -> Hyper:
    numbers = {**BASE, **design.hyper}
    if "eps" not in dialect.options and (design.any_eps or "eps" not in design.hyper):
        numbers["eps"] = 0.0
    kind = "l2" if "l2" in dialect.options else "decoupled"
    decay = kind if numbers["weight_decay"] != 0 else "none"
    return Hyper(**{name: Number.of(value) for name, value in numbers.items()}, decay=decay, maximize=design.maximize)


def _steps(entry: Sequence[Values | Gradient | Skip], maker: _Maker) -> tuple[Step, ...]:
    return tuple(_step(item, maker) for item in entry)


def _step(entry: Values | Gradient | Skip, maker: _Maker) -> Step:
    if isinstance(entry, Skip):
        return Step(skip=True)
    go = entry if isinstance(entry, Gradient) else Gradient(entry)
    return Step(grad=maker.text(go.grad, "grad"), lr=None if go.lr is None else Number.of(go.lr))


def _chain(chain: Chain, case: Case, dialect: Dialect) -> tuple[Step, ...]:
    """Draw each gradient from the bits of the parameter that the canonical recipe has reached."""
    rule, h, state, draw = canonical(with_flushes(dialect), case.profile), case.hyper.at(), start(case), full(chain.draw, case.form)
    key, results = key_of(case.id), []
    for _ in range(chain.steps):
        grad = _stored([draw.number(mix(key + case.form.encode(theta))) for theta in state.theta], case.form)
        results.append(Step(grad=encode(grad, case.form)))
        state = step(rule, state, grad, h)
    return tuple(results)


def _searched(search: Search, case: Case, dialect: Dialect) -> Case:
    """Let parameter, state and the gradient of one step be those that a search finds."""
    columns = elements_of(search, case, dialect)
    theta, m, u, grad = (encode(column, case.form) for column in columns)
    return replace(case, shape=(len(columns.theta),), init=Init(theta, m, u, case.init.t), steps=(Step(grad=grad),))


def _with_constants(case: Case, dialect: Dialect) -> tuple[Step, ...]:
    t, results = case.init.t, []
    for item in case.steps:
        t += item.grad is not None
        known = constants(dialect, case.hyper.at(item), t) if item.grad is not None else None
        results.append(replace(item, constants=known))
    return tuple(results)


def _flags(case: Case, design: Design) -> tuple[str, ...]:
    """Add to a design's flags those that its content implies."""
    implied = {
        "zero-dim": case.shape == (),
        "two-dim": len(case.shape) > 1,
        "empty": math.prod(case.shape) == 0,
        "imported-state": "init-state" in _needs(case),
        "schedule": any(item.lr is not None for item in case.steps),
        "skipped-step": any(item.skip for item in case.steps),
        "decay-coupled": case.hyper.decay == "l2",
        "decay-decoupled": case.hyper.decay == "decoupled",
        "maximize": case.hyper.maximize,
        "must-refuse": case.result == "reject",
        "low-precision": case.form.precision < 24,
        "complex": PROFILES[case.profile].is_complex,
    }
    return tuple(sorted({*design.flags.split(), *(flag for flag, holds in implied.items() if holds)}))


def _needs(case: Case) -> tuple[str, ...]:
    """Say which features a target must have (section 9.2 of the protocol)."""
    parts = 2 if PROFILES[case.profile].is_complex else 1
    zeros = " ".join(["0" * (case.form.width // 4)] * math.prod(case.shape) * parts)
    entry = {
        "init-state": case.init.t != 0 or case.init.m != zeros or case.init.u != zeros,
        "lr-schedule": any(item.lr is not None for item in case.steps),
        "skip": any(item.skip for item in case.steps),
        "l2": case.hyper.decay == "l2",
        "decoupled": case.hyper.decay == "decoupled",
        "maximize": case.hyper.maximize,
        "complex": PROFILES[case.profile].is_complex,
    }
    return tuple(sorted(name for name, holds in entry.items() if holds))


def has_bias_correction(dialect: Dialect) -> bool:
    """Tell whether a dialect corrects the bias: whether its scalars change from step to step.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> has_bias_correction(get("paper"))
    True
    """
    h = exact_hyper(dialect.defaults)
    recipe = dialect.recipe(dialect.defaults, dialect.profiles[0])
    return dialect.scalars(h, 1, recipe) != dialect.scalars(h, 2, recipe)


def constants(dialect: Dialect, h: Hyperparameters, t: int) -> Constants:
    """Return the correction and the corrected rate of step `t`.

    Examples
    --------
    >>> from adamax_ref.dialects import get
    >>> constants(get("torch"), Hyperparameters(), 1)
    Constants(correction='3fb9999999999998', rate='3f947ae147ae147c')
    """
    exact = exact_hyper(h)
    correction = 1.0 - float(exact.beta1**t) if has_bias_correction(dialect) else 1.0
    return Constants(encode([correction], BINARY64), encode([ieee_divide(h.lr, correction)], BINARY64))

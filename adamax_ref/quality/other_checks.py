"""The checks that other projects have for their Adamax, recreated, to count what they catch of the bug bank.

Each is written from what the named test does: its functions, its numbers, its tolerance, with the law of PyTorch in
binary32 in place of the project's own. What a check expects is computed with the right law.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import final

from adamax_ref.bugs import Bug, bank
from adamax_ref.bugs.kills import parts
from adamax_ref.dialects import get
from adamax_ref.golden.case import Case, Hyper, Init, Number, Step
from adamax_ref.golden.load import Corpus
from adamax_ref.golden.oracle import start
from adamax_ref.golden.patterns import encode
from adamax_ref.recipe.hyper import Hyperparameters
from adamax_ref.recipe.profile import BINARY32

from .kill_matrix import Matrix

DIALECT, PROFILE = "torch", "f32"

Vector = tuple[float, ...]
Train = Callable[[Hyperparameters, Sequence[float], Callable[[Vector], Sequence[float]]], Iterator[Vector]]
"""``train(hyper, theta, gradient)`` yields the parameter after each step."""


@final
@dataclass(frozen=True)
class Check:
    """A check: its name, where it is done, what it compares, and whether a trainer passes it."""

    name: str
    source: str
    compares: str
    passes: Callable[[Train], bool]


def trainer(bug: Bug) -> Train:
    """Return the trainer that a bug is; a bug without a change is the right one."""

    def train(h: Hyperparameters, theta: Sequence[float], gradient: Callable[[Vector], Sequence[float]]) -> Iterator[Vector]:
        case, past = _case(h, theta), list[Vector]()
        state, law, numbers = bug.begin(start(case)), parts(DIALECT, PROFILE), bug.hyper(case, case.steps[0])
        while True:
            past.append(tuple(map(BINARY32.round, gradient(state.theta))))
            state = bug.step(case, law, state, past, numbers)
            yield state.theta

    return train


RIGHT = trainer(Bug("B00", "none", "", "", ""))


def _case(h: Hyperparameters, theta: Sequence[float]) -> Case:
    zeros = encode([0.0] * len(theta), BINARY32)
    names = ("lr", "beta1", "beta2", "eps", "weight_decay")
    numbers = {name: Number.of(getattr(h, name)) for name in names}
    return Case(
        id=f"{DIALECT}/{PROFILE}/checks/run",
        rev=1,
        why="",
        flags=(),
        spec=(),
        kills=(),
        needs=(),
        excludes=(),
        shape=(len(theta),),
        hyper=Hyper(**numbers, decay="l2" if h.weight_decay else "none", maximize=h.maximize),
        init=Init(encode(map(BINARY32.round, theta), BINARY32), zeros, zeros, 0),
        steps=(Step(),),
        report=(),
        result="value",
    )


def near(got: Sequence[float], want: Sequence[float], tolerance: float) -> bool:
    """Compare as NumPy does, with one number for relative and absolute tolerance; NaN is near nothing."""
    return all(abs(a - b) <= tolerance * (1 + abs(b)) for a, b in zip(got, want, strict=True))


def _after(train: Iterator[Vector], steps: int) -> Vector:
    return next(islice(train, steps - 1, None))


_MATRIX = ((0.6, -0.3, 0.9), (-0.2, 0.8, 0.1))
_INPUT = (0.5, -1.25, 0.75)


def _outputs(theta: Vector) -> Vector:
    """Return what a layer of two neurons with weights and biases `theta` makes of one input."""
    return tuple(sum(w * x for w, x in zip(theta[3 * row : 3 * row + 3], _INPUT, strict=True)) + theta[6 + row] for row in (0, 1))


def _loss(theta: Vector) -> float:
    return sum(y * y for y in _outputs(theta))


def _slope(theta: Vector) -> Vector:
    y = _outputs(theta)
    return tuple(2 * y[row] * x for row in (0, 1) for x in _INPUT) + tuple(2 * each for each in y)


def _falls(train: Train) -> bool:
    """Twenty steps: the loss ends lower than it began, or higher where the objective is climbed."""
    first = (*_MATRIX[0], *_MATRIX[1], 0.4, -0.7)
    for h in (Hyperparameters(), Hyperparameters(weight_decay=0.1), Hyperparameters(weight_decay=0.1, maximize=True)):
        last = _loss(_after(train(h, first, _slope), 20))
        if not (last > _loss(first) if h.maximize else last < _loss(first)):
            return False
    return True


def _rests(train: Train) -> bool:
    """Leave the parameter alone at a step with a gradient of zeros."""
    first = (0.5, -1.5, 2.0, -0.25, 1.0)
    return _after(train(Hyperparameters(), first, lambda theta: (0.0,) * 5), 1) == first


def _parabola(theta: Vector) -> Vector:
    return tuple(2 * (x - end) for x, end in zip(theta, (1.0, -1.0, 1.0), strict=True))


def _rosenbrock(theta: Vector) -> Vector:
    x, y = theta
    return -2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)


STEPS = 1000
"""A tenth of what optax takes, with which the right law is done after 408: what is too slow is caught as well."""


def _converges(train: Train) -> bool:
    """Come near the minimum of a parabola and of Rosenbrock's function."""
    h = Hyperparameters(lr=0.1)
    try:
        bowl = _after(train(h, (-1.0, 10.0, 1.0), _parabola), STEPS)
        valley = _after(train(h, (0.0, 0.0), _rosenbrock), STEPS) if near(bowl, (1.0, -1.0, 1.0), 0.03) else ()
    except OverflowError:  # a parameter that explodes takes its gradient beyond double
        return False
    return bool(valley) and near(valley, (1.0, 1.0), 0.03)


def _one_step(train: Train) -> bool:
    """Compare the parameter after a first step, at one part in a thousand."""
    given = Hyperparameters(lr=0.5), (1.0, 2.0, 3.0, 4.0), lambda theta: (1.0, 6.0, 7.0, 2.0)
    return near(_after(train(*given), 1), (0.5, 1.5, 2.5, 3.5), 1e-3)


def _five_rows(train: Train) -> bool:
    """Compare five rows of parameters; every gradient is larger than the last, so the norm never decays."""
    steps = iter([(0.01,) * 10] + [tuple((at + 1) / 10 for at in range(10))] * 4)
    h, first = Hyperparameters(lr=0.2, beta1=0.85, beta2=0.95, eps=1e-6), (1.0,) * 10
    grads = list(steps)

    def rows(one: Train) -> list[Vector]:
        left = iter(grads)
        return list(islice(one(h, first, lambda theta: next(left)), 5))

    return all(near(got, want, 5e-4) for got, want in zip(rows(train), rows(RIGHT), strict=True))


CHECKS = (
    Check(
        "direction of the loss",
        "PyTorch, test/test_optim.py, test_forloop_goes_right_direction",
        "the loss is lower after 20 steps, with and without decay, and higher while climbing",
        _falls,
    ),
    Check(
        "zero gradient",
        "PyTorch, test/test_optim.py, test_step_is_noop_for_zero_grads",
        "a step with a gradient of zeros leaves the parameter as it is",
        _rests,
    ),
    Check(
        "convergence",
        "optax, optax/_src/alias_test.py, test_optimization",
        f"{STEPS} steps end within 3e-2 of the minimum of a parabola and of Rosenbrock's function",
        _converges,
    ),
    Check(
        "one step",
        "Keras, keras/src/optimizers/adamax_test.py, test_single_step",
        "the parameter after a first step, here at 1e-3",
        _one_step,
    ),
    Check(
        "five golden rows",
        "Keras, keras/src/optimizers/adamax_test.py, test_correctness_with_golden",
        "the parameter after each of five steps at 5e-4; the rows are the same for any beta2",
        _five_rows,
    ),
)
"""Checks of other projects, from the weakest to the strongest kind."""


def caught() -> dict[str, frozenset[str]]:
    """Return for each check the bugs that fail it, of those that can be made in the dialect of the checks."""
    return {check.name: frozenset(bug.id for bug in made() if not check.passes(trainer(bug))) for check in CHECKS}


def made() -> list[Bug]:
    """Return the bugs that can be made where the checks are."""
    return [bug for bug in bank().values() if bug.applies(get(DIALECT), PROFILE)]


def compared(corpus: Corpus) -> Iterator[str]:
    """Yield the table of the checks, line by line."""
    by_check, every = caught(), made()
    together = frozenset[str]().union(*by_check.values())
    killers = Matrix.of(corpus.cases(DIALECT, PROFILE)).killers
    ours = [bug for bug in every if killers[bug.id]]
    yield "| check | done by | what is compared | catches |"
    yield "| --- | --- | --- | --- |"
    for check in CHECKS:
        yield f"| {check.name} | {check.source} | {check.compares} | {len(by_check[check.name])} of {len(every)} |"
    yield f"| these five together | | | {len(together)} of {len(every)} |"
    yield f"| core cases, {DIALECT}/{PROFILE} | `adamax-ref verify` | parameter, state and counter, inside derived bounds |" + (
        f" {len(ours)} of {len(every)} |"
    )
    missed = [bug for bug in every if bug.id not in together]
    yield ""
    yield f"None of the five checks catches these {len(missed)}:"
    yield ""
    yield from (f"- {bug.id} {bug.title}" for bug in missed)

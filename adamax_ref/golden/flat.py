"""Flat text files of cases, for readers without a JSON parser: a word and its patterns a line, single blanks between.

One file has every case of a level, dialect and profile: the question, and what is needed to judge an answer. Reasons, exact
values, bounds and alternatives are in the JSON files alone. The first lines of a file explain its words.
"""

from collections.abc import Iterable, Iterator, Mapping

from adamax_ref.recipe.profile import PROFILES

from .case import QUANTITIES, Case, Expectation, Hyper, Step, VectorFile
from .corpus import Part

_HEAD = """\
# Golden vectors for Adamax: {level} cases of dialect {dialect} in profile {profile}, those of {level}/{dialect}/{profile}/*.json.
# A line is a word and what belongs to it, separated by single blanks. Numbers of tensors are bit patterns of {digits}
# hexadecimal digits, {number}, in row-major order; hyperparameters are binary64 patterns.
#   case ID                   a case begins
#   needs WORD...             features without which it cannot be asked
#   strict-zero               the sign of a zero counts
#   hyper LR BETA1 BETA2 EPS  hyperparameters, of this case and of those that follow until the next such line
#   decay KIND WEIGHT         weight decay, l2 or decoupled
#   maximize                  climb
#   refuse FIELD CLASS        this input is illegal and must be refused; no want line follows
#   shape N...                of the tensor; no number is one element
#   t N                       step counter before the first step, 0 if left out
#   theta, m, u X...          before the first step; m and u are zeros if left out
#   lr LR                     learning rate of the next step alone
#   grad X...                 a step with this gradient
#   skip                      a step without gradient: nothing changes
# After a step, if its result is compared:
#   want t N                  the step counter
#   want theta|m|u X...       the framework's own bits
#   least theta|m|u X...      least right answers, as wanted if left out
#   most theta|m|u X...       greatest right answers, as wanted if left out
"""


def flat_files(files: Mapping[Part, VectorFile]) -> dict[str, bytes]:
    """Return the flat files of a corpus by path; `files` are its vector files."""
    by_file: dict[tuple[str, str, str], list[Case]] = {}
    for part in sorted(files, key=lambda part: part.path):
        by_file.setdefault((part.level, part.dialect, part.profile), []).extend(files[part].cases)
    return {flat_path(*which): flat_bytes(*which, cases) for which, cases in by_file.items()}


def flat_path(level: str, dialect: str, profile: str) -> str:
    """Return where the flat file stands in a corpus."""
    return f"{level}/{dialect}/{profile}.txt"


def flat_bytes(level: str, dialect: str, profile: str, cases: Iterable[Case]) -> bytes:
    """Write the cases of a level, dialect and profile as flat lines."""
    form, pairs = PROFILES[profile].storage, PROFILES[profile].is_complex
    number = f"two of {form.name} for each complex number, real part first" if pairs else f"of {form.name}"
    head = _HEAD.format(level=level, dialect=dialect, profile=profile, digits=form.width // 4, number=number)
    return (head + "".join(f"{line}\n" for line in _lines(cases))).encode("ascii")


def _lines(cases: Iterable[Case]) -> Iterator[str]:
    known = ""
    for case in cases:
        hyper = _numbers(case.hyper)
        yield from (line for line in _case(case, hyper) if line != known)
        known = hyper


def _numbers(hyper: Hyper) -> str:
    return " ".join(("hyper", *(number.f64 for number in (hyper.lr, hyper.beta1, hyper.beta2, hyper.eps))))


def _case(case: Case, hyper: str) -> Iterator[str]:
    yield f"case {case.id}"
    yield from _line("needs", *case.needs)
    if "strict-zero" in case.flags:
        yield "strict-zero"
    yield hyper
    yield from _options(case.hyper)
    if case.error is not None:
        yield f"refuse {case.error.field} {case.error.class_}"
    yield " ".join(("shape", *map(str, case.shape)))
    yield from _start(case)
    expected = {expect.step: expect for expect in case.expect or ()}
    for number, step in enumerate(case.steps, 1):
        yield from _step(step)
        if number in expected:
            yield from _wanted(expected[number])


def _line(*words: str) -> Iterator[str]:
    """Yield a line, unless nothing follows its first word."""
    if len(words) > 1:
        yield " ".join(words)


def _options(hyper: Hyper) -> Iterator[str]:
    if hyper.decay != "none":
        yield f"decay {hyper.decay} {hyper.weight_decay.f64}"
    if hyper.maximize:
        yield "maximize"


def _start(case: Case) -> Iterator[str]:
    init = case.init
    if init.t:
        yield f"t {init.t}"
    yield f"theta {init.theta}".rstrip()
    for name in ("m", "u"):
        text = getattr(init, name)
        if set(text) - set("0 "):
            yield f"{name} {text}"


def _step(step: Step) -> Iterator[str]:
    if step.lr is not None:
        yield f"lr {step.lr.f64}"
    yield "skip" if step.grad is None else f"grad {step.grad}".rstrip()


def _wanted(expect: Expectation) -> Iterator[str]:
    yield f"want t {expect.t}"
    for name in QUANTITIES:
        quantity = getattr(expect, name)
        yield f"want {name} {quantity.bits}".rstrip()
        for word, text in (("least", quantity.lo), ("most", quantity.hi)):
            if text != quantity.bits:
                yield f"{word} {name} {text}"

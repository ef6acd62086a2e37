"""Looking for a recipe under another name: one that reproduces every case of a run, bit for bit.

Tried are the canonical recipe with the platform's own power, the framework's other variants, and every permitted
recipe. A target that is one recipe here and another there is not named.
"""

from collections.abc import Iterator, Sequence

from adamax_ref.dialects import get
from adamax_ref.dialects._axes import permitted
from adamax_ref.golden.case import QUANTITIES
from adamax_ref.golden.oracle import Rule, State, canonical, reported
from adamax_ref.golden.patterns import decode, same
from adamax_ref.law.dialect import Dialect
from adamax_ref.law.profile import Format

from .answer import Reported
from .judge import Judged


def find(cases: Sequence[Judged]) -> str | None:
    """Return the name of the recipe that reproduces every value case, or None."""
    answered = [each for each in cases if each.case.result == "value" and each.answer.steps is not None]
    answered = [each for each in answered if each.status in ("exact", "certified", "failed") and not each.case.either]
    if not answered:
        return None
    telling = sorted(answered, key=lambda each: (each.status == "exact", len(each.case.steps)))
    first = telling[0].case
    decaying = any(each.case.hyper.decay != "none" for each in answered)
    for name, rule in candidates(get(first.dialect), first.profile, decaying):
        if all(reproduces(rule, each) for each in telling):
            return name
    return None


def candidates(dialect: Dialect, profile: str, decaying: bool) -> Iterator[tuple[str, Rule]]:
    """Yield the recipes to be tried, by name."""
    yield f"{dialect.name} power=platform", Rule(dialect, profile, exact=False)
    for variant in dialect.variants.values():
        if profile in variant.profiles:
            yield variant.name, canonical(variant, profile)
    for other in permitted(dialect, profile, decaying):
        yield other.name, canonical(other, profile)


def reproduces(rule: Rule, judged: Judged) -> bool:
    """Tell whether a rule gives exactly the target's answer to a case."""
    try:
        states = reported(rule, judged.case)
    except ValueError:
        return False
    return all(equal(state, got, judged.case.form) for state, got in zip(states, judged.answer.steps or (), strict=True))


def equal(state: State, got: Reported, form: Format) -> bool:
    """Tell whether a state is what was answered, in every exposed quantity."""
    if got.t is not None and got.t != state.t:
        return False
    pairs = ((getattr(state, name), getattr(got, name)) for name in QUANTITIES)
    return all(text is None or all(map(same, values, decode(text, form))) for values, text in pairs)

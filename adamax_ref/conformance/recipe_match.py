"""Look for one recipe under another name that gives a run's answers, bit for bit.

Tried are the canonical recipe with the platform's own power, the framework's other variants, and every permitted
recipe. A name says more about cases that are inside their bounds; it never makes a failed case pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adamax_ref.dialects import get
from adamax_ref.golden.case import QUANTITIES
from adamax_ref.golden.expected import readings
from adamax_ref.golden.oracle import Rule, State, canonical, reported
from adamax_ref.golden.patterns import decode, same
from adamax_ref.orders.axes import permitted
from adamax_ref.recipe.dialect import Dialect
from adamax_ref.recipe.profile import Format

from .answer import Reported
from .judge import Judged, Status


def find(cases: Sequence[Judged], declares: Sequence[str] = ()) -> str | None:
    """Return the name of the recipe that reproduces every value case of a run, or None.

    None too where a case failed, where no value case was answered, or where the canonical recipe gives all bits.

    Parameters
    ----------
    cases : sequence of Judged
        Of one dialect and profile.
    declares : sequence of str
        The freedoms that the target declared: a recipe may take each of them, for a whole case.
    """
    values = [each for each in cases if each.status in (Status.EXACT, Status.CERTIFIED)]
    if any(each.fails for each in cases) or all(each.status is Status.EXACT for each in values):
        return None
    telling = sorted(values, key=lambda each: (each.status is Status.EXACT, len(each.case.steps)))
    first = telling[0].case
    decaying = any(each.case.hyper.decay != "none" for each in values)
    for name, rule in candidates(get(first.dialect), first.profile, decaying):
        if all(reproduces(rule, each, declares) for each in telling):
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


def reproduces(rule: Rule, judged: Judged, declares: Sequence[str] = ()) -> bool:
    """Tell whether a rule gives exactly the target's answer to a case, or to a reading of it that was declared."""
    case = judged.case
    allowed = {each.when for each in case.either or () if each.when in declares}
    questions = [(case, rule)]
    if allowed:
        changed = readings(case, rule.dialect)
        questions += [(other, replace(rule, dialect=law)) for token, other, law in changed if token in allowed]
    for asked, answering in questions:
        try:
            states = reported(answering, asked)
        except ValueError:
            continue
        pairs = zip(states, judged.answer.steps or (), strict=True)
        if all(equal(state, got, case.form) for state, got in pairs):
            return True
    return False


def equal(state: State, got: Reported, form: Format) -> bool:
    """Tell whether a state is what was answered, in every exposed quantity."""
    if got.t is not None and got.t != state.t:
        return False
    pairs = ((getattr(state, name), getattr(got, name)) for name in QUANTITIES)
    return all(text is None or all(map(same, values, decode(text, form))) for values, text in pairs)

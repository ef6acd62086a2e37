"""Operator mutants of the law: the core cases kill all that are not the same function, in every dialect and profile."""

from dataclasses import replace
from functools import cache

from adamax_ref.dialects import get
from adamax_ref.golden.load import open_corpus
from adamax_ref.quality.mutants import Mutant, Trial, equivalent, mutants
from adamax_ref.recipe.recipe import Operation


@cache
def trial(pair: str) -> Trial:
    """Return the cases of a dialect and profile, ready to be run."""
    return Trial(open_corpus().cases(*pair.split("/")))


def of_paper() -> list[Mutant]:
    """Return the mutants of the algorithm of the paper."""
    return list(mutants("paper", "f64", get("paper").recipe(get("paper").defaults, "f64")))


def test_mutants_are_all_different_and_none_is_the_law() -> None:
    found = of_paper()
    assert len({mutant.changed for mutant in found}) == len(found)
    assert all(mutant.changed != mutant.law for mutant in found)


def test_mutants_change_operations_and_operands_and_drop_terms() -> None:
    texts = [mutant.text for mutant in of_paper()]
    assert "m_new = v1 + v2  ->  v1 - v2" in texts  # another operation
    assert "v5 = |g|  ->  |p|" in texts  # another operand
    assert "m_new = v1 + v2  ->  v1" in texts  # a term is dropped
    assert "u_new = max(v4, v5)  ->  greater(v4, v5)" in texts  # the same but for NaN


def test_the_law_written_in_another_order_is_the_same_function_and_survives() -> None:
    """A product with its operands exchanged: the guard against killing what is right."""
    law = get("paper").recipe(get("paper").defaults, "f64")
    at = next(at for at, operation in enumerate(law.operations) if operation.name == "mul")
    turned = Operation("mul", law.operations[at].args[::-1])
    changed = replace(law, operations=(*law.operations[:at], turned, *law.operations[at + 1 :]))
    mutant = Mutant("paper", "f64", law, changed, "turned round")
    assert equivalent(mutant)
    assert not trial("paper/f64").kills(mutant)


def test_a_mutant_that_departs_by_a_little_is_not_taken_for_the_same_function() -> None:
    dropped = [mutant for mutant in of_paper() if not equivalent(mutant)]
    assert len(dropped) == len(of_paper())
    assert all(trial("paper/f64").kills(mutant) for mutant in dropped)

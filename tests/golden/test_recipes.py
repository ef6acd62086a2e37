"""RECIPES.json names every recipe that counts as right, and the framework's own among them."""

import pytest

from adamax_ref.dialects import get
from adamax_ref.golden.recipes import recipes
from adamax_ref.orders.axes import permitted

PAIRS = [("torch", "f32"), ("torch", "f16"), ("keras", "f32"), ("mlx", "bf16")]


@pytest.mark.parametrize(("dialect", "profile"), PAIRS)
def test_the_choices_multiply_to_the_permitted_recipes_and_to_no_others(dialect: str, profile: str) -> None:
    (choices,) = recipes([(dialect, profile)])["permitted"]
    assert choices["pairs"] == f"{dialect}/{profile}"
    for decaying in (False, True):
        updates = choices.get("decaying", choices["update"]) if decaying else choices["update"]
        names = {
            " ".join(filter(None, (m, u, r))) for m in choices["moment"] for u in updates for r in choices.get("rounding", [""])
        }
        assert names == {one.name for one in permitted(get(dialect), profile, decaying)}


def test_the_framework_s_own_recipe_is_named_by_what_its_source_does() -> None:
    """PyTorch: a fused ``lerp`` from either end, ``(lr/c * m) / u`` by ``addcdiv``, and fused decay."""
    own = recipes([("torch", "f32")])["canonical"]["torch/f32"]
    moment, ending = "m=delta2 mfma=fused c1=host", "bias=host power=exact final=F1 endfma=no"
    assert own == {"plain": f"{moment} {ending}", "decaying": f"{moment} {ending} decayfma=yes"}


def test_a_framework_that_forms_constants_in_a_way_of_its_own_keeps_its_name() -> None:
    assert recipes([("keras", "f64")])["canonical"]["keras/f64"]["plain"] == "keras"

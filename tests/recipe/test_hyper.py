"""Hyperparameters: what is refused, in which words, and which complaint comes first."""

import math

import pytest

from adamax_ref.recipe.hyper import Hyperparameters


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lr", -1, "Invalid learning rate: -1"),
        ("lr", math.nan, "Invalid learning rate: nan"),
        ("eps", -1e-08, "Invalid epsilon value: -1e-08"),
        ("eps", math.nan, "Invalid epsilon value: nan"),
        ("beta1", -0.1, "Invalid beta parameter at index 0: -0.1"),
        ("beta1", 1.0, "Invalid beta parameter at index 0: 1.0"),
        ("beta2", 1.0, "Invalid beta parameter at index 1: 1.0"),
        ("beta2", math.nan, "Invalid beta parameter at index 1: nan"),
        ("beta2", math.inf, "Invalid beta parameter at index 1: inf"),
        ("weight_decay", -0.1, "Invalid weight_decay value: -0.1"),
    ],
)
def test_a_bad_value_is_named_and_a_note_tells_the_remedy(name: str, value: float, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Hyperparameters(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == message
    assert len(caught.value.__notes__) == 1


@pytest.mark.parametrize("value", ["0.1", None, 1j])
def test_what_is_no_real_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match=r"Invalid learning rate: .* \(expected a real number\)"):
        Hyperparameters(lr=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["lr", "eps", "weight_decay"])
@pytest.mark.parametrize("value", [0, 0.0, math.inf])
def test_zero_and_infinity_are_legal_where_pytorch_takes_them(field: str, value: float) -> None:
    assert getattr(Hyperparameters(**{field: value}), field) == value  # type: ignore[arg-type]


def test_the_first_bad_value_in_pytorchs_order_is_the_one_named() -> None:
    with pytest.raises(ValueError, match="learning rate"):
        Hyperparameters(lr=-1, eps=-1, beta1=2)
    with pytest.raises(ValueError, match="epsilon"):
        Hyperparameters(eps=-1, beta1=2, weight_decay=-1)
    with pytest.raises(ValueError, match="index 1"):
        Hyperparameters(beta2=2, weight_decay=-1)

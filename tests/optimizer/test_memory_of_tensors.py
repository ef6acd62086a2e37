"""A step reaches the numbers of a tensor, or it is refused and nothing has changed: for every kind of tensor there is."""

import copy
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from adamax_ref import Adamax

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:.*(prototype|beta|Sparse|nested|quantize|data pointer of FakeTensor).*"),
]

Peer = Callable[[str], ModuleType]


def _wrapper(torch: Any, like: Any) -> Any:
    class Wrapper(torch.Tensor):  # type: ignore[misc]
        @staticmethod
        def __new__(cls: Any, inner: Any) -> Any:
            made = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
            made.inner = inner
            return made

        @classmethod
        def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            tree_map = torch.utils._pytree.tree_map
            bare = tree_map(lambda x: x.inner if isinstance(x, Wrapper) else x, (args, kwargs or {}))
            out = function(*bare[0], **bare[1])
            return tree_map(lambda x: Wrapper(x) if isinstance(x, torch.Tensor) else x, out)

    return Wrapper(like)


def _fake(torch: Any, like: Any) -> Any:
    from torch._subclasses import FakeTensorMode

    return FakeTensorMode().from_tensor(like)


def _resized(torch: Any, like: Any) -> Any:
    made = like.clone()
    made.untyped_storage().resize_(0)
    return made


def _masked(torch: Any, like: Any) -> Any:
    return torch.masked.masked_tensor(like, torch.ones_like(like, dtype=torch.bool))


# Each makes a tensor of shape (4, 3) with the values of `like`, float32, as far as its kind can hold them.
REAL: dict[str, Callable[[Any, Any], Any]] = {
    "plain": lambda torch, like: like.clone(),
    "transposed": lambda torch, like: like.t().contiguous().t(),
    "view": lambda torch, like: torch.cat([like, like])[4:],
    "subclass": lambda torch, like: like.as_subclass(type("Sub", (torch.Tensor,), {})),
    "inference": lambda torch, like: torch.inference_mode()(lambda: like.clone())(),
    "negated": lambda torch, like: (-like).clone()._neg_view(),
    "imaginary part": lambda torch, like: torch.complex(like, -like).conj().imag,
    "expanded": lambda torch, like: like[:1].clone().expand(4, 3),
    "overlapping": lambda torch, like: torch.arange(12.0).as_strided((4, 3), (1, 1)),
    "zero": lambda torch, like: torch._efficientzerotensor((4, 3)),
    "meta": lambda torch, like: like.to("meta"),
    "sparse": lambda torch, like: like.to_sparse(),
    "compressed": lambda torch, like: like.to_sparse_csr(),
    "blocked": lambda torch, like: like.to_mkldnn(),
    "jagged": lambda torch, like: torch.nested.nested_tensor([like[:1], like[1:]], layout=torch.jagged),
    "quantised": lambda torch, like: torch.quantize_per_tensor(like, 0.1, 0, torch.qint8),
    "without storage": _resized,
    "fake": _fake,
    "wrapper": _wrapper,
    "masked": _masked,
}
COMPLEX: dict[str, Callable[[Any, Any], Any]] = {
    "plain": lambda torch, like: like.clone(),
    "conjugated": lambda torch, like: like.conj().clone().conj(),
    "negated": lambda torch, like: (-like).clone()._neg_view(),
    "both": lambda torch, like: (-like).conj().clone().conj()._neg_view(),
    "zero": lambda torch, like: torch._efficientzerotensor((4, 3), dtype=like.dtype),
}
KINDS = [("float32", name) for name in REAL] + [("complex64", name) for name in COMPLEX]
MOVED = {"plain", "transposed", "view", "subclass", "inference"}
READ = {"negated", "imaginary part", "conjugated", "both", "zero", "expanded", "overlapping"}
"""Kinds that can be read but not written, so a gradient may be one."""

ROLES = ("parameter", "gradient", "exp_avg", "exp_inf")


def _made(torch: Any, dtype: str, kind: str) -> Any:
    generator = torch.Generator().manual_seed(7)
    like = torch.randn(4, 3, generator=generator, dtype=getattr(torch, dtype))
    return {"float32": REAL, "complex64": COMPLEX}[dtype][kind](torch, like)


def _values(torch: Any, tensor: Any) -> Any:
    """Return what a tensor's numbers are, or None when it has none to show."""
    if tensor.is_meta or not hasattr(tensor, "untyped_storage") or type(tensor).__name__ in ("FakeTensor", "Wrapper"):
        return None
    try:
        if tensor.layout is torch.strided and not tensor._is_zerotensor() and not tensor.data_ptr():
            return None
        return tensor.detach().to_dense().resolve_conj().resolve_neg().clone()
    except (RuntimeError, NotImplementedError, TypeError):
        return None


def _trained(torch: Any, cls: Any, parts: dict[str, Any]) -> tuple[Any, Any]:
    """Make an optimizer with one parameter, its gradient and a state after two steps."""
    param = parts["parameter"]
    optimizer = cls([param], lr=0.1)
    param.grad = parts["gradient"]
    step = 2 if cls is Adamax else torch.tensor(2.0)
    optimizer.state[param] = {"step": step, "exp_avg": parts["exp_avg"], "exp_inf": parts["exp_inf"]}
    return optimizer, param


def _parts(torch: Any, dtype: str, kind: str, role: str) -> dict[str, Any]:
    return {name: _made(torch, dtype, kind if name == role else "plain") for name in ROLES}


@pytest.mark.parametrize("dropin", [False, True])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("dtype", "kind"), KINDS)
def test_its_numbers_are_reached_or_nothing_changes(peer: Peer, dtype: str, kind: str, role: str, dropin: bool) -> None:
    torch = peer("torch")
    from adamax_ref.interop.torch_optimizer import Adamax as ForTorch

    parts = _parts(torch, dtype, kind, role)
    before = {name: _values(torch, part) for name, part in parts.items()}
    try:
        optimizer, param = _trained(torch, ForTorch if dropin else Adamax, parts)
        optimizer.step()
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        assert kind not in MOVED and not (role == "gradient" and kind in READ), error
        after = {name: _values(torch, part) for name, part in parts.items()}
        changed = [name for name, old in before.items() if old is not None and not torch.equal(old, after[name])]
        assert changed == [] and len(str(error)) > 20
        return
    assert kind in MOVED or (role == "gradient" and kind in READ)
    twins = {name: value.clone() for name, value in before.items()}
    other, twin = _trained(torch, Adamax, twins)
    other.step()
    assert int(optimizer.state[param]["step"]) == other.state[twin]["step"] == 3
    assert torch.equal(_values(torch, param), twin.detach()) and not torch.equal(twin.detach(), before["parameter"])
    for name in ROLES[2:]:
        assert torch.equal(optimizer.state[param][name], other.state[twin][name])


@pytest.mark.parametrize("kind", ["conjugated", "negated", "both"])
def test_the_sentence_says_what_it_is_and_what_to_do(peer: Peer, kind: str) -> None:
    torch = peer("torch")
    optimizer, _ = _trained(torch, Adamax, _parts(torch, "complex64", kind, "parameter"))
    words = r"shape \(4, 3\) do not lie in memory of its own: it is a lazily negated or conjugated view.*resolve_conj\(\)"
    with pytest.raises(ValueError, match=words):
        optimizer.step()


def _inside(torch: Any, cls: Any, x: Any, **options: Any) -> Any:
    param = torch.ones(3) * x
    optimizer = cls([param], lr=0.1, **options)
    param.grad = torch.ones(3)
    optimizer.step()
    return param


def _by_make_fx(torch: Any, function: Any, mode: str) -> Any:
    from torch.fx.experimental.proxy_tensor import make_fx

    return make_fx(function, tracing_mode=mode)(torch.tensor(3.0))(torch.tensor(2.0))


TRANSFORMED: dict[str, Callable[[Any, Any], Any]] = {
    "functionalize": lambda torch, f: torch.func.functionalize(f)(torch.tensor(2.0)),
    "make_fx": lambda torch, f: _by_make_fx(torch, f, "real"),
    "make_fx fake": lambda torch, f: _by_make_fx(torch, f, "fake"),
    "make_fx symbolic": lambda torch, f: _by_make_fx(torch, f, "symbolic"),
    "jit.trace": lambda torch, f: torch.jit.trace(f, (torch.tensor(3.0),), check_trace=False)(torch.tensor(2.0)),
    "jvp": lambda torch, f: torch.func.jvp(f, (torch.tensor(2.0),), (torch.tensor(1.0),))[0],
    "vmap": lambda torch, f: torch.func.vmap(f)(torch.tensor([2.0, 2.0]))[0],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dropin", [False, True])
@pytest.mark.parametrize("name", TRANSFORMED)
def test_inside_a_transformation_a_step_takes_part_or_is_refused(peer: Peer, name: str, dropin: bool) -> None:
    torch = peer("torch")
    from adamax_ref.interop.torch_optimizer import Adamax as ForTorch

    cls = ForTorch if dropin else Adamax
    with pytest.raises((ValueError, RuntimeError, torch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode)):
        TRANSFORMED[name](torch, lambda x: _inside(torch, cls, x))
    try:
        moved = TRANSFORMED[name](torch, lambda x: _inside(torch, cls, x, differentiable=True))
    except (RuntimeError, torch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode):
        assert dropin or name == "vmap"  # a counter that is a tensor has to be read, and vmap forbids `data`
        return
    assert torch.equal(moved, torch.full((3,), 1.9))


def test_a_copy_of_an_optimizer_moves_the_copied_parameter(peer: Peer) -> None:
    torch = peer("torch")
    optimizer, param = _trained(torch, Adamax, _parts(torch, "float32", "plain", "parameter"))
    twin = copy.deepcopy(optimizer)
    optimizer.step()
    (its,) = twin.param_groups[0]["params"]
    its.grad = param.grad.clone()
    twin.step()
    assert torch.equal(its.detach(), param.detach())

"""States of whole optimizers: forms of every framework, groups, names, counters that are shared, and what is refused."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from adamax_ref.interop.convert import STATES, ConvertedAll, Kind, convert_all
from adamax_ref.interop.convert.tree import leaves_of, with_leaves
from adamax_ref.recipe.hyper import Hyperparameters

Peer = Callable[[str], ModuleType]
H = Hyperparameters(lr=0.01, eps=0.0)
WHOLE = tuple(name for name, layout in STATES.items() if layout.moment_path)
OPTIONS = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 0.0, "weight_decay": 0.0, "maximize": False}


def moments(seed: float, size: int) -> dict[str, Any]:
    return {"exp_avg": np.full(size, seed, np.float32), "exp_inf": np.full(size, 2 * seed, np.float32)}


def saved(steps: tuple[int, ...] = (3, 3), names: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    """Return a state dictionary of torch's with one group."""
    state = {at: {"step": np.float32(t), **moments(at + 0.5, at + 1)} for at, t in enumerate(steps)}
    named = {"param_names": list(names)} if names else {}
    return {"state": state, "param_groups": [{**OPTIONS, **named, "params": list(range(len(steps))), **options}]}


def kinds(made: ConvertedAll) -> set[Kind]:
    return {loss.kind for loss in made.losses}


def same(one: Any, two: Any) -> bool:
    """Tell whether two states have the same leaves, in types and bits."""
    mine, theirs = leaves_of(one), leaves_of(two)
    pairs = [(np.asarray(mine[path]), np.asarray(theirs.get(path))) for path in mine]
    return set(mine) == set(theirs) and all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


@pytest.mark.parametrize("source", WHOLE)
def test_every_way_round_ends_in_the_same_state(source: str) -> None:
    start = convert_all("torch", source, saved(), H).state
    for target in WHOLE:
        direct = convert_all("torch", target, saved(), H)
        made = convert_all(source, target, start, H)
        assert same(made.state, direct.state), target
        assert same(convert_all(target, source, made.state, H).state, start), target
        assert {key: part.step for key, part in made.parameters.items()} == {"0": 3, "1": 3}


@pytest.mark.parametrize("source", WHOLE)
def test_a_leaf_that_is_missing_or_strange_is_refused_by_name(source: str) -> None:
    start = convert_all("torch", source, saved(), H).state
    for path in leaves_of(start):
        if "param_groups" not in path:
            with pytest.raises(KeyError, match="lacks"):
                convert_all(source, "mlx", without(start, path), H)
    if "param_groups" not in start:
        with pytest.raises(KeyError, match="the state holds exp_avg_sq, which is not of"):
            convert_all(source, "mlx", {**start, "exp_avg_sq": np.ones(1)}, H)


def without(tree: Any, path: str) -> Any:
    """Return a state without one leaf; where it is in a list, nothing is left in its place."""
    if "param_groups" not in tree:
        return with_leaves(tree, {path: None})
    _, number, part = path.split(".")
    entry = {name: value for name, value in tree["state"][int(number)].items() if name != part}
    return {**tree, "state": {**tree["state"], int(number): entry}}


def test_what_is_no_state_of_the_framework_is_refused() -> None:
    with pytest.raises(KeyError, match=r"no leaf of the state is called like 'mu.\{\}', a moment of optax"):
        convert_all("optax", "torch", {"m": np.ones(1)}, H)
    with pytest.raises(KeyError, match="the state dictionary of torch lacks param_groups"):
        convert_all("torch", "mlx", {"state": {}}, H)
    with pytest.raises(KeyError, match="has state of 7, which no group lists under params"):
        convert_all("torch", "mlx", {**saved(), "state": {7: {}}}, H)
    with pytest.raises(ValueError, match="no parameter of the state has made a step; begin afresh in mlx"):
        convert_all("torch", "mlx", {**saved(), "state": {}}, H)
    with pytest.raises(ValueError, match="tensorflow holds no state of a whole optimizer"):
        convert_all("torch", "tensorflow", saved(), H)
    with pytest.raises(ValueError, match="tensorflow holds no state of a whole optimizer"):
        convert_all("tensorflow", "torch", saved(), H)
    uneven = saved()
    uneven["state"][1]["exp_avg"] = np.ones(9, np.float32)
    with pytest.raises(ValueError, match="parameter '1': exp_avg is float32 of shape"):
        convert_all("torch", "mlx", uneven)
    with pytest.raises(ValueError, match=r"two leaves of the state have the path 'mu.a.b'"):
        convert_all("optax", "mlx", {"count": 1, "mu": {"a": {"b": 1.0}, "a.b": 1.0}, "nu": {}}, H)


def test_each_group_runs_with_its_own_options() -> None:
    both = saved()
    both["param_groups"] = [{**OPTIONS, "params": [0]}, {**OPTIONS, "params": [1], "weight_decay": 0.5, "lr": 0.25}]
    made = convert_all("torch", "mlx", both)
    words = "groups differ in lr, weight_decay, and mlx has one set of options: use an optimizer for each"
    assert [loss for loss in made.losses if loss.kind is Kind.GROUPS] == [words]
    decays = [any(loss.kind is Kind.DECAY for loss in made.parameters[at].losses) for at in "01"]
    assert decays == [False, True]
    kept = convert_all("torch", "pytorch-optimizer", both)
    assert kept.losses == ()
    options = [tuple(group[name] for name in ("lr", "weight_decay", "step")) for group in kept.state["param_groups"]]
    assert options == [(0.01, 0.0, 3), (0.25, 0.5, 3)]


def test_what_the_groups_say_and_hyper_must_agree() -> None:
    with pytest.raises(ValueError, match=r"param_groups\[0\] has lr=0.01, and hyper something else"):
        convert_all("torch", "mlx", saved(), Hyperparameters(lr=0.5, eps=0.0))
    made = convert_all("torch", "pytorch-optimizer", saved()).state
    with pytest.raises(ValueError, match=r"param_groups\[0\] lacks maximize; pass hyper="):
        convert_all("pytorch-optimizer", "mlx", made)
    assert convert_all("pytorch-optimizer", "mlx", made, H).state["step"] == 3
    with pytest.raises(ValueError, match="the state of mlx has no options; pass hyper="):
        convert_all("mlx", "torch", convert_all("torch", "mlx", saved()).state)


@pytest.mark.parametrize("variant", ["pytorch-optimizer/decoupled", "pytorch-optimizer/fixed", "pytorch-optimizer/debias"])
def test_the_flags_of_a_group_belong_to_one_variant(variant: str) -> None:
    made = convert_all("torch", variant, saved()).state
    assert convert_all(variant, "mlx", made, H).state["step"] == 3
    with pytest.raises(ValueError, match=r"has .*=.*, which is not pytorch-optimizer; name the variant"):
        convert_all("pytorch-optimizer", "mlx", made, H)


def test_a_schedule_that_shows_is_a_loss() -> None:
    plain, scheduled = saved(), saved(initial_lr=0.1)
    assert Kind.SCHEDULE not in kinds(convert_all("torch", "optax", plain))
    assert Kind.SCHEDULE in kinds(convert_all("torch", "optax", scheduled))
    tree = convert_all("torch", "optax", plain).state
    assert Kind.SCHEDULE in kinds(convert_all("optax", "torch", [tree, {"count": 3}], H))
    flat = convert_all("torch", "paddle", plain).state
    assert Kind.SCHEDULE in kinds(convert_all("paddle", "torch", {**flat, "LR_Scheduler": {"last_epoch": 3}}, H))


SHARED = tuple(name for name in WHOLE if STATES[name].shared)


@pytest.mark.parametrize("target", SHARED)
def test_a_counter_for_all_needs_one_number_of_steps(target: str) -> None:
    apart = saved((3, 5))
    with pytest.raises(ValueError, match=r"have made different numbers of steps \(0 3, 1 5\); pass common_step="):
        convert_all("torch", target, apart)
    made = convert_all("torch", target, apart, common_step=5)
    assert [loss for loss in made.losses if loss.kind is Kind.COUNTER] == [
        f"{target} counts 5 steps for all parameters, also for 0 (3)"
    ]
    assert {part.step for part in made.parameters.values()} == {5}
    with pytest.raises(ValueError, match="common_step=4, but all parameters have made 3 steps; leave it out"):
        convert_all("torch", target, saved(), common_step=4)


@pytest.mark.parametrize("target", sorted(set(WHOLE) - set(SHARED)))
def test_where_each_parameter_counts_nothing_is_common(target: str) -> None:
    made = convert_all("torch", target, saved((3, 5)))
    assert Kind.COUNTER not in kinds(made) and [part.step for part in made.parameters.values()] == [3, 5]
    with pytest.raises(ValueError, match=f"common_step=5, but {target} counts the steps of each parameter"):
        convert_all("torch", target, saved((3, 5)), common_step=5)


def test_a_parameter_without_a_state_begins_at_the_common_step() -> None:
    idle = saved()
    del idle["state"][1]
    made = convert_all("torch", "keras", idle)
    assert "keras counts 3 steps for all parameters, also for 1 (none)" in made.losses
    assert sorted(made.state) == ["0_momentum", "0_norm", "iteration"]
    fresh: dict[str, Any] = {"iteration": np.int64(0), "learning_rate": np.float32(0.1)}
    fresh |= {f"{at}_{part}": np.zeros(at + 1, np.float32) for at in (0, 1) for part in ("momentum", "norm")}
    filled = convert_all("torch", "keras", idle, like=fresh).state
    assert filled["1_norm"].tolist() == [0.0, 0.0] and filled["iteration"] == 3 and filled["learning_rate"] == np.float32(0.1)
    kept = convert_all("torch", "torch/foreach", idle)
    assert kept.losses == () and kept.state["param_groups"][0]["params"] == [0, 1] and list(kept.state["state"]) == [0]


def test_steps_that_paddle_does_not_determine_are_passed_for_all_or_each() -> None:
    late = convert_all("torch", "paddle", saved((1000, 2000)))
    assert Kind.COUNTER in kinds(late)
    with pytest.raises(ValueError, match=r"parameter '0': beta1_pow_acc=.* does not determine the step"):
        convert_all("paddle", "torch", late.state, H)
    back = convert_all("paddle", "torch", late.state, H, step={"0": 1000, "1": 2000}).state["state"]
    assert [back[at]["step"] for at in (0, 1)] == [1000, 2000]
    powerless = {path: leaf for path, leaf in late.state.items() if "beta1" not in path}
    assert convert_all("paddle", "mlx", powerless, H, step=7).state["step"] == 7


def test_the_number_of_an_optimizer_in_paddles_names_is_no_part_of_them() -> None:
    made = convert_all("torch", "paddle", saved()).state
    second = {path.removesuffix("_0") + "_4": leaf for path, leaf in made.items()}
    assert same(convert_all("paddle", "paddle", second, H).state, made)
    assert set(convert_all("paddle", "paddle", made, H, like=second).state) == set(second)


class Adam(NamedTuple):
    """A node of a tree, as optax and TorchOpt have them."""

    count: Any
    mu: Any
    nu: Any


class Empty(NamedTuple):
    """A node without leaves."""


class Scheduled(NamedTuple):
    """A schedule's own counter."""

    count: Any


def test_a_schedule_of_the_target_keeps_its_own_counter_and_is_a_loss() -> None:
    zero = {"0": np.zeros(1, np.float32), "1": np.zeros(2, np.float32)}
    made = convert_all("torch", "optax", saved(), like=(Adam(np.int32(0), zero, zero), Scheduled(np.int32(0))))
    assert [loss for loss in made.losses if loss.kind is Kind.SCHEDULE] == [
        "the schedule in like keeps its own count (1.count): set it by hand"
    ]
    assert (int(made.state[0].count), int(made.state[1].count)) == (3, 0)


def test_a_state_like_the_targets_own_keeps_its_structure_and_types() -> None:
    zero = {"net": ({"w": np.zeros(1, np.float32)}, {"w": np.zeros(2, np.float32)})}
    fresh = (Empty(), (Adam(np.int32(0), zero, zero), Empty()))
    names = ["net.0.w", "net.1.w"]
    _, (adam, empty) = convert_all("torch", "optax", saved(), names=names, like=fresh).state
    assert isinstance(adam, Adam) and empty == Empty() and adam.count.dtype == np.int32 and int(adam.count) == 3
    assert adam.nu["net"][1]["w"].tolist() == [3.0, 3.0] and isinstance(adam.mu["net"], tuple)
    plain = convert_all("torch", "optax", saved(), names=names).state
    assert plain["mu"]["net"][0]["w"].tolist() == [0.5]
    with pytest.raises(KeyError, match=r"only one of them has 0, 1, net[.]0[.]w, net[.]1[.]w"):
        convert_all("torch", "optax", saved(), like=fresh)
    words = r"mu.net.1.w of like is float32 of shape \(2,\), but the state has float32 of shape \(1,\)"
    with pytest.raises(ValueError, match=words):
        convert_all("torch", "optax", saved(), names=names[::-1], like=fresh)


class Variable:
    """A variable with a name, as the optimizers of Keras have them in a list."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value, self.dtype = name, np.asarray(value), np.asarray(value).dtype

    def numpy(self) -> Any:
        """Return its value."""
        return self.value


def test_a_list_of_variables_is_a_dictionary_of_their_names() -> None:
    made = convert_all("torch", "keras", saved()).state
    variables = [Variable(name, value) for name, value in made.items()]
    assert same(convert_all("keras", "keras", variables, H).state, made)
    with pytest.raises(ValueError, match="two variables of the state have the name '0_norm'; give them others"):
        convert_all("keras", "keras", [*variables, Variable("0_norm", 1.0)], H)
    rate = Variable("learning_rate", np.float32(0.5))
    like = [*(Variable(name, np.zeros_like(value)) for name, value in made.items()), rate]
    filled = convert_all("torch", "keras", saved(), like=like).state
    assert filled.pop("learning_rate") is rate and same(filled, {**made, "iteration": np.array(3)})


@pytest.mark.frameworks
def test_a_state_of_optax_keeps_its_structure_and_goes_on(peer: Peer) -> None:
    jax, optax = peer("jax"), peer("optax")
    params = {"net": (jax.numpy.ones(1), [jax.numpy.ones(2)])}
    rule = optax.chain(optax.clip(1.0), optax.adamax(0.01, eps=0.0))
    fresh = rule.init(params)
    state = convert_all("torch", "optax", saved(), names=["net.0", "net.1.0"], like=fresh).state
    assert jax.tree.structure(state) == jax.tree.structure(fresh)
    _, after = rule.update(params, state, params)
    assert int(after[1][0].count) == 4
    back = convert_all("optax", "torch", after, H, names={"net.0": "0", "net.1.0": "1"}).state["state"]
    assert [back[at]["step"] for at in (0, 1)] == [4, 4] and back[1]["exp_inf"].shape == (2,)


def test_names_are_given_by_name_or_in_order() -> None:
    made = convert_all("torch", "mlx", saved(), names={"1": "head.bias"}).state
    assert made["head"]["bias"]["m"].tolist() == [1.5, 1.5]
    with pytest.raises(KeyError, match="names speaks of 9, but the parameters are 0, 1"):
        convert_all("torch", "mlx", saved(), names={"9": "a"})
    with pytest.raises(KeyError, match="step speaks of 9, but the parameters are 0, 1"):
        convert_all("torch", "mlx", saved(), step={"9": 3})
    with pytest.raises(ValueError, match="names has 1 entries for 2 parameters: 0, 1"):
        convert_all("torch", "mlx", saved(), names=["a"])
    with pytest.raises(ValueError, match="names gives two parameters the same name"):
        convert_all("torch", "mlx", saved(), names=["a", "a"])
    with pytest.raises(ValueError, match="lies below another leaf"):
        convert_all("torch", "mlx", saved(), names=["a", "a.m"])


def test_torch_knows_parameters_by_order_so_names_alone_are_refused() -> None:
    tree = convert_all("torch", "mlx", saved(), names=["w", "a"]).state
    with pytest.raises(ValueError, match=r"torch knows its parameters by their order, and they are called [aw], [aw]: pass like="):
        convert_all("mlx", "torch", tree, H)
    with pytest.raises(ValueError, match="numbers from 0 on"):
        convert_all("mlx", "torch", tree, H, names={"w": "1", "a": "2"})
    # MLX's tree has them in another order than the numbers, by which PyTorch goes
    for order in ({"w": "0", "a": "1"}, {"w": "1", "a": "0"}):
        made = convert_all("mlx", "torch", tree, H, names=order).state
        assert made["param_groups"][0]["params"] == [0, 1]
        assert made["state"][int(order["w"])]["exp_avg"].tolist() == [0.5]
    like = {"state": {}, "param_groups": [{"params": [0, 1], "param_names": ["w", "a"]}]}
    made = convert_all("mlx", "torch", tree, H, like=like).state
    assert made["state"][0]["exp_avg"].tolist() == [0.5] and made["param_groups"][0]["param_names"] == ["w", "a"]
    with pytest.raises(KeyError, match="only one of them has a, b"):
        convert_all("mlx", "torch", tree, H, like={"param_groups": [{"params": [0, 1], "param_names": ["w", "b"]}]})


def test_a_group_of_like_must_have_one_set_of_options_and_one_count() -> None:
    both = saved()
    both["param_groups"] = [{**OPTIONS, "params": [0]}, {**OPTIONS, "params": [1], "lr": 0.25}]
    like = {"param_groups": [{"params": [0, 1]}]}
    with pytest.raises(ValueError, match="0, 1 have different options, but like has them in one group"):
        convert_all("torch", "torch", both, like=like)
    both = saved((3, 5))
    both["param_groups"] = [{**OPTIONS, "params": [0]}, {**OPTIONS, "params": [1]}]
    with pytest.raises(ValueError, match=r"like has 0, 1 in one group, which has one counter, but .*: 3, 5"):
        convert_all("torch", "pytorch-optimizer", both, like=like)


@pytest.mark.parametrize(("name", "lost"), [("dense.weight", False), ("norm.gamma", True), ("norm.beta", True)])
def test_mindspore_spares_parameters_the_decay_by_their_names(name: str, lost: bool) -> None:
    h = Hyperparameters(lr=0.01, weight_decay=0.1)
    state = saved((3,), (name,), weight_decay=0.1, eps=1e-8)
    assert (Kind.DECAY in kinds(convert_all("torch", "mindspore", state, h))) == lost


def test_nothing_that_was_passed_is_changed_or_shared() -> None:
    given = saved()
    made = convert_all("torch", "torch/foreach", given).state
    made["state"][0]["exp_avg"][:] = 9
    made["param_groups"][0]["lr"] = 9
    assert same(given, saved())


@pytest.mark.frameworks
def test_a_live_optimizer_of_torch_goes_on_from_any_other_and_back(peer: Peer) -> None:
    torch = peer("torch")
    from adamax_ref.interop import to_torch

    def trained(steps: int, state: Any = None) -> Any:
        model = torch.nn.Linear(3, 2, dtype=torch.bfloat16)
        optimizer = torch.optim.Adamax(model.named_parameters(), lr=0.01, eps=0.0)
        if state is not None:
            optimizer.load_state_dict(to_torch(state))
        for at in range(steps):
            for number, param in enumerate(model.parameters()):
                param.grad = torch.full_like(param, 0.5 + at + number)
            optimizer.step()
        return optimizer.state_dict()

    before = trained(3)
    for target in ("optax", "keras/torch", "mlx"):
        there = convert_all("torch", target, before)
        like = {"param_groups": [{"params": [0, 1], "param_names": ["weight", "bias"]}]}
        back = convert_all(target, "torch", there.state, H, like=like).state
        assert same(plain(trained(2, back)["state"]), plain(trained(2, before)["state"]))


def plain(state: Any) -> Any:
    leaves: dict[str, Any] = leaves_of(state)
    return {path: leaf.float().numpy() for path, leaf in leaves.items()}

"""Subclasses of torch's Adamax that do something of their own in ``step``, and an independent verdict about each.

The verdict is torch's: the inputs of each step are copied, an Adamax without a ``step`` of its own makes the same step
of them, and the bits are compared. Run as a program, this file does all trials in a process in which no plain
``torch.optim.Adamax`` was made, and prints the reports as JSON.
"""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import wraps
from typing import Any

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adamax_ref import shadow

Step = Callable[[Any], Any]
Tamper = Callable[[Any, Step, Any], Any]
TAMPERS: dict[str, Tamper] = {}
"""``tamper(optimizer, inner, closure)`` is the body of a ``step``; ``inner(closure)`` is ``super().step(closure)``."""


def tamper(function: Tamper) -> Tamper:
    """Enter a body of ``step`` under its name in words."""
    TAMPERS[function.__name__.replace("_", " ")] = function
    return function


def parameters(o: Any) -> list[Any]:
    """Return all parameters of an optimizer."""
    return [p for group in o.param_groups for p in group["params"]]


def evaluated(closure: Any) -> None:
    """Call a closure if there is one."""
    if closure is not None:
        closure()


@tamper
def passes_on(o: Any, inner: Step, closure: Any) -> Any:
    return inner(closure)


@tamper
def prepares_the_state(o: Any, inner: Step, closure: Any) -> Any:
    for p in parameters(o):
        if not o.state[p]:
            o.state[p].update(step=torch.tensor(0.0), exp_avg=torch.zeros_like(p), exp_inf=torch.zeros_like(p))
    return inner(closure)


@tamper
def restores_the_weights(o: Any, inner: Step, closure: Any) -> Any:
    scale(o, 0.5)
    evaluated(closure)
    scale(o, 2.0)
    return inner(None)


@tamper
def clears_the_gradients(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    o.zero_grad()
    return loss


@tamper
def schedules_after(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    o.param_groups[0]["lr"] *= 0.5
    return loss


@tamper
def decays_before(o: Any, inner: Step, closure: Any) -> Any:
    scale(o, 0.9)
    return inner(closure)


@tamper
def decays_after(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    scale(o, 0.9)
    return loss


@tamper
def steps_twice(o: Any, inner: Step, closure: Any) -> Any:
    inner(closure)
    return inner(closure)


@tamper
def swaps_eps_and_restores_it(o: Any, inner: Step, closure: Any) -> Any:
    return with_options(o, lambda: inner(closure), eps=0.25)


@tamper
def swaps_all_options_and_restores_them(o: Any, inner: Step, closure: Any) -> Any:
    return with_options(o, lambda: inner(closure), lr=0.5, betas=(0.5, 0.5), maximize=True)


@tamper
def warms_up(o: Any, inner: Step, closure: Any) -> Any:
    o.param_groups[1]["lr"] = 0.01
    return inner(closure)


@tamper
def clamps_gradients_in_place(o: Any, inner: Step, closure: Any) -> Any:
    evaluated(closure)
    for p in parameters(o):
        p.grad.clamp_(-0.125, 0.125)
    return inner(None)


@tamper
def replaces_gradients(o: Any, inner: Step, closure: Any) -> Any:
    evaluated(closure)
    for p in parameters(o):
        p.grad = p.grad + 0.5
    return inner(None)


@tamper
def scales_gradients_for_the_update_only(o: Any, inner: Step, closure: Any) -> Any:
    evaluated(closure)
    for p in parameters(o):
        p.grad.mul_(2)
    inner(None)
    for p in parameters(o):
        p.grad.mul_(0.5)


@tamper
def edits_the_moment_before(o: Any, inner: Step, closure: Any) -> Any:
    for state in o.state.values():
        state["exp_avg"].add_(0.5)
    return inner(closure)


@tamper
def edits_the_norm_after(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    o.state[parameters(o)[-1]]["exp_inf"][0] *= 2
    return loss


@tamper
def edits_the_counter(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    o.state[parameters(o)[0]]["step"] += 1
    return loss


@tamper
def spoils_the_counter(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    o.state[parameters(o)[0]]["step"] += 0.5
    return loss


@tamper
def never_corrects_the_bias(o: Any, inner: Step, closure: Any) -> Any:
    for state in o.state.values():
        state["step"] += 1000
    loss = inner(closure)
    for state in o.state.values():
        state["step"] -= 1000
    return loss


@tamper
def forgets_the_state(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    o.state.clear()
    return loss


@tamper
def forgets_the_norm(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    del o.state[parameters(o)[0]]["exp_inf"]
    return loss


@tamper
def widens_the_state(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    state = o.state[parameters(o)[0]]
    state["exp_avg"] = state["exp_avg"].double()
    return loss


@tamper
def steps_for_the_closure_again(o: Any, inner: Step, closure: Any) -> Any:
    evaluated(closure)
    inner(None)
    evaluated(closure)
    return inner(None)


@tamper
def evaluates_after_the_update(o: Any, inner: Step, closure: Any) -> Any:
    inner(None)
    evaluated(closure)
    scale(o, 1.0 if closure else 0.5)


@tamper
def does_nothing(o: Any, inner: Step, closure: Any) -> Any:
    evaluated(closure)


@tamper
def is_another_optimizer(o: Any, inner: Step, closure: Any) -> Any:
    return torch.optim.SGD(parameters(o), lr=0.125).step(closure)


@tamper
def replaces_parameters(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    group = o.param_groups[0]
    group["params"] = [torch.nn.Parameter(p.data) for p in group["params"]]
    return loss


@tamper
def widens_parameters(o: Any, inner: Step, closure: Any) -> Any:
    loss = inner(closure)
    parameters(o)[0].data = parameters(o)[0].data.double()
    return loss


@tamper
def skips_a_group(o: Any, inner: Step, closure: Any) -> Any:
    evaluated(closure)
    o.param_groups[1]["params"], hidden = [], o.param_groups[1]["params"]
    inner(None)
    o.param_groups[1]["params"] = hidden


def scale(o: Any, factor: float) -> None:
    """Multiply all parameters by a power of two or another number."""
    for p in parameters(o):
        p.data.mul_(factor)


def with_options(o: Any, body: Callable[[], Any], **options: Any) -> Any:
    """Run `body` while the groups have other options."""
    before = [{name: group[name] for name in options} for group in o.param_groups]
    for group in o.param_groups:
        group.update(options)
    result = body()
    for group, old in zip(o.param_groups, before, strict=True):
        group.update(old)
    return result


def made(body: Tamper, disguised: bool = False) -> Any:
    """Return a class whose ``step`` has a body; `disguised`: with the attributes of the inherited one."""

    class Tampered(torch.optim.Adamax):  # type: ignore[misc]
        def step(self, closure: Any = None) -> Any:
            self.inputs = Inputs.of(self)
            try:
                return body(self, super().step, closure)
            finally:
                self.left = [numbers(self, p) for p in self.inputs.params if any(p is other for other in parameters(self))]

        if disguised:
            step = wraps(torch.optim.Adamax.step)(step)

    return Tampered


def numbers(o: Any, p: Any) -> dict[str, Any]:
    """Return copies of a parameter and its state."""
    state = {name: value.clone() for name, value in o.state.get(p, {}).items()}
    return {"p": p.detach().clone(), **state}


@dataclass
class Inputs:
    """What a step starts from, before its first line."""

    params: list[Any]
    groups: list[dict[str, Any]]
    numbers: list[dict[str, Any]]
    grads: list[Any]

    @staticmethod
    def of(o: Any) -> "Inputs":
        """Copy what an optimizer holds."""
        params = parameters(o)
        groups = [{**group, "params": list(group["params"])} for group in o.param_groups]
        grads = [None if p.grad is None else p.grad.clone() for p in params]
        return Inputs(params, groups, [numbers(o, p) for p in params], grads)

    def stepped(self, gradients: Callable[[list[Any]], None] | None) -> list[dict[str, Any]]:
        """Return what torch's own step leaves; with `gradients` a closure sets them."""

        class Plain(torch.optim.Adamax):  # type: ignore[misc]  # so that the hooks of torch.optim.Adamax stay off
            pass

        twins = [torch.nn.Parameter(entry["p"].clone()) for entry in self.numbers]
        twin_of = dict(zip(map(id, self.params), twins, strict=True))
        o = Plain([{**group, "params": [twin_of[id(p)] for p in group["params"]]} for group in self.groups])
        for twin, entry, grad in zip(twins, self.numbers, self.grads, strict=True):
            twin.grad = None if grad is None else grad.clone()
            if len(entry) > 1:
                o.state[twin] = {name: value.clone() for name, value in entry.items() if name != "p"}
        o.step(None if gradients is None else lambda: gradients(twins))
        return [numbers(o, twin) for twin in twins]


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two parameters with state agree in names, types and bits."""
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype
        and torch.equal(a[name], b[name])
        and torch.equal(torch.signbit(a[name]), torch.signbit(b[name]))
        for name in a
    )


@dataclass
class Report:
    """What the shadow says, and what is so."""

    calls: int = 0
    differs_at: int | None = None
    steps: int = 0
    compared: int = 0
    divergence: int | None = None
    quantity: str = ""
    equal: bool = False
    omissions: dict[str, int] = field(default_factory=dict)
    attributes_left: bool = False

    def check(self, name: str) -> None:
        """Fail where the shadow is wrong: a false alarm, a false all-clear, or a wrong count."""
        assert not (self.equal and self.differs_at is not None), (name, self)
        assert self.divergence in (None, self.differs_at), (name, self)
        assert self.omissions or self.equal is (self.differs_at is None), (name, self)
        assert self.steps == (self.divergence or self.calls), (name, self)
        assert not self.attributes_left, (name, self)


@dataclass
class Hooks:
    """Hooks of the user, and when they are registered."""

    names: Sequence[str] = ()
    inside: bool = False

    def register(self, o: Any) -> None:
        """Register the hooks by the names that they have here."""
        for name in self.names:
            if name == "clip":
                o.register_step_pre_hook(lambda o, args, kwargs: _clip(o))
            elif name == "zero":
                o.register_step_post_hook(lambda o, args, kwargs: o.zero_grad())
            else:
                o.register_step_post_hook(lambda o, args, kwargs: _keep(o))


def _clip(o: Any) -> None:
    for p in parameters(o):
        if p.grad is not None:
            p.grad.clamp_(-0.5, 0.5)


def _keep(o: Any) -> None:
    for p in parameters(o):
        p.data.clamp_(-0.75, 0.75)


def trial(cls: Any, closing: bool, steps: int = 3, hooks: Hooks | None = None) -> Report:
    """Train for a few steps under the shadow, with a closure or without."""
    params = [torch.nn.Parameter(torch.linspace(-1, 2, size)) for size in (5, 3)]
    o = cls([{"params": params[:1], "lr": 0.125}, {"params": params[1:], "weight_decay": 0.1}], eps=1e-3)
    report, hooks = Report(), hooks or Hooks()
    with ExitStack() as stack:
        if not hooks.inside:
            hooks.register(o)
        s = stack.enter_context(shadow(o))
        if hooks.inside:
            hooks.register(o)
        for number in range(1, steps + 1):
            if report.differs_at is None:  # what comes later may be anything, errors of torch as well
                _step(o, params, closing, number, report)
    report.steps, report.compared, report.equal, report.omissions = s.steps, s.compared, s.equal, s.omissions
    if s.divergence is not None:
        report.divergence, report.quantity = s.divergence.step, s.divergence.quantity
    report.attributes_left = "step" in vars(o) or len(o._optimizer_step_pre_hooks) > hooks.names.count("clip")
    return report


def _step(o: Any, params: list[Any], closing: bool, number: int, report: Report) -> None:
    def gradients(some: list[Any]) -> None:
        for p in some:
            p.grad = torch.sin(p.detach() * number) + 0.0625

    report.calls += 1
    if closing:
        o.step(lambda: gradients(params))
    else:
        gradients(params)
        o.step()
    wanted = o.inputs.stepped(gradients if closing else None)
    if len(o.left) != len(wanted) or not all(map(same, o.left, wanted)):
        report.differs_at = number


def program(words: Sequence[str]) -> Tamper:
    """Return the body of a ``step`` that does one thing after the other."""

    def body(o: Any, inner: Step, closure: Any) -> Any:
        counts = [float(entry.get("step", 0.0)) for entry in o.inputs.numbers]
        for word in words:
            if word == "super":
                inner(closure)
            elif word == "bare":
                inner(None)
            elif word == "closure":
                evaluated(closure)
            else:
                EDITS[word](o, counts)

    return body


def _of_state(edit: Callable[[dict[str, Any], float], Any]) -> Callable[[Any, list[float]], None]:
    def apply(o: Any, counts: list[float]) -> None:
        for p, count in zip(parameters(o), counts, strict=True):
            if o.state[p]:
                edit(o.state[p], count)

    return apply


def _of_gradient(edit: Callable[[Any], None]) -> Callable[[Any, list[float]], None]:
    def apply(o: Any, counts: list[float]) -> None:
        for p in parameters(o):
            if p.grad is not None:
                edit(p)

    return apply


EDITS: dict[str, Callable[[Any, list[float]], Any]] = {
    "halve": lambda o, _: scale(o, 0.5),
    "double": lambda o, _: scale(o, 2.0),
    "clamp": _of_gradient(lambda p: p.grad.clamp_(-0.25, 0.25)),
    "add": _of_gradient(lambda p: setattr(p, "grad", p.grad + 0.25)),
    "drop": _of_gradient(lambda p: setattr(p, "grad", None)),
    "eps": lambda o, _: [group.update(eps=0.5) for group in o.param_groups],
    "eps back": lambda o, _: [group.update(eps=1e-3) for group in o.param_groups],
    "rate": lambda o, _: o.param_groups[0].update(lr=0.25),
    "rate back": lambda o, _: o.param_groups[0].update(lr=0.125),
    "moment": _of_state(lambda state, _: state["exp_avg"].add_(0.5)),
    "moment back": _of_state(lambda state, _: state["exp_avg"].sub_(0.5)),
    "norm": _of_state(lambda state, _: state["exp_inf"].mul_(2)),
    "norm back": _of_state(lambda state, _: state["exp_inf"].mul_(0.5)),
    "count": _of_state(lambda state, _: state["step"].add_(1)),
    "recount": _of_state(lambda state, count: state["step"].fill_(count)),
    "forget": lambda o, _: o.state.clear(),
}
WORDS = ("super", "super", "super", "bare", "closure", *EDITS)
programs = st.lists(st.sampled_from(WORDS), max_size=6)
hook_sets = st.builds(Hooks, st.lists(st.sampled_from(["clip", "zero"]), unique=True), st.booleans())


def check_program(words: Sequence[str], closing: bool, hooks: Hooks) -> None:
    """Compare the shadow's verdict about a program with torch's."""
    report = trial(made(program(words)), closing, hooks=hooks)
    report.check(" ".join(words))
    if not closing and not hooks.names:
        assert not report.omissions, (words, report)


def check_weight_hook(words: Sequence[str], closing: bool, inside: bool) -> None:
    """Compare verdicts about one step with and without a hook that changes the weights when the step is done."""
    cls = made(program(words))
    without = trial(cls, closing, steps=1)
    report = trial(cls, closing, steps=1, hooks=Hooks(["keep"], inside))
    assert not report.equal or without.equal, (words, report, without)
    assert report.divergence is None or without.divergence is not None, (words, report, without)


def reports() -> dict[str, Report]:
    """Return what comes out of all bodies, with a closure and without, as they are and disguised."""
    return {
        f"{name}{' with a closure' * closing}{' disguised' * disguised}": trial(made(body, disguised), closing)
        for name, body in TAMPERS.items()
        for closing in (False, True)
        for disguised in (False, True)
    }


def _main() -> None:
    """Do everything in a process in which no plain Adamax was made, and print the reports."""
    modest = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    modest(given(programs, st.booleans(), hook_sets)(check_program))()
    modest(given(programs, st.booleans(), st.booleans())(check_weight_hook))()
    everything = {name: asdict(report) for name, report in reports().items()}
    assert not hasattr(torch.optim.Adamax.step, "hooked")
    json.dump(everything, sys.stdout)


if __name__ == "__main__":
    _main()

"""Bugs of given state: forgotten, exchanged, counted wrongly, stored too narrow."""

from dataclasses import replace

from adamax_ref.bugs.bug import Bug
from adamax_ref.bugs.where import only
from adamax_ref.golden.oracle import State
from adamax_ref.recipe.profile import BINARY16


def _forgotten(state: State) -> State:
    zeros = (0.0,) * len(state.theta)
    return replace(state, m=zeros, u=zeros)


def _narrow(state: State) -> State:
    return replace(state, m=tuple(map(BINARY16.round, state.m)), u=tuple(map(BINARY16.round, state.u)))


BUGS = (
    Bug(
        "B43",
        "given m and u are ignored",
        "A resumed run starts from nothing.",
        "state is made anew after loading",
        "state",
        begin=_forgotten,
        source="OpenNMT/OpenNMT-py issue 617, NVlabs/stylegan2-ada-pytorch issue 108 (Adam)",
    ),
    Bug(
        "B44",
        "the given counter is ignored",
        "A resumed run corrects as if it were at its first step.",
        "the counter is not part of the saved state",
        "state",
        begin=lambda state: replace(state, t=0),
        source="deeplearning4j/deeplearning4j issue 3584 (Adamax), TrenTorch/TrenTorch pull request 187 (Adam)",
    ),
    Bug(
        "B117",
        "m and u exchanged by loading",
        "A resumed run divides by the moment, and its first steps explode.",
        "the order in which the two are saved",
        "state",
        begin=lambda state: replace(state, m=state.u, u=state.m),
    ),
    Bug(
        "B118",
        "the loaded counter is one too small",
        "A resumed run corrects its next step as the one before.",
        "the state is saved before the counter goes up",
        "state",
        begin=lambda state: replace(state, t=max(state.t - 1, 0)),
        source="goodfire-ai/spd issue 616 asks for exactly this test (Adam)",
    ),
    Bug(
        "B119",
        "state is saved in binary16",
        "A resumed run has lost the digits of its state, and small norms have become 0.",
        "the type of the checkpoint",
        "state",
        begin=_narrow,
        applies=only("f64 f32 bf16 c64 c128", "state is binary16 there"),
    ),
)

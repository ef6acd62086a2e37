"""Your Adamax: what it is, and one step of it."""

from hyper import Hyper, State

# No dialect means that it is judged against any. Add "l2" or "decoupled" when it has weight decay, and "maximize".
ABOUT = {"name": "my adamax", "version": "1", "dialects": [], "features": ["init-state", "lr-schedule", "skip"]}


def step(state: State, grad: list[float], h: Hyper, profile: str) -> None:
    """Make one step: count it, and change theta, m and u."""
    state.t += 1  # write your step in place of this line

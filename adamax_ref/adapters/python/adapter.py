"""Lets the Adamax in adamax.py answer the questions of adamax-ref verify: one JSON object a line in, one a line out.

adamax-ref verify --dialect torch -- python3 adapter.py
"""

import json
import math
import re
import struct
import sys
from typing import Any

from adamax import ABOUT, step
from hyper import Hyper, State

CODES = {"f32": ("f", 8), "f64": ("d", 16)}
NAMES = ("lr", "beta1", "beta2", "eps", "weight_decay")


def numbers(text: str, profile: str, count: int) -> list[float]:
    """Read bit patterns with one blank between them."""
    code, digits = CODES[profile]
    words = text.split(" ") if text else []
    if len(words) != count:
        raise ValueError(f"{len(words)} numbers where {count} are due")
    if not all(re.fullmatch(f"[0-9a-f]{{{digits}}}", word) for word in words):
        raise ValueError("a number is malformed")
    return list(struct.unpack(f">{count}{code}", bytes.fromhex("".join(words))))


def patterns(values: list[float], profile: str) -> str:
    """Write numbers as bit patterns."""
    return " ".join(struct.pack(f">{CODES[profile][0]}", value).hex() for value in values)


def scalar(number: dict[str, str]) -> float:
    """Read a hyperparameter, a double in every profile."""
    return numbers(number["f64"], "f64", 1)[0]


def run(question: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the reported steps; ValueError when something must be refused."""
    profile, hyper, init = question["profile"], question["hyper"], question["init"]
    count = math.prod(question["shape"])
    state = State(*(numbers(init[name], profile, count) for name in ("theta", "m", "u")), t=init["t"])
    if state.t < 0:
        raise ValueError("t is negative")
    h = Hyper(*(scalar(hyper[name]) for name in NAMES), maximize=hyper["maximize"])
    answer = []
    for number, each in enumerate(question["steps"], 1):
        h.lr = scalar(each.get("lr", hyper["lr"]))
        h.check()
        if not each.get("skip"):
            step(state, numbers(each["grad"], profile, count), h, profile)
        if number in question["report"]:
            arrays = {name: patterns(getattr(state, name), profile) for name in ("theta", "m", "u")}
            answer.append({"step": number, "t": state.t, **arrays})
    return answer


def answered(question: dict[str, Any]) -> dict[str, Any]:
    """Answer a question."""
    if question["cmd"] == "hello":
        exposes = ["theta", "m", "u", "t"]
        return {"axp": 1, "language": "python", "profiles": list(CODES), "declares": [], "exposes": exposes, **ABOUT}
    try:
        return {"id": question["id"], "steps": run(question)}
    except ValueError as why:
        return {"id": question["id"], "refused": {"message": str(why)}}
    except Exception as fault:
        return {"id": question["id"], "error": {"message": f"{type(fault).__name__}: {fault}"}}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answered(json.loads(line))), flush=True)

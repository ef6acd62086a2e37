"""What a vector file leaves out because a rule brings it back: the same cases in a third of the bytes.

The rules, which ``schema/vectors.schema.json`` repeats field by field:

- of a quantity, ``true``, ``lo`` and ``hi`` are left out where they are the same string as ``bits``;
- ``bound`` is the upper half of each binary64 pattern, its lower half being zero, and left out where all bounds are 0;
- a hyperparameter is its pattern and, after a blank, its decimal number;
- ``lr``, ``beta1``, ``beta2`` and ``eps`` are left out where they are those of the file's own ``hyper``;
- of ``constants`` the correction alone is written: the rate is the step's learning rate divided by it, in binary64;
- ``m`` and ``u`` of ``init`` are left out where they are +0 throughout;
- ``weight_decay``, ``decay`` and ``maximize`` are left out where they are 0, ``"none"`` and false;
- ``report`` is left out where it is every step, ``result`` where it is ``"value"``, ``rev`` where it is 1;
- ``flags``, ``kills``, ``needs`` and ``spec`` are one string each, words separated by one blank; ``B03-B06`` among the bugs
  stands for all from B03 to B06;
- ``excludes``, ``flags``, ``kills`` and ``needs`` are left out where they are empty.

In memory nothing is ever left out: the loader fills in what the writer took away.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from adamax_ref.recipe.profile import BINARY64, ieee_divide

from .case import Number, VectorFile
from .codec import json_bytes, to_json
from .patterns import decode, encode
from .ranges import ranges, spread

Json = dict[str, Any]

_WORDS = ("flags", "kills", "needs", "spec")
_EMPTY: Json = {name: [] for name in ("excludes", "flags", "kills", "needs")}
_HYPER: Json = {"weight_decay": to_json(Number.of(0.0)), "decay": "none", "maximize": False}
_SHARED = ("lr", "beta1", "beta2", "eps")
_NOTHING = "0000000000000000 0.0"
_NUMBERS = (*_SHARED, "weight_decay")
_HALF = "0" * 8


def coarse(bound: float) -> float:
    """Return the least double that is not below `bound` and whose pattern has a lower half of zeros.

    Examples
    --------
    >>> coarse(0.1).hex(), coarse(0.0)
    ('0x1.9999a00000000p-4', 0.0)
    """
    return BINARY64.decode(BINARY64.encode(bound) + 0xFFFFFFFF >> 32 << 32)


def vector_bytes(file: VectorFile) -> bytes:
    """Serialise a vector file the one way the corpus is written: one case a line, without what a rule brings back."""
    document = to_json(file)
    for case in document["cases"]:
        _visit(case, _drop, _shorten)
        for record in (case["hyper"], *case["steps"]):
            record.update((name, f"{record[name]['f64']} {record[name]['dec']}") for name in _NUMBERS if name in record)
            if "constants" in record:
                record["constants"] = record["constants"]["correction"]
        if "kills" in case:
            case["kills"] = ranges(case["kills"])
        case.update((name, " ".join(case[name])) for name in _WORDS if name in case)
    document["hyper"] = {name: _commonest(case["hyper"][name] for case in document["cases"]) for name in _SHARED}
    for case in document["cases"]:
        _drop(case["hyper"], document["hyper"])
    return json_bytes(document)


def _commonest(values: Iterable[str]) -> str:
    """Return the value that occurs most often, the first such one."""
    found = Counter(values).most_common(1)
    return found[0][0] if found else _NOTHING


def lengthened(document: Any) -> Any:
    """Fill in what a parsed vector file leaves out, in place; what is malformed stays as it is, for the loader to refuse.

    Examples
    --------
    >>> case = {"init": {"theta": "3f800000"}, "expect": [{"m": {"bits": "3f800000", "bound": "3e700000"}}]}
    >>> filled = lengthened({"cases": [case]})["cases"][0]
    >>> filled["init"]["u"], filled["expect"][0]["m"]["lo"], filled["expect"][0]["m"]["bound"]
    ('00000000', '3f800000', '3e70000000000000')
    """
    shared = document.pop("hyper") if isinstance(document, dict) and isinstance(document.get("hyper"), dict) else {}
    for case in _objects(document, "cases"):
        case.update((name, case[name].split(" ")) for name in _WORDS if isinstance(case.get(name), str))
        if isinstance(case.get("kills"), list) and all(isinstance(word, str) for word in case["kills"]):
            case["kills"] = spread(case["kills"])
        hyper = case["hyper"] if isinstance(case.get("hyper"), dict) else {}
        _fill(hyper, shared)
        for record in (hyper, *_objects(case, "steps")):
            record.update((name, _number(record[name])) for name in _NUMBERS if name in record)
        for step in _objects(case, "steps"):
            if "constants" in step:
                step["constants"] = _constants(step["constants"], step.get("lr", hyper.get("lr")))
        _visit(case, _fill, _lengthen)
    return document


def _number(text: Any) -> Any:
    """Turn a pattern and a decimal number into the record that they stand for; leave anything else."""
    words = text.split(" ") if isinstance(text, str) else ()
    return {"f64": words[0], "dec": words[1]} if len(words) == 2 else text


def _constants(correction: Any, lr: Any) -> Any:
    """Bring the rate back; where something is malformed it is the correction, for the loader to find what it is."""
    try:
        (rate,), (divisor,) = (decode(text, BINARY64) for text in (lr["f64"], correction))
    except (TypeError, KeyError, ValueError, AttributeError):
        return {"correction": correction, "rate": correction}
    return {"correction": correction, "rate": encode([ieee_divide(rate, divisor)], BINARY64)}


def _visit(case: Json, apply: Callable[[Json, Json], None], quantity: Callable[[Json], None]) -> None:
    """Apply the rules to a case, every quantity in it included."""
    steps = case.get("steps")
    apply(case, _EMPTY | {"rev": 1, "result": "value", "report": [*range(1, len(steps) + 1)] if isinstance(steps, list) else []})
    if isinstance(case.get("hyper"), dict):
        apply(case["hyper"], _HYPER)
    init = case.get("init")
    if isinstance(init, dict) and isinstance(init.get("theta"), str):
        zeros = _zeros(init["theta"])
        apply(init, {"m": zeros, "u": zeros})
    for answer in (case, *_objects(case, "either")):
        for expectation in _objects(answer, "expect"):
            for each in expectation.values():
                if isinstance(each, dict) and isinstance(each.get("bits"), str):
                    quantity(each)


def _drop(record: Json, usual: Json) -> None:
    for name, value in usual.items():
        if record.get(name) == value:
            del record[name]


def _fill(record: Json, usual: Json) -> None:
    for name, value in usual.items():
        record.setdefault(name, list(value) if isinstance(value, list) else value)


def _shorten(quantity: Json) -> None:
    quantity["bound"] = " ".join(word.removesuffix(_HALF) for word in quantity["bound"].split())
    _drop(quantity, _same(quantity["bits"]))


def _lengthen(quantity: Json) -> None:
    _fill(quantity, _same(quantity["bits"]))
    if isinstance(quantity["bound"], str):
        quantity["bound"] = " ".join(word + _HALF for word in quantity["bound"].split(" ") if quantity["bound"])


def _same(bits: str) -> Json:
    """Return what a quantity is where every right answer has these bits."""
    return {"true": bits, "lo": bits, "hi": bits, "bound": " ".join([_HALF] * len(bits.split()))}


def _zeros(patterns: str) -> str:
    """Return +0 for each pattern: the empty array for an empty one."""
    return re.sub("[^ ]", "0", patterns)


def _objects(record: Any, name: str) -> Iterator[Json]:
    """Yield the objects in an array that is a field of a record, and nothing where it is something else."""
    items = record.get(name) if isinstance(record, dict) else None
    yield from (item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))

"""A process in which one framework trains, with the recipe of docs/converting.md; its Python needs nothing of ours but NumPy.

Its arguments are the folder of ``adamax_ref`` and the text of the recipe; for a recipe in JavaScript also that of the other
side, in Python.
"""

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import Any


def _load(name: str, file: Path, **options: Any) -> Any:
    spec = importlib.util.spec_from_file_location(name, file, **options)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Answer requests ``(name, hyperparameters, arrays, state or None, gradients)`` until there are no more."""
    warnings.simplefilter("ignore")
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # frameworks print; only answers may reach the parent
    package, texts = Path(sys.argv[1]), sys.argv[2:]
    if importlib.util.find_spec("adamax_ref") is None:
        _load("adamax_ref", package / "__init__.py", submodule_search_locations=[str(package)])
    from adamax_ref.frameworks.wire import receive, send

    benches = _load("benches", Path(__file__).with_name("benches.py"))
    while True:
        try:
            request = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = True, _run(benches, texts, *request)
        except Exception as error:  # a framework may raise anything, and its exceptions need not survive the way
            answer = False, f"{request[0]}: {type(error).__name__}: {error}"
        send(answer, target)


def _run(benches: Any, texts: list[str], name: str, h: Any, arrays: Any, state: Any, gradients: Any) -> Any:
    """Train from arrays and a state; return the numbers after each step, and the state."""
    take, put = _functions(texts)
    bench = benches.BENCHES[name](h, arrays, *texts[:-1])
    held = bench.held
    if state is not None:
        changed = put(held, state)
        held = held if changed is None else changed
    seen = []
    for gradient in gradients:
        held = bench.step(gradient, held)
        seen.append(bench.numbers())
    return seen, take(held)


def _functions(texts: list[str]) -> Any:
    """Return a recipe's two functions; those in JavaScript are asked, and what they say is read as JSON."""
    names: dict[str, Any] = {}
    exec(texts[-1], names)
    if len(texts) == 1:
        return names["take"], names["put"]
    return lambda ask: names["from_json"](ask("take")), lambda ask, state: ask("put", names["to_json"](state))


if __name__ == "__main__":
    main()

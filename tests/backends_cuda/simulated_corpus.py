"""Judge the Numba-CUDA engine on the core corpus under Numba's simulator; run as a program, since the choice is made at import.

Prints one JSON object: for each dialect and profile the verdict and the number of cases.
"""

import json
import sys

from adamax_ref.conformance.run import pairs, run
from adamax_ref.conformance.targets import open_target
from adamax_ref.golden.load import open_corpus


def main() -> None:
    """Judge, and print."""
    target, corpus = open_target("backend:numba-cuda"), open_corpus()
    found = {}
    for dialect, profile in pairs(target, corpus):
        result = run(target, corpus, dialect, profile)
        found[f"{dialect} {profile}"] = (result.verdict.grade.name, len(result.verdict.cases))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

"""What searches have found before, so that generating the corpus need not search again.

The finds stand in ``found.json``, by case; each says for which search it is, and one that is for another search is not used. A
case without a find is searched for. ``python -m adamax_ref.golden.found`` searches for every case and writes the file.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from adamax_ref.dialects import get
from adamax_ref.recipe.dialect import Dialect

from .case import Case
from .document import canonical, parse
from .hardest import Columns, Search, hardest
from .oracle import keeping
from .patterns import decode, encode

_FILE = "found.json"


def found(search: Search, case: Case, dialect: Dialect) -> Columns:
    """Return the elements of a case, from the file or by searching."""
    known = _known().get(case.id)
    if known is None or known["search"] != _described(search, case):
        return sought(search, case, dialect)
    return Columns(*(decode(known[name], case.form) for name in Columns._fields))


def sought(search: Search, case: Case, dialect: Dialect) -> Columns:
    """Return the elements of a case by searching."""
    return hardest(search, case.id, keeping(dialect), case.profile, case.hyper.at(), case.init.t)


def _described(search: Search, case: Case) -> str:
    return f"{search} {case.hyper.at()} t={case.init.t}"


@cache
def _known() -> dict[str, dict[str, str]]:
    made: dict[str, dict[str, str]] = parse(files(__package__).joinpath(_FILE).read_bytes(), _FILE)
    return made


def _search_all(file: Path) -> None:
    """Search for every case of the full corpus that the file has no find for, writing the file after each."""
    from .build import framed
    from .plan import designs_of, parts

    written: dict[str, Any] = {}
    for part in parts("full"):
        for design in designs_of(part):
            if design.search is not None:
                case = framed(design, part.category, get(part.dialect), part.profile)
                columns = found(design.search, case, get(part.dialect))
                patterns = {name: encode(column, case.form) for name, column in columns._asdict().items()}
                written[case.id] = {"search": _described(design.search, case), **patterns}
                file.write_bytes(canonical(_known() | written))
    file.write_bytes(canonical(written))


if __name__ == "__main__":
    _search_all(Path(str(files("adamax_ref.golden").joinpath(_FILE))))

"""The page of measurements is made from the data beside it and from nothing else."""

import json
from pathlib import Path

from adamax_ref.bench.table import cells, head, markdown, peers_of

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_the_documentation_is_made_from_the_data_beside_it() -> None:
    record = json.loads((DOCS / "benchmarks" / "cpu.json").read_text(encoding="utf-8"))
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == markdown(record)
    assert all((DOCS / "benchmarks" / plot).exists() for plot in record["plots"])
    for row in record["rows"]:
        assert len(cells(row, peers_of(record["rows"]))) == len(head(peers_of(record["rows"])))
        assert row["verdict"] and not row["verdict"].endswith("differ from torch")

"""The pictures of the page in the documentation.

``ADAMAX_REF_IMAGES=docs/images pytest tests/reports/test_pictures.py`` takes them anew; otherwise they go to a temporary
folder, and what is in the documentation is only looked at.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from adamax_ref.conformance.run import Run, pairs, run
from adamax_ref.conformance.targets import open_target
from adamax_ref.golden.load import open_corpus
from adamax_ref.reports.page import page

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
NAMES = ("page-case.png", "page-matrix.png", "page-run.png")
LARGEST = 200_000
SIZE = {"width": 1080, "height": 760}


def shown_runs() -> list[Run]:
    """Judge what the pictures show: an engine on everything, and one bug."""
    corpus = open_corpus()
    numpy, bug = open_target("backend:numpy"), open_target("bug:B16")
    exact = [run(numpy, corpus, *pair) for pair in pairs(numpy, corpus) if pair[0] in ("mlx", "paper")]
    return [*exact, run(bug, corpus, "mlx", "f32")]


def test_pictures_are_taken_and_small(page_of: Callable[..., Any], tmp_path: Path, runs: tuple[Run, ...]) -> None:
    folder = Path(os.environ.get("ADAMAX_REF_IMAGES", tmp_path))
    folder.mkdir(exist_ok=True)
    judged = [*shown_runs(), replace(runs[2], hello=replace(runs[2].hello, name="mylib.step", version="1.0"))]
    light = page_of(page(judged), viewport=SIZE).page
    light.screenshot(path=folder / "page-matrix.png")
    light.locator("article.run").first.evaluate("each => each.scrollIntoView()")
    light.screenshot(path=folder / "page-run.png")
    dark = page_of(page(judged), viewport=SIZE, color_scheme="dark").page
    case = dark.locator('details.told:has-text("steps-20")').first
    case.locator("summary").click()
    case.evaluate("each => each.scrollIntoView()")
    dark.screenshot(path=folder / "page-case.png")
    assert sorted(each.name for each in folder.glob("page-*.png")) == list(NAMES)
    assert all(10_000 < each.stat().st_size < LARGEST for each in folder.glob("page-*.png"))


def test_the_documentation_shows_pictures_that_are_small() -> None:
    text = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    for name in NAMES:
        picture = (IMAGES / name).read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) < LARGEST
        assert f"](images/{name})" in text

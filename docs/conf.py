"""The documentation site: ``sphinx-build -W docs BUILD``. Pages are Markdown, the reference comes from the docstrings."""

import shutil
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

project = "adamax_ref"
author = "The adamax_ref team"
version = release = version_of("adamax-ref")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = "adamax_ref"
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
exclude_patterns = ["benchmarks"]
root_doc = "index"

# Notebooks are shown as they are committed; the test run executes them.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": False}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say types and ranges in words
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # a field of a record is described once, in the docstring of its class
suppress_warnings = ["ref.python"]  # two rooms have a `Step`

HERE = Path(__file__).parent
NOTEBOOKS = HERE / "notebooks"


def bring_notebooks(app: Sphinx) -> None:
    """Copy the notebooks into the source folder, with their links to these pages made good."""
    NOTEBOOKS.mkdir(exist_ok=True)
    for path in (HERE.parent / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8").replace("](../docs/", "](../")
        (NOTEBOOKS / path.name).write_text(text, encoding="utf-8")


def take_notebooks_away(app: Sphinx, exception: Exception | None) -> None:
    """Leave the source folder as it was."""
    shutil.rmtree(NOTEBOOKS, ignore_errors=True)


def setup(app: Sphinx) -> None:
    """Let Sphinx do the above."""
    app.connect("builder-inited", bring_notebooks)
    app.connect("build-finished", take_notebooks_away)

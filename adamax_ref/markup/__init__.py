"""Templates in HTML: the environment that renders them, and the pieces that notebooks and the report share.

Everything that a template prints is escaped: the name of a target is text that somebody else wrote.
"""

from functools import cache, singledispatch
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

STYLE = "pieces.css"

_UNFIT = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, *range(0xD800, 0xE000)], "\N{REPLACEMENT CHARACTER}")
"""Control characters and halves of surrogate pairs, which no page may hold."""


@cache
def environment(package: str = __name__) -> "Environment":
    """Return the templates of a package, in its folder ``templates``, and behind them those of this room.

    Nothing is printed unescaped, what no page may hold becomes a replacement character, and a name that a template does
    not know is an error instead of an empty place.

    Examples
    --------
    >>> environment().from_string("{{ name }}").render(name="<b>")
    '&lt;b&gt;'
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    packages = dict.fromkeys((package, __name__))
    loader = ChoiceLoader([PackageLoader(each) for each in packages])
    return Environment(
        loader=loader,
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_fit,
    )


def _fit(value: object) -> Any:
    return value.translate(_UNFIT) if isinstance(value, str) else value


@singledispatch
def notebook_html(value: object) -> str | None:
    """Return the HTML that a notebook shows for a value; None for a type that nobody has registered.

    The package that knows how a value looks registers a function for its type, as :mod:`adamax_ref.reports` does for
    verdicts, so that what is judged need not import what is printed.

    Examples
    --------
    >>> notebook_html(42) is None
    True
    """
    return None


def source(name: str, package: str = __name__) -> str:
    """Return a file of the templates as it stands, for a style or a script that goes into a page whole."""
    made = environment(package)
    assert made.loader is not None
    return made.loader.get_source(made, name)[0]


def piece(name: str, **values: object) -> str:
    """Render a template of this room with its style before it, to be shown by itself in a notebook.

    Examples
    --------
    >>> rows = [("got", "3f800000", "1.0")]
    >>> html = piece("difference.html", what="u[0]", rows=rows, off="1 ulp")
    >>> "<td>1.0</td>" in html, html.startswith("<style>")
    (True, True)
    """
    shown = environment().get_template(name).render(**values)
    return f'<style>{source(STYLE)}</style>\n<div class="adamax">\n{shown}</div>\n'

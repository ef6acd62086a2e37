"""Write a report to a file in one of its forms: NDJSON, JUnit, badge or HTML; whole or not at all."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from adamax_ref.conformance.run import Run

from .badge import badge
from .junit import junit
from .ndjson import ndjson

Writer = Callable[[Sequence[Run]], str]


def page(runs: Sequence[Run]) -> str:
    """Return the page of HTML; what makes it is imported only when a page is asked for."""
    from .page import page as html

    return html(runs)


WRITERS: Mapping[str, Writer] = {"json": ndjson, "junit": junit, "badge": badge, "html": page}


def write(form: str, path: Path, runs: Sequence[Run]) -> None:
    """Write the report on some runs to a file.

    Parameters
    ----------
    form : str
        One of :data:`WRITERS`.
    path : Path
        The file; what was there is replaced once the new one is complete.
    runs : sequence of Run
        At least one.

    Raises
    ------
    ValueError
        When it cannot be written; nothing has changed then.
    """
    text = WRITERS[form](runs)
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer a file beside `path` and put it in its place at the end; ValueError when it cannot be written."""
    aside = path.with_name(f".{path.name}.partial")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise ValueError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error
    finally:
        with suppress(OSError):
            aside.unlink()

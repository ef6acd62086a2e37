"""``adamax-ref backends``: which engines there are, which can run here, and what to install for the others."""

import click


@click.command()
def command() -> None:
    """List the engines: available or not, why not, and what to install."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from adamax_ref.backend import backend_names

    table = Table("backend", "runs", "profiles", "device", "fma", "remark")
    table.columns[0].no_wrap = True
    for name in backend_names():
        table.add_row(*map(Text, row(name)))  # as text, since a remedy such as adamax-ref[numba] is no markup
    Console().print(table)


def row(name: str) -> tuple[str, ...]:
    """Return the cells of an engine.

    Examples
    --------
    >>> row("numpy")[:2]
    ('numpy', 'yes')
    """
    from adamax_ref.backend import get_backend, why_unavailable

    reason = why_unavailable(name)
    if reason is not None:
        return name, "no", "", "", "", reason
    can = get_backend(name).capabilities
    profiles = " ".join(sorted(can.profiles))
    return name, "yes", profiles, can.device, can.fma, "" if can.subnormals else "turns subnormal numbers into zeros"

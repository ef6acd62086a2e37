"""``adamax-ref backends``: which engines there are, which can run here, and what to install for the others."""

import click


@click.command()
def command() -> None:
    """List the engines that run here; below them those that do not, why, and what to install."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from adamax_ref.backend import backend_names, why_unavailable

    reasons = {name: why_unavailable(name) for name in backend_names()}
    table = Table("backend", "device", "fma", "subnormals", "profiles", box=box.SIMPLE)
    for name in (name for name, reason in reasons.items() if reason is None):
        table.add_row(*row(name))
    Console().print(table)
    for name, reason in reasons.items():
        if reason is not None:
            click.echo(f"{name} cannot run here: {reason}")


def row(name: str) -> tuple[str, ...]:
    """Return the cells of an engine that is available.

    Examples
    --------
    >>> row("numpy-emulated")[:4]
    ('numpy-emulated', 'cpu', 'emulated', 'kept')
    """
    from adamax_ref.backend import get_backend

    can = get_backend(name).capabilities
    return name, can.device, can.fma, "kept" if can.subnormals else "become zero", " ".join(sorted(can.profiles))

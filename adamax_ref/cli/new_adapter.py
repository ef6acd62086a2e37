"""``adamax-ref new-adapter``: write the skeleton of an adapter, with everything but the step."""

import shlex
from pathlib import Path

import click

from adamax_ref.adapters import LANGUAGES


@click.command()
@click.argument("language", type=click.Choice(sorted(LANGUAGES)))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def command(language: str, folder: Path) -> None:
    """Write an adapter in LANGUAGE to FOLDER, which speaks the protocol and leaves the step to be filled in.

    Nothing is overwritten. Ends with 2 when one of the files is there already.
    """
    from adamax_ref.adapters import skeleton, write

    chosen = LANGUAGES[language]
    write(skeleton(language), folder)
    click.echo(f"write your step   {folder / chosen.adamax}")
    click.echo(f"in the folder     cd {shlex.quote(str(folder))}")
    if chosen.build:
        click.echo(f"build             {shlex.join(chosen.build)}")
    click.echo(f"judge             adamax-ref verify --dialect torch -- {shlex.join(chosen.run)}")

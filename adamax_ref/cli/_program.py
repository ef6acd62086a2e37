"""A program as target: everything behind ``--`` at the end of the line, for each command that takes a target."""

import shlex
from collections.abc import Callable
from typing import final

import click


def of_callable(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say of a Python callable what a program says in its hello."""
    lacks = "Of callable:MODULE:NAME: a feature that it does not have, such as l2; may be repeated."
    declares = "Of callable:MODULE:NAME: a freedom that it takes (ftz, hyper32, zero-sign-any); may be repeated."
    command = click.option("--declares", multiple=True, help=declares)(command)
    return click.option("--lacks", multiple=True, help=lacks)(command)


@final
class TakesProgram(click.Command):
    """A command whose last target may be written as ``-- COMMAND ARGS...``; its target is then ``pipe:COMMAND ARGS...``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Fold the program into one argument."""
        if "--" in args:
            at = args.index("--")
            if not args[at + 1 :]:
                raise click.UsageError("write the command of a program behind --", ctx)
            args = [*args[:at], f"pipe:{shlex.join(args[at + 1 :])}"]
        return super().parse_args(ctx, args)

"""A program as target: everything behind ``--`` at the end of the line, for each command that takes a target."""

import shlex
from typing import final

import click


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

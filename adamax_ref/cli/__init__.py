"""The command ``adamax-ref``: find a subcommand by its name, run it, and turn bad input into exit code 2.

A file ``some_name.py`` of this package with a click command (or group) named ``command`` is the subcommand ``some-name``.
It is imported only when it is used; what it needs beside click it imports inside its functions. A file whose name begins
with an underscore is no subcommand.

Exit codes: 0 in order, 1 not in order, 2 wrong usage or unreadable input, 3 the target could not be run.
"""

import pkgutil
from importlib import import_module
from typing import Any, final

import click


@final
class BadInput(click.ClickException):
    """Wrong usage, an unknown name, an unreadable or malformed file."""

    exit_code = 2


@final
class NoTarget(click.ClickException):
    """A target that could not be run."""

    exit_code = 3


@final
class Commands(click.Group):
    """A group whose commands are the files of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands, without importing one."""
        files = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
        return sorted(file.replace("_", "-") for file in files)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of a subcommand."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what it raises about its input becomes one sentence."""
        from adamax_ref.backend import BackendUnavailable
        from adamax_ref.conformance.target import TargetUnavailable

        try:
            return super().invoke(ctx)
        except (BackendUnavailable, TargetUnavailable) as reason:
            raise NoTarget(str(reason)) from reason
        except ValueError as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            raise BadInput(f"{error} {notes}".rstrip()) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="adamax-ref", prog_name="adamax-ref")
def main() -> None:
    """Write and check golden vectors, judge an implementation of Adamax, and show what each framework computes."""

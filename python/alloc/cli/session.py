"""What every command shares: the global options and the base classes of commands."""

from __future__ import annotations

import importlib
import keyword
from dataclasses import dataclass
from typing import Any

import click

__all__ = ["Command", "Group", "LazyGroup", "Session", "pass_session"]

#: Entry points of companion packages: commands, as objects of click.
COMPANION_COMMANDS = "alloc.commands"


@dataclass(slots=True)
class Session:
    """The global options of one call.

    Parameters
    ----------
    directory
        ``--workspace``: where to look for ``alloc.toml``; None = here and upwards.
    as_json
        ``--json``: standard output is one JSON document.
    quiet
        ``--quiet``: no progress, no tables for people.
    """

    directory: str | None = None
    as_json: bool = False
    quiet: bool = False


pass_session = click.make_pass_decorator(Session, ensure=True)


def _remember(context: click.Context, option: click.Parameter, value: object) -> None:
    # Given before or after the command's name, an option means the same.
    if value:
        setattr(context.ensure_object(Session), str(option.name), value)


def global_options() -> list[click.Parameter]:
    """Return the options that every command takes, before or after its name."""
    return [
        click.Option(
            ["-C", "--workspace", "directory"],
            metavar="DIR",
            expose_value=False,
            callback=_remember,
            help="Work in DIR; default: $ALLOC_WORKSPACE, else the nearest parent"
            " folder with an alloc.toml.",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Print one JSON document on standard output.",
        ),
        click.Option(
            ["-q", "--quiet", "quiet"],
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Print no progress and no tables; the exit code tells.",
        ),
    ]


class Command(click.Command):
    """A command that takes the global options too."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - handed on to click
        super().__init__(*arguments, **options)
        self.params.extend(global_options())


class Group(click.Group):
    """A group of commands of ours, listed in the order of their definition."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands as defined, which is the order of use."""
        del ctx
        return list(self.commands)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called.

    Parameters
    ----------
    sections
        For each heading of the help text: the name of a command, and its one line.
        The command ``name`` is the attribute ``command`` of the module
        ``alloc.cli.name`` (with an underscore behind a Python keyword); a test
        compares the line with the command's own help.
    companions
        Commands of the sections that another package brings, by an entry point of the
        group `COMPANION_COMMANDS`: its name by the command's.
    """

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - handed on to click
        sections: dict[str, dict[str, str]],
        companions: dict[str, str],
        **options: Any,  # noqa: ANN401 - handed on to click
    ) -> None:
        super().__init__(*arguments, **options)
        self.sections = sections
        self.companions = companions
        self.params.extend(global_options())

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands without importing them."""
        del ctx
        return [name for lines in self.sections.values() for name in lines]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        if cmd_name in self.companions:
            return _companion(cmd_name, self.companions[cmd_name])
        suffix = "_" if keyword.iskeyword(cmd_name) else ""
        module = importlib.import_module(f"alloc.cli.{cmd_name}{suffix}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the arguments; a near miss is suggested."""
        if args and args[0] not in self.list_commands(ctx) and args[0][:1].isalnum():
            raise click.exceptions.NoSuchCommand(
                args[0], possibilities=self.list_commands(ctx), ctx=ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands by section, from the table alone."""
        del ctx
        for heading, lines in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl(list(lines.items()))


def _companion(name: str, package: str) -> click.Command:
    """Import a command of another package; without it, one that says what lacks."""
    from importlib.metadata import entry_points

    for found in entry_points(group=COMPANION_COMMANDS, name=name):
        command: click.Command = found.load()
        return command

    @click.command(
        name,
        cls=Command,
        help=f"Comes with the package {package}, which is not installed.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def absent() -> None:
        raise click.UsageError(
            f"alloc {name} comes with the package {package}: install it first"
        )

    return absent

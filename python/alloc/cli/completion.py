"""`alloc completion`: tab completion for shells."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session

if TYPE_CHECKING:
    from click.shell_completion import ShellComplete

__all__ = ["command"]

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(SHELLS), help="The shell to complete in.")
@click.pass_context
@pass_session
def command(session: Session, context: click.Context, shell: str) -> int:
    r"""Print the completion script of a shell.

    \b
    bash: alloc completion bash > ~/.local/share/bash-completion/completions/alloc
    zsh:  alloc completion zsh > "${fpath[1]}/_alloc"
    fish: alloc completion fish > ~/.config/fish/completions/alloc.fish
    """
    import json

    from click.shell_completion import get_completion_class

    kind: type[ShellComplete] | None = get_completion_class(shell)
    assert kind is not None, shell  # noqa: S101 - the choice lists what click knows
    # click looks at the installed bash only to warn of an old one.
    source = kind(context.find_root().command, {}, "alloc", "_ALLOC_COMPLETE")
    text = source.source_template % source.source_vars()
    if session.as_json:
        text = json.dumps({"shell": shell, "script": text})
    sys.stdout.write(text.strip() + "\n")
    return ExitCode.OK

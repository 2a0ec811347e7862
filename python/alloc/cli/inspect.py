"""`alloc inspect`: what any file holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode, exit_code
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import workspace_here

if TYPE_CHECKING:
    from alloc.ingest.inspection import FileContent

__all__ = ["command"]

SHOWN = 20
"""How many entries, or lines of an advice, are shown when nothing else is said."""


@click.command("inspect", cls=Command)
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(readable=False, path_type=Path),
    help="Bank files, advices, tables; told apart by content.",
)
@click.option(
    "-n",
    "--entries",
    "shown",
    metavar="N",
    type=click.IntRange(min=0),
    default=SHOWN,
    show_default=True,
    help="Show the first N entries, or lines of each advice.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse a bank file for one entry that cannot be read.",
)
@click.option("--all", "whole", is_flag=True, help="Show every entry and line.")
@pass_session
def command(
    session: Session,
    paths: tuple[Path, ...],
    *,
    shown: int,
    strict: bool,
    whole: bool,
) -> int:
    """Show what any file holds; nothing is imported.

    Format, accounts, balances, entries and warnings of bank files; header and lines
    of advices; of tables what the profile that fits makes of them. It needs no
    workspace; in one, its mapping profiles are tried too, and its accounts and
    entities must be those of the file.

    Exit code 65 when an import would refuse one of the files, 66 when one is missing.
    """
    from alloc.cli.inspecting import content_document, draw_content
    from alloc.cli.render import View, emit
    from alloc.ingest.inspection import inspect_file
    from alloc.messages import locale_of_environment

    workspace = workspace_here(session)
    settings = workspace.settings() if workspace else None
    profiles = workspace.profiles() if workspace else ()
    limit = None if whole else shown
    contents = [
        inspect_file(path, profiles, settings=settings, strict=strict) for path in paths
    ]
    view = View(settings.locale if settings else locale_of_environment())

    def draw() -> None:
        for number, content in enumerate(contents):
            if number:
                view.line()
            draw_content(view, content, shown=limit)

    document = {
        "files": [content_document(content, shown=limit) for content in contents]
    }
    emit(session, document, draw)
    return max((_code(content) for content in contents), default=ExitCode.OK)


def _code(content: FileContent) -> ExitCode:
    wrong = content.error or content.refusal
    if wrong is not None:
        return exit_code(wrong)
    return ExitCode.DATA if content.refused else ExitCode.OK

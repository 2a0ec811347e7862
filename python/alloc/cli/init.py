"""`alloc init`: create a workspace."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode, OutputError
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import CONFIG_NAME, FOLDERS, Workspace

if TYPE_CHECKING:
    from alloc.cli.render import View

__all__ = ["command"]

_ENTITY = re.compile(r"(?P<id>[^=\s]+)(?:=(?P<name>.+))?")


@click.command("init", cls=Command)
@click.argument(
    "folder",
    metavar="[DIR]",
    default=".",
    type=click.Path(path_type=Path),
    help="Folder of the new workspace; default: this one.",
)
@click.option("--name", help="Name of the group; default: the name of the folder.")
@click.option(
    "--locale",
    type=click.Choice(["en", "fr"]),
    help="Language of labels and reports; default: the one of the terminal.",
)
@click.option(
    "--currency",
    default="EUR",
    show_default=True,
    metavar="CODE",
    help="Currency of entities that name none, ISO 4217.",
)
@click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="ID[=NAME]",
    help="A legal entity; repeat for several. 'alloc entity add' knows more fields.",
)
@pass_session
def command(
    session: Session,
    folder: Path,
    *,
    name: str | None,
    locale: str | None,
    currency: str,
    entities: tuple[str, ...],
) -> int:
    """Create a workspace: configuration, folders, ledger."""
    from alloc.cli.output import write_file
    from alloc.cli.render import View, emit
    from alloc.cli.template import config_text
    from alloc.messages import locale_of_environment, messages_in
    from alloc.settings import add_entity, load_settings
    from alloc.store import create_ledger

    workspace = Workspace(folder.absolute())
    if workspace.config.exists():
        raise OutputError(
            f"{workspace.config} exists: this folder is a workspace already",
            reason="WORKSPACE_EXISTS",
            file=workspace.config,
        )
    language = locale or locale_of_environment()
    text = config_text(
        messages_in(language), name=name or workspace.root.name, currency=currency
    )
    for entity in entities:
        entity_id, entity_name = _parse_entity(entity)
        text = add_entity(text, entity_id=entity_id, entity_name=entity_name)
    settings = load_settings(text, name=CONFIG_NAME)
    _make_folders(workspace)
    # The configuration comes last: a folder with one is a complete workspace.
    create_ledger(workspace.ledger_url(settings))
    write_file(workspace.config, text.encode())
    document = {
        "workspace": str(workspace.root),
        "config": str(workspace.config),
        "locale": language,
        "entities": [entity.id for entity in settings.entities],
    }
    emit(session, document, lambda: _draw(View(language), workspace, len(entities)))
    return ExitCode.OK


def _parse_entity(value: str) -> tuple[str, str]:
    found = _ENTITY.fullmatch(value)
    if found is None:
        raise click.BadParameter(
            f"{value!r}: write ID or ID=NAME, for example"
            " --entity PARIS='Garage de Paris'",
            param_hint="'--entity'",
        )
    return found["id"], found["name"] or found["id"]


def _make_folders(workspace: Workspace) -> None:
    try:
        for name in FOLDERS:
            workspace.folder(name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = os.strerror(error.errno).lower() if error.errno else str(error)
        raise OutputError(
            f"the workspace cannot be created: {error.filename}: {what}",
            reason="WORKSPACE_REFUSED",
            file=error.filename,
        ) from error


def _draw(view: View, workspace: Workspace, entities: int) -> None:
    say = view.messages.say
    view.line(say("Workspace ready: {folder}", folder=workspace.root), style="bold")
    steps = [
        (say("see what an accounting file says"), "alloc profile check FILE"),
        (say("put files into inbox/, then"), "alloc run"),
    ]
    if not entities:
        steps.insert(0, (say("add a legal entity"), "alloc entity add ID --iban IBAN"))
    view.steps(steps)

"""`alloc init`: create a workspace."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode, OutputError
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import CONFIG_NAME, Workspace

if TYPE_CHECKING:
    from alloc.cli.render import View
    from alloc.settings import Settings

__all__ = ["command"]

_ENTITY = re.compile(r"(?P<id>[^=\s]+)(?:=(?P<name>.+))?")


@click.command("init", cls=Command)
@click.argument(
    "folder",
    metavar="[DIR]",
    default=".",
    type=click.Path(readable=False, path_type=Path),
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
    from alloc.cli.template import config_text
    from alloc.messages import locale_of_environment, messages_in
    from alloc.settings import add_entity, load_settings

    workspace = Workspace(folder.absolute())
    if workspace.config.exists():
        return _complete(session, workspace)
    language = locale or locale_of_environment()
    text = config_text(
        messages_in(language), name=name or workspace.root.name, currency=currency
    )
    for entity in entities:
        entity_id, entity_name = _parse_entity(entity)
        text = add_entity(text, entity_id=entity_id, entity_name=entity_name)
    settings = load_settings(text, name=CONFIG_NAME)
    _refuse_lost_ledger(workspace, settings)
    workspace.make_folders()
    # The configuration comes last, so that an init that was stopped may be repeated.
    workspace.make_ledger(settings)
    write_file(workspace.config, text.encode())
    _tell(session, workspace, settings)
    return ExitCode.OK


def _complete(session: Session, workspace: Workspace) -> int:
    """Add what a folder with a configuration lacks: folders and ledger."""
    settings = workspace.settings()
    _refuse_lost_ledger(workspace, settings)
    workspace.make_folders()
    if not workspace.make_ledger(settings):
        raise OutputError(
            f"{workspace.root} is a workspace already: change alloc.toml, or choose"
            " another folder",
            reason="WORKSPACE_EXISTS",
            file=workspace.config,
        )
    _tell(session, workspace, settings)
    return ExitCode.OK


def _refuse_lost_ledger(workspace: Workspace, settings: Settings) -> None:
    """Refuse to start a new ledger where another one has worked and is gone."""
    if workspace.has_worked() and not workspace.has_ledger(settings):
        raise OutputError(
            f"{workspace.root} was worked in (see done/, failed/, reports/, exports/), "
            "but its ledger is gone: bring it back with 'alloc ledger restore'; for a "
            "fresh start move these folders away, or choose another folder",
            reason="LEDGER_LOST",
            file=workspace.root,
        )


def _parse_entity(value: str) -> tuple[str, str]:
    found = _ENTITY.fullmatch(value)
    if found is None:
        raise click.BadParameter(
            f"{value!r}: write ID or ID=NAME, for example"
            " --entity PARIS='Garage de Paris'",
            param_hint="'--entity'",
        )
    return found["id"], found["name"] or found["id"]


def _tell(session: Session, workspace: Workspace, settings: Settings) -> None:
    from alloc.cli.render import View, emit

    document = {
        "workspace": str(workspace.root),
        "config": str(workspace.config),
        "locale": settings.locale,
        "entities": [entity.id for entity in settings.entities],
    }
    view = View(settings.locale)
    emit(session, document, lambda: _draw(view, workspace, len(settings.entities)))


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

"""`alloc ledger`: backups of the ledger, and its schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import BACKUPS, Workspace, find_workspace
from alloc.messages import deferred_plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alloc.app.verify import VerifyReport
    from alloc.cli.render import View
    from alloc.settings import Settings
    from alloc.store.backup import Backup

__all__ = ["command"]

HELD = {
    "bank_entry": deferred_plural("{count} bank entry", "{count} bank entries"),
    "open_item": deferred_plural("{count} open item", "{count} open items"),
    "decision": deferred_plural("{count} decision", "{count} decisions"),
    "journal_entry": deferred_plural(
        "{count} journal entry", "{count} journal entries"
    ),
}
"""What of a backup is named, by table."""


@click.group("ledger", cls=Group)
def command() -> None:
    """Back the ledger up, restore it, upgrade it."""


@command.command("backup")
@click.argument(
    "file",
    required=False,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The backup, a ZIP of tables; default: a new file in WORKSPACE/backups.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@pass_session
def backup(session: Session, file: Path | None, *, force: bool) -> int:
    """Write the whole ledger to one file, while others go on working.

    The file is read again and compared before the command ends.
    """
    from alloc.cli.clock import now
    from alloc.cli.output import write_stream
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.store.backup import back_up, examine

    workspace = find_workspace(session)
    settings = workspace.settings()
    view = View(settings.locale)
    url, moment = workspace.ledger_url(settings), now()
    path = file or _free_backup(workspace)
    with progress(session, view.messages.say("Backing the ledger up")):
        write_stream(path, lambda sink: back_up(url, sink, now=moment), replace=force)
        held = examine(path)
    document = {"file": str(path), "revision": held.revision, "rows": held.rows}
    said = view.messages.say("Backup written and read again: {file}", file=path)
    emit(session, document, lambda: _draw(view, said, held))
    return ExitCode.OK


@command.command("restore")
@click.argument(
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that 'alloc ledger backup' has written, from either database.",
)
@pass_session
def restore(session: Session, file: Path) -> int:
    """Make the ledger of a backup, and verify it.

    The place in alloc.toml must hold no ledger. A backup of an older version is
    brought to the schema of this one. Exit code 65 when an invariant is broken.
    """
    from alloc.cli.progress import progress
    from alloc.cli.render import View
    from alloc.store.backup import restore as make

    workspace = find_workspace(session)
    settings = workspace.settings()
    view = View(settings.locale)
    with progress(session, view.messages.say("Restoring the ledger")):
        held = make(file, workspace.ledger_url(settings))
        report = _verified(workspace, settings)
    document = {"file": str(file), "revision": held.revision, "rows": held.rows}
    said = view.messages.say("Ledger restored from {file}", file=file)
    return _end(session, view, document, said, report, held=held)


@command.command("upgrade")
@click.option(
    "--backup",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the backup goes; default: a new file in WORKSPACE/backups.",
)
@pass_session
def upgrade(session: Session, file: Path | None) -> int:
    """Bring the ledger of an older version to this one, after a backup; verify it.

    Exit code 65 when an invariant is broken afterwards.
    """
    from alloc.cli.clock import now
    from alloc.cli.output import write_stream
    from alloc.cli.progress import progress
    from alloc.cli.render import View
    from alloc.store.backup import upgrade as bring
    from alloc.store.revision import HEAD

    workspace = find_workspace(session)
    settings = workspace.settings()
    view = View(settings.locale)
    say = view.messages.say
    path = file or _free_backup(workspace)
    with progress(session, say("Upgrading the ledger")):
        found = bring(
            workspace.ledger_url(settings),
            lambda write: write_stream(path, write),
            now=now(),
        )
        report = _verified(workspace, settings)
    is_new = found == HEAD
    document: dict[str, object] = {"found": found, "revision": HEAD}
    document["backup"] = None if is_new else str(path)
    said = (
        say("The ledger has schema {found} already: nothing to do.", found=found)
        if is_new
        else say(
            "Ledger upgraded from schema {found} to {head}; backup: {file}",
            found=found,
            head=HEAD,
            file=path,
        )
    )
    return _end(session, view, document, said, report)


def _free_backup(workspace: Workspace) -> Path:
    from alloc.cli.clock import now
    from alloc.cli.output import free_name

    workspace.make_folders()
    name = f"ledger-{now():%Y%m%dT%H%M%SZ}.zip"
    return free_name(workspace.folder(BACKUPS), name)


def _verified(workspace: Workspace, settings: Settings) -> VerifyReport:
    from alloc.app.verify import verify

    with workspace.open_ledger(settings, write=False) as ledger:
        return verify(ledger)


def _end(
    session: Session,
    view: View,
    document: Mapping[str, object],
    said: str,
    report: VerifyReport,
    *,
    held: Backup | None = None,
) -> int:
    """Say what was done and whether the ledger holds together afterwards."""
    from alloc.cli.render import emit
    from alloc.cli.verify import draw

    def show() -> None:
        _draw(view, said, held)
        draw(view, report)

    whole = {**document, "ok": report.holds, "findings": report.findings}
    emit(session, whole, show)
    return ExitCode.OK if report.holds else ExitCode.DATA


def _draw(view: View, said: str, held: Backup | None) -> None:
    view.line(said, style="bold")
    if held is not None:
        counts = (
            view.messages.plural(
                *forms, held.rows[name], count=view.count(held.rows[name])
            )
            for name, forms in HELD.items()
        )
        view.line(", ".join(counts))

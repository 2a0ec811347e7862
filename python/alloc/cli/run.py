"""`alloc run`: the nightly job."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    import contextlib
    import datetime as dt
    from pathlib import Path

    from alloc.app.import_files import FileReader, ImportReport, IncomingFile
    from alloc.app.ports import Ledger
    from alloc.app.run import WaitingFile
    from alloc.cli.progress import Progress
    from alloc.cli.report import NightReport
    from alloc.cli.workspace import Workspace
    from alloc.settings import Settings

__all__ = ["command"]

LOCK_NAME = ".alloc.lock"


@click.command("run", cls=Command)
@pass_session
def command(session: Session) -> int:
    """Take the inbox: import, clear, post, export, report.

    Safe to run again after anything. The last line of standard output sums up; with
    --quiet it is the only one. Exit code 0 when every payment is cleared, 3 when some
    wait for a person, 65 when a file failed, 75 when another run is at work.
    """
    from alloc.cli.clock import now
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.cli.report import draw_run, run_document, run_exit_code, run_line

    workspace = find_workspace(session)
    settings = workspace.settings()
    view = View(settings.locale)
    with (
        _lock(workspace),
        workspace.open_ledger(settings, write=True) as ledger,
        progress(session, view.messages.say("Night run")) as update,
    ):
        report = _run(workspace, settings, ledger, now=now(), progress=update)
    emit(session, run_document(report), lambda: draw_run(view, report))
    if not session.as_json:
        sys.stdout.write(run_line(view, report) + "\n")
    return run_exit_code(report)


def _run(
    workspace: Workspace,
    settings: Settings,
    ledger: Ledger,
    *,
    now: dt.datetime,
    progress: Progress,
) -> NightReport:
    from alloc.app.clear import clear
    from alloc.app.import_files import import_file
    from alloc.app.run import RunSteps, run
    from alloc.cli.exporting import export_night
    from alloc.cli.inbox import FolderInbox
    from alloc.cli.report import write_report
    from alloc.cli.rules import posting_rules

    rules = posting_rules(workspace)
    workspace.make_folders()
    reader = _OpenedOnce(workspace.reader())
    inbox = FolderInbox(
        workspace, settings.inbox, lambda path: reader.open(path).source.kind, now
    )

    def take(file: WaitingFile) -> ImportReport:
        return import_file(ledger, settings, reader, inbox.path(file), now=now)

    steps = RunSteps(
        inbox=inbox,
        import_file=take,
        clear=lambda: clear(ledger, settings, rules=rules, now=now, progress=progress),
        export=lambda: export_night(workspace, settings, ledger),
        report=lambda report: write_report(
            workspace.folder("reports"), settings.locale, report
        ),
    )
    return run(steps, now=now, progress=progress)


class _OpenedOnce:
    """A reader that recognises each file once: to sort it, and to import it."""

    def __init__(self, reader: FileReader) -> None:
        self._reader = reader
        self._opened: dict[Path, IncomingFile] = {}

    def open(self, path: Path) -> IncomingFile:
        if path not in self._opened:
            self._opened[path] = self._reader.open(path)
        return self._opened[path]


def _lock(workspace: Workspace) -> contextlib.AbstractContextManager[object]:
    from filelock import FileLock, Timeout

    from alloc.cli.exits import OutputError
    from alloc.errors import ConflictError

    lock = FileLock(workspace.root / LOCK_NAME, timeout=0)
    try:
        return lock.acquire()
    except Timeout:
        raise ConflictError(
            f"another run is at work in {workspace.root}: try again when it is done",
            reason="RUN_IN_PROGRESS",
        ) from None
    except OSError as error:
        raise OutputError(
            f"the lock {lock.lock_file} cannot be written: {error.strerror}",
            file=lock.lock_file,
        ) from error

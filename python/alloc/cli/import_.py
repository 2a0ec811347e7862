"""`alloc import`: take files into the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.app.import_files import ImportReport
    from alloc.cli.progress import Progress
    from alloc.cli.render import View

__all__ = ["command"]


@click.command("import", cls=Command)
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(readable=False, path_type=Path),
    help="Bank statements, advices, open items, customers; told apart by content.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse a bank file for one entry that cannot be read; else it is left out.",
)
@pass_session
def command(session: Session, paths: tuple[Path, ...], *, strict: bool) -> int:
    """Import bank statements, advices, open items and customers.

    Files are taken in the order given; the first bad one stops the import. An entry
    of a bank file that cannot be read is left out and named, unless --strict is
    given. A file or a bank entry that was imported before changes nothing.
    """
    from alloc.app.import_files import import_files
    from alloc.cli.clock import now
    from alloc.cli.imports import import_document
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    reader = workspace.reader()
    view = View(settings.locale)
    with (
        workspace.open_ledger(settings, write=True) as ledger,
        progress(session, view.messages.say("Importing")) as update,
    ):
        announced = _announced(paths, update)
        reports = import_files(
            ledger, settings, reader, announced, now=now(), strict=strict
        )
    document = {"files": [import_document(report) for report in reports]}
    emit(session, document, lambda: _draw(view, reports))
    left_out = any(report.left_out for report in reports)
    return ExitCode.REVIEW if left_out else ExitCode.OK


def _announced(paths: tuple[Path, ...], update: Progress) -> Iterator[Path]:
    """Hand out the files one after another, and say how far it is."""
    for number, path in enumerate(paths):
        update(number, len(paths))
        yield path


def _draw(view: View, reports: list[ImportReport]) -> None:
    from alloc.cli.imports import draw_notices, imported_in_words
    from alloc.cli.render import Column
    from alloc.cli.words import in_words

    say = view.messages.say
    columns = (
        Column(say("File")),
        Column(say("Kind")),
        Column(say("Format")),
        Column(say("Outcome"), may_wrap=True),
        Column(say("Amount"), "right"),
    )
    rows = [
        (
            report.source.name,
            in_words(view.messages, report.source.kind),
            report.source.format + _profile(report),
            imported_in_words(view, report),
            " + ".join(
                view.amount(total.minor, total.currency) for total in report.totals
            ),
        )
        for report in reports
    ]
    view.table(columns, rows)
    for report in reports:
        draw_notices(view, report)
    if any(report.source.kind == "bank" and report.counts.new for report in reports):
        view.line()
        view.steps([(say("clear the payments that wait"), "alloc clear")])


def _profile(report: ImportReport) -> str:
    return f" ({report.source.profile})" if report.source.profile else ""

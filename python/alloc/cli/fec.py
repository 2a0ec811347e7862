"""`alloc fec`: judge the file that French tax inspectors ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.messages import deferred_plural

if TYPE_CHECKING:
    from alloc.cli.render import View
    from alloc.export.fec_findings import FecReport

__all__ = ["command"]

ERRORS = deferred_plural("{count} error", "{count} errors")
WARNINGS = deferred_plural("{count} warning", "{count} warnings")
LISTED = 20
"""How many findings of one code are listed when nothing else is said."""


@click.group("fec", cls=Group)
def command() -> None:
    """Check files of accounting entries (FEC) for the French tax office."""


@command.command("check")
@click.argument(
    "paths",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(readable=False, path_type=Path),
    help="FEC of any software, under its legal name.",
)
@click.option(
    "-n",
    "--limit",
    "listed_max",
    metavar="N",
    type=click.IntRange(0, 100_000),
    default=LISTED,
    show_default=True,
    help="List the first N findings of each kind; all are counted.",
)
@pass_session
def check(session: Session, paths: tuple[Path, ...], *, listed_max: int) -> int:
    """Check files of any software as a tax inspector should; no workspace is needed.

    Stricter than the official tool: name, encoding, columns, every field, dates of
    the fiscal year, balance of each entry and of the whole, gaps and order of the
    numbers. Files of any size are read in bounded memory.

    Exit code 65 when a file has an error; warnings alone are 0.
    """
    from alloc.cli.render import View, emit
    from alloc.cli.workspace import workspace_here
    from alloc.messages import locale_of_environment

    workspace = workspace_here(session)
    view = View(workspace.settings().locale if workspace else locale_of_environment())
    reports = [_checked(session, view, path, listed_max) for path in paths]
    document = {"files": [_described(report) for report in reports]}
    emit(session, document, lambda: _draw(view, reports))
    wrong = any(report.errors for report in reports)
    return ExitCode.DATA if wrong else ExitCode.OK


def _checked(session: Session, view: View, path: Path, listed_max: int) -> FecReport:
    from alloc.cli.progress import progress
    from alloc.export.fec_check import check_fec

    label = view.messages.say("Checking {name}", name=path.name)
    with path.open("rb") as source, progress(session, label) as tell:
        size = path.stat().st_size
        return check_fec(
            source,
            path.name,
            listed_max=listed_max,
            progress=lambda done: tell(done, size),
        )


def _described(report: FecReport) -> dict[str, object]:
    return {
        "file": report.name,
        "ok": report.errors == 0,
        "errors": report.errors,
        "warnings": report.warnings,
        "lines": report.lines,
        "entries": report.entries,
        "debit_minor": report.debit_minor,
        "credit_minor": report.credit_minor,
        "first_date": report.first_date,
        "last_date": report.last_date,
        "encoding": report.encoding,
        "separator": report.separator,
        "counts": report.counts,
        "findings": report.findings,
    }


def _draw(view: View, reports: list[FecReport]) -> None:
    say = view.messages.say
    for number, report in enumerate(reports):
        if number:
            view.line()
        view.line(
            say(
                "{name}: {entries} entries, {lines} lines, debit {debit}, "
                "credit {credit}",
                name=report.name,
                entries=view.count(report.entries),
                lines=view.count(report.lines),
                debit=view.hundredths(report.debit_minor),
                credit=view.hundredths(report.credit_minor),
            ),
            style="bold",
        )
        if report.counts:
            _draw_counts(view, report)
            _draw_findings(view, report)
        view.line(_verdict(view, report))


def _draw_counts(view: View, report: FecReport) -> None:
    from alloc.cli.render import Column
    from alloc.cli.words import in_words

    say = view.messages.say
    view.table(
        (
            Column(say("Severity")),
            Column(say("Code")),
            Column(say("Count"), align="right"),
        ),
        [
            (in_words(view.messages, one.severity), one.code, view.count(one.count))
            for one in report.counts
        ],
    )


def _draw_findings(view: View, report: FecReport) -> None:
    for one in report.findings:
        place = f"{report.name}:{one.line}" if one.line else report.name
        column = f" {one.column}:" if one.column else ""
        view.line(f"{place}:{column} {one.message} [{one.code}]")


def _verdict(view: View, report: FecReport) -> str:
    say, plural = view.messages.say, view.messages.plural
    if not report.counts:
        return say("No error and nothing odd: the file may be handed over.")
    errors = plural(*ERRORS, report.errors, count=view.count(report.errors))
    warnings = plural(*WARNINGS, report.warnings, count=view.count(report.warnings))
    return f"{errors}, {warnings}."

"""The report of a nightly run: for people as text, for programs as JSON."""

from __future__ import annotations

import io
import itertools
import json
import os
from typing import TYPE_CHECKING

from rich.console import Console

from alloc.cli.exits import ExitCode, error_document, error_lines, exit_code
from alloc.cli.imports import draw_notices, import_document, imported_in_words
from alloc.cli.output import write_file
from alloc.cli.render import WIDTH_OF_A_PIPE, Column, View, json_value
from alloc.cli.summary import clear_document, clear_exit_code, draw_clear, summary_line
from alloc.cli.words import in_words

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.app.clear import ClearReport
    from alloc.app.import_files import ImportReport
    from alloc.app.run import RunReport

    NightReport = RunReport[ImportReport, ClearReport]

__all__ = [
    "draw_run",
    "run_document",
    "run_exit_code",
    "run_line",
    "write_report",
]


def run_exit_code(report: NightReport) -> ExitCode:
    """Return the most telling code of a night.

    70 when a file met a defect of ours, 65 when a file or an export failed, 3 when a
    payment waits or an entry was left out, else 0.
    """
    codes = {exit_code(file.error) for file in report.failed if file.error is not None}
    if ExitCode.INTERNAL in codes:
        return ExitCode.INTERNAL
    if report.failed or report.export_errors:
        return ExitCode.DATA
    if any(file.imported and file.imported.left_out for file in report.files):
        return ExitCode.REVIEW
    return clear_exit_code(report.cleared)


def run_document(report: NightReport) -> dict[str, object]:
    """Return the report for programs."""
    files = []
    for file in report.files:
        document: dict[str, object] = {
            "name": file.name,
            "kind": file.kind,
            "moved_to": file.moved_to,
        }
        if file.imported is not None:
            document["imported"] = import_document(file.imported)
        if file.error is not None:
            document["error"] = error_document(file.error)
        files.append(document)
    return {
        "started": report.started,
        "files": files,
        "failed": len(report.failed),
        "skipped": [{"name": file.name, "rule": file.rule} for file in report.skipped],
        "cleared": clear_document(report.cleared),
        "exports": list(report.exports),
        "export_errors": [error_document(error) for error in report.export_errors],
        "exit_code": int(run_exit_code(report)),
    }


def run_line(view: View, report: NightReport) -> str:
    """Write the one line for a scheduler's mail."""
    failed = len(report.failed)
    files = view.messages.plural(
        "{count} file", "{count} files", len(report.files) - failed
    )
    bad = view.messages.plural("{count} failed", "{count} failed", failed)
    return f"alloc run: {files}, {bad}; {summary_line(view, report.cleared)}"


def draw_run(view: View, report: NightReport) -> None:
    """Write the report for people.

    Parameters
    ----------
    view
        Where and in which language.
    report
        What the run did.
    """
    say = view.messages.say
    day = report.started.astimezone()
    view.line(
        say("Night of {day}, {time}", day=view.day(day.date()), time=f"{day:%H:%M}"),
        style="bold",
    )
    view.line()
    _draw_files(view, report)
    _draw_skipped(view, report)
    draw_clear(view, report.cleared)
    if report.exports:
        view.line()
        view.line(say("Written: {files}", files=", ".join(report.exports)))
    for error in report.export_errors:
        for line in error_lines(error):
            reason = line.removeprefix("alloc: ")
            view.line(say("FAILED: {reason}", reason=reason), style="bold red")


def write_report(folder: Path, locale: str, report: NightReport) -> tuple[Path, Path]:
    """Keep the report: as text and as JSON, under the day of the run.

    Parameters
    ----------
    folder
        ``reports/`` of the workspace.
    locale
        Language of the text.
    report
        What the run did.

    Returns
    -------
    (pathlib.Path, pathlib.Path)
        The text and the JSON; a second run of the day has ``-2`` in both names.
    """
    text = io.StringIO()
    console = Console(file=text, width=WIDTH_OF_A_PIPE, no_color=True)
    view = View(locale, console)
    draw_run(view, report)
    view.line()
    view.line(run_line(view, report))
    stem = _free_stem(folder, report.started.astimezone().date().isoformat())
    document = json.dumps(
        run_document(report), ensure_ascii=False, indent=2, default=json_value
    )
    paths = (folder / f"{stem}.txt", folder / f"{stem}.json")
    write_file(paths[0], text.getvalue().encode())
    write_file(paths[1], document.encode() + b"\n")
    return paths


def _free_stem(folder: Path, day: str) -> str:
    for number in itertools.count(1):
        stem = day if number == 1 else f"{day}-{number}"
        taken = any(
            os.path.lexists(folder / f"{stem}{suffix}") for suffix in (".txt", ".json")
        )
        if not taken:
            return stem
    raise AssertionError("the numbers do not end")


def _draw_files(view: View, report: NightReport) -> None:
    say = view.messages.say
    if not report.files:
        view.line(say("No new file in the inbox."))
        view.line()
        return
    columns = (
        Column(say("File")),
        Column(say("Kind")),
        Column(say("Outcome"), may_wrap=True),
    )
    rows = []
    for file in report.files:
        if file.imported is not None:
            outcome = imported_in_words(view, file.imported)
        else:
            assert file.error is not None, file.name  # noqa: S101 - one of the two
            lines = [line.removeprefix("alloc: ") for line in error_lines(file.error)]
            outcome = say("FAILED: {reason}", reason="; ".join(lines))
        kind = in_words(view.messages, file.kind) if file.kind else say("unknown")
        rows.append((file.name, kind, outcome))
    view.table(columns, rows)
    for file in report.files:
        if file.imported is not None:
            draw_notices(view, file.imported)
    view.line()


def _draw_skipped(view: View, report: NightReport) -> None:
    if not report.skipped:
        return
    view.line(view.messages.say("Left in the inbox:"))
    for file in report.skipped:
        view.line(f"  {file.name}  ({file.rule})")
    view.line()

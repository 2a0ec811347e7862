"""`alloc verify`: check the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.words import in_words
from alloc.cli.workspace import find_workspace
from alloc.messages import deferred_plural

if TYPE_CHECKING:
    from alloc.app.verify import VerifyReport
    from alloc.cli.render import View

__all__ = ["command", "draw"]

CHECKED = {
    "entries": deferred_plural("{count} journal entry", "{count} journal entries"),
    "postings": deferred_plural("{count} posting", "{count} postings"),
    "payments": deferred_plural("{count} bank entry", "{count} bank entries"),
    "open_items": deferred_plural("{count} open item", "{count} open items"),
    "decisions": deferred_plural("{count} decision", "{count} decisions"),
}
"""What `verify` counts, in words."""


@click.command("verify", cls=Command)
@pass_session
def command(session: Session) -> int:
    """Check the ledger against every invariant, from the file alone.

    Exit code 65 when one is broken; what is only worth a look is shown, with 0.
    """
    from alloc.app.verify import verify
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with (
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, View(settings.locale).messages.say("Checking the ledger")),
    ):
        report = verify(ledger)
    broken = [finding for finding in report.findings if finding.severity == "error"]
    document = {
        "ok": not broken,
        "counts": report.counts,
        "findings": report.findings,
    }
    emit(session, document, lambda: draw(View(settings.locale), report))
    return ExitCode.DATA if broken else ExitCode.OK


def draw(view: View, report: VerifyReport) -> None:
    """Show what a check of the ledger found."""
    from alloc.cli.render import Column

    say = view.messages.say
    if report.findings:
        columns = (
            Column(say("Severity")),
            Column(say("Code")),
            Column(say("Where")),
            Column(say("What"), may_wrap=True),
        )
        rows = [
            (
                in_words(view.messages, finding.severity),
                finding.code,
                f"{finding.subject} {finding.key}".strip(),
                finding.message,
            )
            for finding in report.findings
        ]
        view.table(columns, rows)
        view.line()
    broken = sum(finding.severity == "error" for finding in report.findings)
    if broken:
        view.line(
            view.messages.plural(
                "{count} invariant is broken.",
                "{count} invariants are broken.",
                broken,
                count=view.count(broken),
            ),
            style="bold red",
        )
    else:
        checked = ", ".join(
            view.messages.plural(*forms, count, count=view.count(count))
            for name, forms in CHECKED.items()
            if (count := report.counts.get(name, 0))
        )
        view.line(say("The ledger holds together."), style="bold")
        if checked:
            view.line(say("Checked: {what}", what=checked))

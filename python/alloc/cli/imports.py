"""What an import did, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from alloc.messages import deferred_plural

if TYPE_CHECKING:
    from alloc.app.import_files import ImportReport
    from alloc.cli.render import View

__all__ = ["draw_notices", "import_document", "imported_in_words"]

NOTICES_SHOWN = 10
"""How many notices of a file are shown; the rest is counted. JSON has them all."""


def import_document(report: ImportReport) -> dict[str, object]:
    """Return the report of one file for programs."""
    counts = asdict(report.counts)
    del counts["notices"]
    return {
        "file": report.source.name,
        "kind": report.source.kind,
        "format": report.source.format,
        "profile": report.source.profile,
        "sha256": report.source.sha256,
        "counts": counts,
        "totals": [asdict(total) for total in report.totals],
        "statements": report.statements,
        "advices": report.advices,
        "left_out": report.left_out,
        "skipped": report.skipped,
        "notices": [asdict(notice) for notice in report.notices],
    }


def imported_in_words(view: View, report: ImportReport) -> str:
    """Say what the import of a file did: ``12 new, 3 known``.

    Parameters
    ----------
    view
        The language.
    report
        What the import did.

    Returns
    -------
    str
        The counts that are not zero.
    """
    messages, counts = view.messages, report.counts
    if counts.already_imported:
        return messages.say(
            "nothing new: imported before, {when}", when=counts.imported_at
        )
    counted = [
        (counts.new, deferred_plural("{count} new row", "{count} new rows")),
        (
            counts.changed,
            deferred_plural("{count} changed row", "{count} changed rows"),
        ),
        (counts.known, deferred_plural("{count} known row", "{count} known rows")),
        (
            counts.kept,
            deferred_plural("{count} row kept as ours", "{count} rows kept as ours"),
        ),
        (counts.closed, deferred_plural("{count} item closed", "{count} items closed")),
        (
            counts.aside,
            deferred_plural(
                "{count} no customer payment", "{count} no customer payments"
            ),
        ),
        (
            report.left_out,
            deferred_plural("{count} entry left out", "{count} entries left out"),
        ),
        (
            report.skipped,
            deferred_plural("{count} row without data", "{count} rows without data"),
        ),
    ]
    shown = [
        messages.plural(*forms, count, count=view.count(count))
        for count, forms in counted
        if count
    ]
    return ", ".join(shown) or messages.say("nothing")


def draw_notices(view: View, report: ImportReport) -> None:
    """Write what a person should know about an import that went through."""
    for notice in report.notices[:NOTICES_SHOWN]:
        place = f"{report.source.name}:{notice.line}: "
        said = report.source.name in notice.message or not notice.line
        view.line(f"  {'' if said else place}{notice.message} [{notice.code}]")
    others = len(report.notices) - NOTICES_SHOWN
    if others > 0:
        text = view.messages.plural(
            "{count} notice more", "{count} notices more", others
        )
        view.line(f"  {text}")

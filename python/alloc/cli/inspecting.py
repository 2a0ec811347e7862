"""What `alloc inspect` found in a file, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from alloc.cli.exits import error_document, error_lines
from alloc.cli.render import Column
from alloc.cli.words import in_words

if TYPE_CHECKING:
    from alloc.cli.render import View
    from alloc.engine import BankFile
    from alloc.ingest.inspection import FileContent
    from alloc.ingest.remittance.model import Advice, AdviceFile

__all__ = ["content_document", "draw_content"]

Row = dict[str, Any]

TEXT_SHOWN = 120
"""How many characters of a text are shown in a table."""

WARNINGS_SHOWN = 20
"""How many warnings of a file are shown; the rest is counted. JSON has them all."""


def content_document(content: FileContent, *, shown: int | None) -> dict[str, object]:
    """Return the content of one file for programs.

    Parameters
    ----------
    content
        What was read.
    shown
        How many entries or lines; None: all.
    """
    opened, detected = content.opened, content.detected
    document: dict[str, object] = {
        "file": content.path.name,
        "size": opened.size if opened else None,
        "sha256": opened.sha256 if opened else None,
        "kind": detected.kind if detected else None,
        "format": _format(content),
        "profile": detected.profile.name if detected and detected.profile else None,
    }
    if content.bank is not None:
        document |= _bank_document(content.bank, shown)
    if content.advices is not None:
        document |= _advices_document(content.advices, shown)
    if content.table is not None:
        document["table"] = asdict(content.table)
    wrong = content.error or content.refusal
    if wrong is not None:
        document["error"] = error_document(wrong)
    return document | {"refused": content.refused}


def _format(content: FileContent) -> str | None:
    if content.advices is not None:
        return content.advices.full_format
    if content.bank is not None:
        types = [row["message_type"] for row in _rows(content.bank.statements)]
        if types:
            return ", ".join(dict.fromkeys(types))
    return content.detected.format if content.detected else None


def _format_and_dialects(content: FileContent) -> str | None:
    if content.bank is None:
        return _format(content)
    said = (row["dialect"] for row in _rows(content.bank.statements))
    dialects = dict.fromkeys(
        name for names in said if names for name in names.split(", ")
    )
    return (
        f"{_format(content)} ({', '.join(dialects)})" if dialects else _format(content)
    )


def _rows(table: object, shown: int | None = None) -> list[Row]:
    import pyarrow as pa

    rows = pa.table(table)
    found: list[Row] = (rows if shown is None else rows.slice(0, shown)).to_pylist()
    return found


def _count(table: object) -> int:
    import pyarrow as pa

    return int(pa.table(table).num_rows)


def _bank_document(bank: BankFile, shown: int | None) -> dict[str, object]:
    entries = _rows(bank.entries, shown)
    there = {row["payment_id"] for row in entries}
    references = [row for row in _rows(bank.references) if row["payment_id"] in there]
    return {
        "statements": _rows(bank.statements),
        "entries_count": _count(bank.entries),
        "entries": entries,
        "references_count": _count(bank.references),
        "references": references,
        "warnings": _rows(bank.warnings),
    }


def _advices_document(file: AdviceFile, shown: int | None) -> dict[str, object]:
    advices = []
    for advice in file.advices:
        row = asdict(advice)
        row["lines_count"] = len(advice.lines)
        row["lines_minor"] = advice.lines_minor
        row["lines"] = row.pop("lines")[:shown]
        advices.append(row)
    return {
        "advices": advices,
        "warnings": [asdict(notice) for notice in file.notices],
    }


# For people


def draw_content(view: View, content: FileContent, *, shown: int | None) -> None:
    """Write what a file holds; parameters as of `content_document`."""
    say = view.messages.say
    view.line(str(content.path), style="bold")
    detected, opened = content.detected, content.opened
    profile = detected.profile.name if detected and detected.profile else ""
    view.facts(
        [
            (say("Kind"), in_words(view.messages, detected.kind) if detected else ""),
            (say("Format"), _format_and_dialects(content)),
            (say("Profile"), profile),
            (say("Bytes"), view.count(opened.size) if opened else ""),
        ]
    )
    view.line()
    if content.bank is not None:
        _draw_bank(view, content.bank, shown)
    if content.advices is not None:
        _draw_advices(view, content.advices, shown)
    if content.table is not None:
        from alloc.cli.profile import draw_check

        draw_check(view, content.table)
    wrong = content.error or content.refusal
    if wrong is not None:
        for line in error_lines(wrong):
            view.line(line, style="red")
    if content.table is None and content.detected is not None:
        _draw_verdict(view, content)


def _draw_verdict(view: View, content: FileContent) -> None:
    """Say whether an import takes the file, and what of it."""
    say = view.messages.say
    left_out = 0
    if content.bank is not None:
        rows = _rows(content.bank.statements)
        left_out = sum(row["left_out_count"] for row in rows)
    if content.refused:
        view.line(say("An import would refuse this file."), style="bold red")
    elif left_out:
        view.line(
            view.messages.plural(
                "An import would take this file without {count} entry.",
                "An import would take this file without {count} entries.",
                left_out,
                count=view.count(left_out),
            ),
            style="bold yellow",
        )
    else:
        view.line(say("This file can be imported."), style="bold")


def _draw_bank(view: View, bank: BankFile, shown: int | None) -> None:
    say = view.messages.say
    statements = _rows(bank.statements)
    columns = (
        Column(say("Account"), may_wrap=True),
        Column(say("Statement")),
        Column(say("From")),
        Column(say("To")),
        Column(say("Opening"), "right"),
        Column(say("Entries"), "right"),
        Column(say("Closing"), "right"),
        Column(say("Difference"), "right"),
    )
    view.table(columns, [_statement(view, row) for row in statements])
    view.line()
    rows = _rows(bank.entries, shown)
    count = _count(bank.entries)
    entries = sum(row["entry_count"] - row["left_out_count"] for row in statements)
    if count > entries:
        view.line(
            say(
                "The entries hold {count} transactions; each is a row.",
                count=view.count(count),
            )
        )
    if rows:
        _draw_entries(view, rows, bank)
        _draw_rest(view, len(rows), count)
    warnings = [
        (row["code"], row["message"], row["line"]) for row in _rows(bank.warnings)
    ]
    _draw_warnings(view, warnings)


def _statement(view: View, row: Row) -> tuple[str, ...]:
    def amount(name: str) -> str:
        return _amount(view, row[name], row["currency"])

    kind = "" if row["kind"] == "statement" else f" ({row['kind']})"
    return (
        row["account"] or "",
        f"{row['number'] or ''}{kind}".strip(),
        view.day(row["opening_date"]),
        view.day(row["closing_date"]),
        amount("opening_minor"),
        view.count(row["entry_count"]),
        amount("closing_minor"),
        amount("difference_minor") if row["difference_minor"] != 0 else "0",
    )


def _draw_entries(view: View, rows: list[Row], bank: BankFile) -> None:
    say = view.messages.say
    there = {row["payment_id"] for row in rows}
    named: dict[str, list[str]] = {}
    for row in _rows(bank.references):
        if row["payment_id"] in there:
            named.setdefault(row["payment_id"], []).append(row["reference"])
    columns = (
        Column(say("Booked")),
        Column(say("Amount"), "right"),
        Column(say("Status")),
        Column(say("Counterparty"), may_wrap=True),
        Column(say("Text"), may_wrap=True),
        Column(say("References"), may_wrap=True),
    )
    view.table(columns, [_entry(view, row, named) for row in rows])


def _entry(view: View, row: Row, named: dict[str, list[str]]) -> tuple[str, ...]:
    status = in_words(view.messages, "REVERSAL" if row["reversal"] else row["status"])
    references = [
        row["end_to_end_id"],
        row["creditor_reference"],
        *named.get(row["payment_id"], []),
    ]
    text = row["remittance_text"] or [
        row["additional_info"] or row["transaction_code"] or ""
    ]
    return (
        view.day(row["booking_date"]),
        view.amount(row["amount_minor"], row["currency"]),
        status,
        row["counterparty_name"] or row["counterparty_iban"] or "",
        _cut(" ".join(text)),
        _cut(", ".join(filter(None, references))),
    )


def _cut(text: str) -> str:
    """Shorten a text for a table; JSON has the whole."""
    text = " ".join(text.split())
    return text if len(text) <= TEXT_SHOWN else f"{text[: TEXT_SHOWN - 1]}…"


def _draw_rest(view: View, shown: int, count: int) -> None:
    if count > shown:
        view.line(
            view.messages.plural(
                "and {count} more; --all shows it",
                "and {count} more; --all shows them",
                count - shown,
                count=view.count(count - shown),
            ),
            style="dim",
        )


def _draw_advices(view: View, file: AdviceFile, shown: int | None) -> None:
    for advice in file.advices:
        _draw_advice(view, advice, shown)
    _draw_warnings(view, [(one.code, one.message, None) for one in file.notices])


def _draw_advice(view: View, advice: Advice, shown: int | None) -> None:
    say = view.messages.say

    def amount(minor: int | None) -> str:
        return _amount(view, minor, advice.currency)

    view.facts(
        [
            (say("Advice"), advice.number or say("without number")),
            (say("Payer"), advice.payer_name),
            (say("Payer's account"), advice.payer_iban),
            (say("Payment reference"), advice.payment_reference),
            (say("Payment date"), view.day(advice.payment_date)),
            (say("Total"), amount(advice.total_minor)),
            (say("Sum of the lines"), amount(advice.lines_minor)),
        ]
    )
    columns = (
        Column(say("Reference"), may_wrap=True),
        Column(say("Paid"), "right"),
        Column(say("Kept back"), "right"),
        Column(say("Reason"), may_wrap=True),
    )
    lines = list(islice(advice.lines, shown))
    if lines:
        rows = [
            (
                _cut(line.reference or ""),
                amount(line.amount_minor),
                amount(line.deduction_minor),
                _cut(line.reason or ""),
            )
            for line in lines
        ]
        view.table(columns, rows)
    _draw_rest(view, len(lines), len(advice.lines))
    view.line()


def _amount(view: View, minor: int | None, currency: str | None) -> str:
    """Write an amount; without a currency it is in hundredths."""
    if minor is None:
        return ""
    return view.amount(minor, currency) if currency else view.hundredths(minor)


def _draw_warnings(view: View, warnings: list[tuple[str, str, int | None]]) -> None:
    """Write what is odd: the same thing once, with its first line and its count."""
    lines: dict[tuple[str, str], list[int | None]] = {}
    for code, message, line in warnings:
        lines.setdefault((code, message), []).append(line)
    for (code, message), found in list(lines.items())[:WARNINGS_SHOWN]:
        first = found[0]
        place = f"line {first}: " if first and f"line {first}" not in message else ""
        times = ""
        if len(found) > 1:
            times = " " + view.messages.say(
                "({count} times, first here)", count=view.count(len(found))
            )
        view.line(f"{place}{message}{times} [{code}]", style="yellow")
    more = len(lines) - WARNINGS_SHOWN
    if more > 0:
        view.line(
            view.messages.plural(
                "and {count} more warning",
                "and {count} more warnings",
                more,
                count=view.count(more),
            ),
            style="yellow",
        )

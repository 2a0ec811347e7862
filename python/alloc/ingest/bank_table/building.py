"""Mapped rows to the tables of a bank file: identities, balances, warnings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alloc.app.amounts import amount_text
from alloc.domain.bank import BankFile, entry_facts, entry_id
from alloc.errors import InputError
from alloc.ingest.bank_table.balances import follow
from alloc.ingest.bank_table.schema import ENTRIES, REFERENCES, STATEMENTS, WARNINGS
from alloc.ingest.forms import cell_text
from alloc.ingest.problems import PROBLEMS_KEPT
from alloc.ingest.profile import TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.ingest.bank_table.balances import Chain
    from alloc.ingest.bank_table.cells import Cells
    from alloc.ingest.bank_table.layout import Layout
    from alloc.ingest.bank_table.sheet import Sheet
    from alloc.ingest.profile import Profile
    from alloc.ingest.tabular import TableFile

__all__ = ["BankTable", "bank_file"]

Row = dict[str, Any]

BREAKS_NAMED = 20
"""How many balances that do not follow are named; the rest is counted."""

_COPIED = (
    "value_date",
    "counterparty_name",
    "counterparty_iban",
    "ultimate_name",
    "bank_reference",
    "end_to_end_id",
    "creditor_reference",
    "mandate_id",
    "transaction_code",
    "original_currency",
    "original_minor",
    "additional_info",
)


@dataclass(frozen=True, slots=True)
class BankTable:
    """A table of a bank whose columns were mapped; its rows may be wrong.

    Parameters
    ----------
    file
        The entries in our columns, with their problems.
    cells
        What stood beside the labels.
    layout
        What the rows are.
    sheet
        The rows.
    profile
        The profile, with the account and the currency that the file says.
    """

    file: TableFile
    cells: Cells
    layout: Layout
    sheet: Sheet
    profile: Profile


def bank_file(table: BankTable, format_: str, *, strict: bool) -> BankFile:
    """Build the tables of a bank file; see `alloc.ingest.bank_table.reading`."""
    warnings = _left_out(table, strict=strict)
    rows = _entries(table)
    groups = _groups(table, rows)
    statements: list[Row] = []
    for index, (key, mine) in enumerate(groups.items()):
        for number, row in enumerate(mine):
            row |= {"statement_index": index, "entry_index": number}
        chain = _chain(mine, table.cells if len(groups) == 1 else None)
        warnings += _breaks(table, mine, chain, strict=strict)
        statement = _statement(table, mine, chain, alone=len(groups) == 1)
        account, currency = key
        left_out = _count_left_out(table, key)
        statements.append(
            statement
            | {
                "statement_index": index,
                "message_type": format_.upper(),
                "account": account,
                "currency": currency,
                "entry_count": len(mine) + left_out,
                "left_out_count": left_out,
                "raw": None if index else _raw_around(table),
            }
        )
    warnings += _notices(table, groups)
    entries = sorted(rows, key=lambda row: (row["statement_index"], row["entry_index"]))
    _identify(entries)
    return BankFile(
        format_,
        pa.Table.from_pylist(statements, STATEMENTS),
        pa.Table.from_pylist(entries, ENTRIES),
        REFERENCES.empty_table(),
        pa.Table.from_pylist(sorted(warnings, key=lambda row: row["line"]), WARNINGS),
    )


def _left_out(table: BankTable, *, strict: bool) -> list[Row]:
    """Tell the rows that cannot be read; refuse the file where they are too many."""
    problems = table.file.problems
    every = len(problems.rows) == table.file.table.num_rows
    if problems.count and (strict or every or len(problems.rows) > PROBLEMS_KEPT):
        problems.raise_if_any()
    warnings = []
    told: set[int] = set()
    for problem in problems.named(problems.count):
        field = f"{problem.field}: " if problem.field else ""
        first = problem.line not in told
        said = "entry left out: " if first else ""
        told.add(problem.line)
        warnings.append(
            _warning(
                problem.reason,
                f"{said}{field}{problem.message}",
                problem.line,
                left_out=first,
            )
        )
    return warnings


def _warning(code: str, message: str, line: int, *, left_out: bool = False) -> Row:
    return {
        "code": code,
        "message": message,
        "line": line,
        "entry_left_out": left_out,
    }


def _entries(table: BankTable) -> list[Row]:
    """Return the rows that can be read, as entries of no statement yet."""
    file, layout = table.file, table.layout
    entries = []
    for number, row in enumerate(file.table.to_pylist()):
        if number in file.problems.rows:
            continue
        place = int(file.rows[number])
        printed = [row.get(target) for target in TEXTS]
        texts = [text for text in printed if text] + layout.more_text.get(place, [])
        entries.append(
            {
                **{name: row.get(name) for name in _COPIED},
                "account": row["account"],
                "currency": row["currency"],
                "booking_date": row["booking_date"],
                "amount_minor": row["amount_minor"],
                "entry_amount_minor": row["amount_minor"],
                "detail_index": 0,
                "detail_count": 1,
                "status": row.get("status") or "booked",
                "reversal": False,
                "remittance_text": texts,
                "raw": _raw(table, place),
                "line": layout.entries[place].line,
                "balance_minor": row.get("balance_minor"),
            }
        )
    return entries


def _raw(table: BankTable, place: int) -> str:
    """Write a row as printed: ``heading=value`` lines, blanks left out."""
    names = table.sheet.names
    lines = []
    for index, cell in enumerate(table.layout.entries[place].cells):
        text = cell if isinstance(cell, str) else cell_text(cell)
        if text:
            name = names[index] if index < len(names) and names[index] else index + 1
            lines.append(f"{name}={text}")
    raw = "\x1e".join(lines)
    if "\n" in raw:
        raw = raw.replace("\r\n", "\n").replace("\n", "\\n")
    return raw.replace("\x1e", "\n")


def _raw_around(table: BankTable) -> str | None:
    """Write the rows around the entries: a line a row, tabs between the cells."""
    rows = []
    for row in table.layout.around:
        cells = [cell_text(cell) or "" for cell in row.cells]
        rows.append("\t".join(map(_one_line, cells)).rstrip("\t"))
    return "\n".join(rows) or None


def _one_line(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\\n")


def _groups(table: BankTable, rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the entries by account and currency, in the order of the file."""
    profile = table.profile
    groups: dict[tuple[str, str], list[Row]] = {}
    if profile.account and profile.currency:
        groups[profile.account, profile.currency] = []
    for row in rows:
        groups.setdefault((row["account"], row["currency"]), []).append(row)
    return groups


def _count_left_out(table: BankTable, key: tuple[str, str]) -> int:
    columns = table.file.table.select(["account", "currency"])
    left = columns.take(pa.array(sorted(table.file.problems.rows), pa.int64()))
    return sum((row["account"], row["currency"]) == key for row in left.to_pylist())


# Balances


def _chain(rows: list[Row], cells: Cells | None) -> Chain | None:
    booked = [row for row in rows if row["status"] == "booked"]
    if not booked:
        return None
    return follow(
        [row["amount_minor"] for row in booked],
        [row["balance_minor"] for row in booked],
        newest_first=booked[0]["booking_date"] > booked[-1]["booking_date"],
        opening_minor=cells.opening_minor if cells else None,
    )


def _breaks(
    table: BankTable, rows: list[Row], chain: Chain | None, *, strict: bool
) -> list[Row]:
    """Tell the balances that do not follow from the ones before."""
    if chain is None:
        return []
    booked = [row for row in rows if row["status"] == "booked"]
    warnings = []
    for off in chain.breaks[:BREAKS_NAMED]:
        row = booked[off.place]
        message = (
            f"the balance after this entry should be "
            f"{amount_text(off.expected_minor, row['currency'])}, the file says "
            f"{amount_text(off.printed_minor, row['currency'])}: is an entry missing?"
        )
        warnings.append(_warning("BALANCE_BREAK", message, row["line"]))
    others = len(chain.breaks) - len(warnings)
    if others > 0:
        line = booked[chain.breaks[BREAKS_NAMED].place]["line"]
        message = f"{others} more balances do not follow"
        warnings.append(_warning("BALANCE_BREAK", message, line))
    if strict and warnings:
        name, first = table.file.problems.file, warnings[0]
        raise InputError(
            f"{name}:{first['line']}: {first['message']}",
            reason="BALANCE_BREAK",
            file=name,
            line=first["line"],
            field="balance_minor",
        )
    return warnings


def _statement(
    table: BankTable, rows: list[Row], chain: Chain | None, *, alone: bool
) -> Row:
    """Return the balances and dates of a statement, and by how much it is off."""
    cells = table.cells
    opening = chain.opening_minor if chain else None
    closing = chain.closing_minor if chain else None
    if alone:
        opening = opening if cells.opening_minor is None else cells.opening_minor
        closing = closing if cells.closing_minor is None else cells.closing_minor
    booked = sum(row["amount_minor"] for row in rows if row["status"] == "booked")
    off = None
    if opening is not None and closing is not None:
        off = opening + booked - closing
        if not off and chain and chain.breaks:
            # Breaks that make up for each other are breaks all the same.
            first = chain.breaks[0]
            off = first.expected_minor - first.printed_minor
    days = [row["booking_date"] for row in rows]
    return {
        "kind": "statement",
        "number": cells.number if alone else None,
        "opening_date": (cells.opening_date if alone else None)
        or min(days, default=None),
        "opening_minor": opening,
        "closing_date": (cells.closing_date if alone else None)
        or max(days, default=None),
        "closing_minor": closing,
        "difference_minor": off,
        "line": table.sheet.header_line,
    }


def _notices(
    table: BankTable, groups: dict[tuple[str, str], list[Row]]
) -> Iterator[Row]:
    """Tell what else of the file did not become an entry."""
    others = table.layout.others
    if others:
        said = " ".join(filter(None, (cell_text(cell) for cell in others[0].cells)))
        count = f"{len(others)} rows hold" if len(others) > 1 else "a row holds"
        yield _warning(
            "ROWS_NOT_ENTRIES",
            f"{count} amounts but no booking date and became no entry, first: {said}",
            others[0].line,
        )
    printed = (table.cells.opening_minor, table.cells.closing_minor)
    if len(groups) > 1 and any(balance is not None for balance in printed):
        yield _warning(
            "BALANCES_UNUSED",
            f"the file has {len(groups)} accounts but one opening or closing balance: "
            "it is not known whose it is",
            table.sheet.header_line,
        )
    if not groups:
        yield _warning(
            "NO_ENTRIES",
            "the file has no entry, and only entries would name the account",
            table.sheet.header_line,
        )


def _identify(entries: list[Row]) -> None:
    """Give every entry its identity: the same as in files of any other format."""
    twins: Counter[tuple[object, ...]] = Counter()
    for row in entries:
        facts = entry_facts(row)
        twins[facts] += 1
        row["payment_id"] = entry_id(facts, twins[facts])

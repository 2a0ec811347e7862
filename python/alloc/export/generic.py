"""The journal as plain CSV and JSON: the stable contract that other systems read.

Columns keep their names and order; new ones are only ever added at the end. Text that
a spreadsheet would run as a formula has an apostrophe before it in CSV; JSON states
it as it is. Amounts are integers in minor units, in CSV also decimal text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from alloc.export.analytic import records_of
from alloc.export.columns import (
    ENTRY_COLUMNS,
    csv_bytes,
    decimals,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTRY_FIELDS = (
    "seq",
    "hash",
    "entity",
    "journal",
    "fiscal_year",
    "number",
    "kind",
    "posting_date",
    "piece_date",
    "piece_ref",
    "label",
    "payment_id",
    "decision_id",
    "reverses_seq",
    "posted_at",
    "posted_by",
)
POSTING_FIELDS = (
    "line_no",
    "account",
    "account_label",
    "customer_id",
    "customer_name",
    "label",
    "amount_minor",
    "currency",
    "letter_code",
    "lettered_on",
)
#: Came later: at the end of the columns.
LATER_FIELDS = ("foreign_currency", "foreign_minor", "analytic")
ALLOCATION_FIELDS = (
    "seq",
    "decision_id",
    "payment_id",
    "entity",
    "item_id",
    "customer_id",
    "reference",
    "allocated_minor",
    "evidence",
)
LETTER_FIELDS = (
    "letter_group",
    "entity",
    "account",
    "customer_id",
    "fiscal_year",
    "kind",
    "code",
    "balance_minor",
    "lettered_on",
    "group_max_date",
)
MEMBER_FIELDS = ("letter_group", "item_id", "seq", "line_no", "amount_minor", "date")


def entries_csv(entries: pa.Table, postings: pa.Table, *, header: bool = True) -> bytes:
    """Write one row a posting, with the columns of its entry.

    Parameters
    ----------
    entries, postings
        See `alloc.app.ports.JournalTables`.
    header
        False for a span that follows another.

    Returns
    -------
    bytes
        UTF-8, comma, one line a row. ``entry_label`` is the label of the entry;
        ``debit`` and ``credit`` are decimal text with a point; ``analytic`` is JSON,
        a list of amount (minor units) and sections.
    """
    there = [name for name in ENTRY_FIELDS if name in entries.column_names]
    lines = joined(
        entries, postings, *(name for name in there if name not in ENTRY_COLUMNS)
    )
    amounts, currencies = lines["amount_minor"], lines["currency"]
    columns = {}
    for name in ENTRY_FIELDS:
        column = f"entry_{name}"
        written = column if name == "label" else name
        columns[written] = _field(lines, column)
    for name in POSTING_FIELDS:
        columns[name] = _field(lines, name)
    columns["debit"] = decimals(pc.max_element_wise(amounts, 0), currencies)
    columns["credit"] = decimals(pc.max_element_wise(pc.negate(amounts), 0), currencies)
    columns |= {name: lines[name] for name in LATER_FIELDS}
    return csv_bytes(pa.table(columns), header=header)


def allocations_csv(allocations: pa.Table, *, header: bool = True) -> bytes:
    """Write one row an allocation: what a payment settled on an item."""
    columns = {name: _field(allocations, name) for name in ALLOCATION_FIELDS}
    return csv_bytes(pa.table(columns), header=header)


def letters_csv(groups: pa.Table, members: pa.Table) -> bytes:
    """Write one row a member of a lettering group, with the columns of its group."""
    at = pc.index_in(members["letter_group"], value_set=groups["letter_group"])
    columns = {name: _field(groups, name).take(at) for name in LETTER_FIELDS}
    for name in MEMBER_FIELDS[1:]:
        columns[name] = _field(members, name)
    return csv_bytes(pa.table(columns), header=True)


def journal_json(
    entries: pa.Table,
    postings: pa.Table,
    allocations: pa.Table,
    groups: pa.Table,
    members: pa.Table,
) -> bytes:
    """Write entries with their postings and allocations, and letters, as one document.

    Returns
    -------
    bytes
        UTF-8: ``{"format": "alloc.journal", "version": 1, "entries": [...], "letters":
        [...]}``, one entry or letter a line. Amounts are integers in minor units,
        dates ISO 8601, missing values null. ``hash`` is the idempotency key.
    """
    lines = joined(entries, postings)
    place = lines.column_names.index("analytic")
    lines = lines.set_column(place, "analytic", records_of(lines["analytic"]))
    of_entry = {
        "postings": _by_key(lines, "seq", POSTING_FIELDS + LATER_FIELDS),
        "allocations": _by_key(allocations, "seq", ALLOCATION_FIELDS[3:]),
    }
    of_letter = {"members": _by_key(members, "letter_group", MEMBER_FIELDS[1:])}
    encode = msgspec.json.Encoder().encode
    written = [
        b'{"format": "alloc.journal", "version": 1, "entries": [\n',
        b",\n".join(map(encode, _nested(entries, ENTRY_FIELDS, "seq", of_entry))),
        b'\n], "letters": [\n',
        b",\n".join(
            map(encode, _nested(groups, LETTER_FIELDS, "letter_group", of_letter))
        ),
        b"\n]}\n",
    ]
    return b"".join(written)


def _field(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Take a column, nulls when it is not there."""
    if name in table.column_names:
        return table[name]
    return pa.chunked_array([pa.nulls(table.num_rows, pa.string())])


def _records(table: pa.Table, names: tuple[str, ...]) -> Iterator[dict[str, object]]:
    columns = [_field(table, name).to_pylist() for name in names]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, row, strict=True))


def _by_key(
    table: pa.Table, key: str, names: tuple[str, ...]
) -> dict[int, list[dict[str, object]]]:
    grouped: dict[int, list[dict[str, object]]] = {}
    keys = table[key].to_pylist()
    for value, record in zip(keys, _records(table, names), strict=True):
        grouped.setdefault(value, []).append(record)
    return grouped


def _nested(
    table: pa.Table,
    names: tuple[str, ...],
    key: str,
    parts: dict[str, dict[int, list[dict[str, object]]]],
) -> Iterator[dict[str, object]]:
    keys = table[key].to_pylist()
    for value, record in zip(keys, _records(table, names), strict=True):
        for name, grouped in parts.items():
            record[name] = grouped.get(value, [])
        yield record

"""The journal for Odoo: two files for the import of its list views, CSV or XLSX.

Source: Odoo's own import of records (model `account.move` with its `line_ids`, columns
under their technical names, the columns of an entry on its first line only) and
`account.move.line.matching_number` of Odoo 17 and later: a number that begins with I
marks lines which are reconciled with each other once the entries are posted
(addons/account/models/account_move_line.py, `_reconcile_marked`). Journals, accounts
and partners are found by their code and reference. The layout follows those sources;
no Odoo ran here.

``analytic_distribution`` of Odoo 16 and later takes ids of analytic accounts, those of
several plans joined by a comma, each with its share: a posting for several sections is
written as several lines of 100 %.

The ``id`` of an entry is an external id of ours: to import the same file again changes
the same draft and makes no second entry.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.export.analytic import by_sections
from alloc.export.columns import (
    csv_bytes,
    dates,
    decimals,
    foreign_decimals,
    glued,
    joined,
    mapped,
)
from alloc.export.fields import one_currency
from alloc.export.plain_text import component, numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a minus begins, and no formula.
SIGNED = ("line_ids/amount_currency",)
MOVE_COLUMNS = ("id", "journal_id", "date", "ref")


def odoo_csv(table: pa.Table, *, header: bool = True) -> bytes:
    """Write a table of `odoo_moves` or `odoo_matching`: UTF-8, comma.

    Parameters
    ----------
    table
        One row a line of the file.
    header
        False for a span that follows another.
    """
    return csv_bytes(table, header=header, numbers=SIGNED)


def odoo_moves(
    entries: pa.Table, postings: pa.Table, *, currencies: Mapping[str, str]
) -> pa.Table:
    """Return the entries of one entity for `account.move`.

    Parameters
    ----------
    entries, postings
        See `alloc.app.ports.JournalTables`.
    currencies
        Entity -> currency of its books.

    Returns
    -------
    pyarrow.Table
        One row a posting, all of them texts.

    Raises
    ------
    alloc.errors.InputError
        ``EXPORT_CURRENCY``, and those of `alloc.export.columns.joined`.
    """
    lines = by_sections(joined(entries, postings))
    one_currency(lines, currencies, "Odoo")
    amounts, currency = lines["amount_minor"], lines["currency"]
    number = numbers(lines)
    entity = mapped(lines["entry_entity"], component)
    move = {
        "id": glued("alloc.", entity, "-", mapped(number, component)),
        "journal_id": lines["entry_journal"],
        "date": dates(lines["entry_posting_date"], "%Y-%m-%d"),
        "ref": glued(number, " ", lines["entry_piece_ref"]),
    }
    is_first = _is_first(lines["seq"])
    columns = {
        name: pc.if_else(is_first, move[name].cast(pa.string()), "")
        for name in MOVE_COLUMNS
    }
    columns |= {
        "line_ids/account_id": lines["account"],
        "line_ids/partner_id": lines["customer_id"],
        "line_ids/name": lines["label"],
        "line_ids/debit": decimals(pc.max_element_wise(amounts, 0), currency),
        "line_ids/credit": decimals(
            pc.max_element_wise(pc.negate(amounts), 0), currency
        ),
        "line_ids/matching_number": _matching(lines["letter_group"]),
        "line_ids/currency_id": lines["foreign_currency"],
        "line_ids/amount_currency": foreign_decimals(lines),
        "line_ids/analytic_distribution": _distribution(lines["sections"]),
    }
    return pa.table(columns)


def odoo_matching(members: pa.Table) -> pa.Table:
    """Return which items of Odoo the entries clear, for `account.move.line`.

    Parameters
    ----------
    members
        See `alloc.app.ports.LetterTables`; those of the entries that are exported.

    Returns
    -------
    pyarrow.Table
        ``id`` is the item's id, which Odoo understands when the open
        items came from its export with external ids; ``matching_number`` is that of
        the entry's line.
    """
    items = members.filter(
        pc.and_(pc.is_valid(members["item_id"]), pc.is_null(members["seq"]))
    )
    columns = {
        "id": items["item_id"],
        "matching_number": _matching(items["letter_group"]),
    }
    return pa.table(columns)


def _distribution(sections: pa.ChunkedArray) -> pa.Array:
    """Say that a line is whole for its sections, which are accounts of Odoo by id."""
    names = [",".join(filter(None, said)) for said in sections.to_pylist()]
    texts = [json.dumps({name: 100}) if name else None for name in names]
    return pa.array(texts, pa.string())


def _is_first(seq: pa.ChunkedArray) -> pa.ChunkedArray:
    before = pa.chunked_array([pa.array([None], pa.int64()), *seq.chunks])
    same = pc.equal(seq, before.slice(0, len(seq)))
    return pc.invert(pc.fill_null(same, fill_value=False))


def _matching(groups: pa.ChunkedArray) -> pa.ChunkedArray:
    number = glued("I", groups)
    return pc.if_else(pc.is_valid(groups), number, "").cast(pa.string())

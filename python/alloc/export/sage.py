"""The journal for Sage 100: the delimited text of its import of entries.

Source: the example of Sage's own developer pages (developer.sage.com/100/fr/saas,
guide "Exemples mappage import texte"): tabulations, eleven columns (type G, journal,
date as JJMMAA, number of the voucher, general account, third party, label, means of
payment, due date, debit, credit), decimal comma; lines with equal journal, date and
number are one voucher. Sage calls this format "paramétrable": the mapping is set up in
Sage, not in the file. The twelfth column, the lettering code, is ours: Sage documents
no place for it, so map it or leave it out. A posting for sections is followed by lines
of type A, one a plan and section, with their part of its amount; their plan (the
number of the axis) and section are the columns 13 and 14, ours too. Widths are those of
the base of Sage 100 (JO_Num 6, EC_Piece 13, CG_Num 13, CT_Num 17, EC_Intitule 35).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.export.analytic import by_axis
from alloc.export.columns import dates, decimals, glued, joined, mapped, text_of
from alloc.export.fields import fitted, letter_code, one_currency, words

if TYPE_CHECKING:
    from collections.abc import Mapping

ENCODING = "cp1252"
COLUMNS = (
    "Type",
    "Jou",
    "Date",
    "N°",
    "Général",
    "Tiers",
    "Libellé",
    "Règlement",
    "Echéance",
    "Débit",
    "Crédit",
    "Lettrage",
    "Plan",
    "Section",
)
HEADER = ("\t".join(COLUMNS) + "\r\n").encode(ENCODING)
PACKAGE = "Sage 100"


def sage(
    entries: pa.Table, postings: pa.Table, *, currencies: Mapping[str, str]
) -> bytes:
    """Write the lines of one entity, without the header.

    Parameters
    ----------
    entries, postings
        See `alloc.app.ports.JournalTables`.
    currencies
        Entity -> currency of its books.

    Raises
    ------
    alloc.errors.InputError
        ``FIELD_TOO_LONG``, ``EXPORT_CURRENCY``, and those of
        `alloc.export.columns.joined`.
    alloc.errors.LimitError
        ``LETTERS_OVER_LIMIT``.
    """
    lines = _with_sections(joined(entries, postings))
    one_currency(lines, currencies, PACKAGE)
    amounts, currency = lines["amount_minor"], lines["currency"]
    number = pc.utf8_lpad(lines["entry_number"].cast("string"), 6, padding="0")
    cells = [
        fitted(lines, "entry_journal", 6, package=PACKAGE),
        dates(lines["entry_posting_date"], "%d%m%y"),
        number,
        fitted(lines, "account", 13, package=PACKAGE),
        fitted(lines, "customer_id", 17, package=PACKAGE),
        words(lines["label"], 35),
        "",
        "",
        decimals(pc.max_element_wise(amounts, 0), currency, ","),
        decimals(pc.max_element_wise(pc.negate(amounts), 0), currency, ","),
        mapped(lines["letter_code"], lambda code: letter_code(code, "sage")),
        lines["plan"],
        fitted(lines, "section", 13, package=PACKAGE),
    ]
    row: list[pa.ChunkedArray | str] = [lines["type"]]
    for cell in cells:
        row += ["\t", cell]
    return text_of(glued(*row, "\r\n")).decode("utf-8").encode(ENCODING)


def _with_sections(lines: pa.Table) -> pa.Table:
    """Put after each posting its sections: lines of type A."""
    rows: list[tuple[int, str, int, str | None, str | None]] = []
    said = zip(
        lines["analytic"].to_pylist(), lines["amount_minor"].to_pylist(), strict=True
    )
    for at, (analytic, amount) in enumerate(said):
        rows.append((at, "G", amount, None, None))
        rows += [
            (at, "A", minor, str(axis), section)
            for axis, section, minor in by_axis(analytic)
        ]
    schema = pa.schema(
        [
            ("at", pa.int64()),
            ("type", pa.string()),
            ("amount_minor", pa.int64()),
            ("plan", pa.string()),
            ("section", pa.string()),
        ]
    )
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    more = pa.table([list(column) for column in columns], schema=schema)
    place = lines.column_names.index("amount_minor")
    wide = lines.take(more["at"]).set_column(
        place, "amount_minor", more["amount_minor"]
    )
    for name in ("type", "plan", "section"):
        wide = wide.append_column(name, more[name])
    return wide

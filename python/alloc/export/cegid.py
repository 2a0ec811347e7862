"""The journal for Cegid (Business, Expert, Loop): the TRA file of its entries.

Source: Cegid publishes no layout; three that agree do: Expensya's guide to its "Export
Cegid Standard" (help.expensya.com), and two programs that hand entries to Cegid
(iDocus, ``***S5EXPJRLSTD``; Agile, ``***S5CLIJRLETE``). Lines of 222 characters; the
first says what the file is, each other one is a posting: journal, date as JJMMAAAA,
kind of movement, general account, X and the third party where there is one, reference,
label, means of payment, due date, side, amount with a comma, N (normal), piece,
currency, rate, E--. The standard form (STD) has no place for a lettering code.
Positions below count from 1. No Cegid ran here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from alloc.errors import InputError
from alloc.export.columns import dates, decimals, glued, joined, text_of
from alloc.export.fields import fitted, one_currency, padded, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

ENCODING = "cp1252"
PACKAGE = "Cegid"
WIDTH = 222
#: Digits, comma and cents in twenty characters.
AMOUNT_WIDTH = 20
#: What the first line says, by position: the kind of file, its version, who wrote it,
#: the establishment.
_FIRST = ((1, "***S5EXPJRLSTD"), (34, "011"), (54, "ALLOC"), (145, "001--"))


def _first_line() -> bytes:
    line = " " * WIDTH
    for position, text in _FIRST:
        line = line[: position - 1] + text + line[position - 1 + len(text) :]
    return f"{line}\r\n".encode(ENCODING)


HEADER = _first_line()


def cegid(
    entries: pa.Table, postings: pa.Table, *, currencies: Mapping[str, str]
) -> bytes:
    """Write the lines of one entity, without the first line.

    Parameters
    ----------
    entries, postings
        See `alloc.app.ports.JournalTables`.
    currencies
        Entity -> currency of its books.

    Raises
    ------
    alloc.errors.InputError
        ``FIELD_TOO_LONG``, ``EXPORT_CURRENCY``, ``EXPORT_AMOUNT``, and those of
        `alloc.export.columns.joined`.
    """
    lines = joined(entries, postings)
    one_currency(lines, currencies, PACKAGE)
    partner = fitted(lines, "customer_id", 17, package=PACKAGE)
    number = pc.utf8_lpad(lines["entry_number"].cast("string"), 8, padding="0")
    row = [
        padded(fitted(lines, "entry_journal", 3, package=PACKAGE), 3),  # 1
        dates(lines["entry_posting_date"], "%d%m%Y"),  # 4
        _kinds(lines),  # 12
        padded(fitted(lines, "account", 17, package=PACKAGE), 17),  # 14
        pc.if_else(pc.equal(partner, ""), " ", "X"),  # 31
        padded(partner, 17),  # 32
        padded(words(lines["entry_piece_ref"], 35), 35),  # 49
        padded(words(lines["label"], 35), 35),  # 84
        " " * 11,  # 119, means of payment, due date
        pc.if_else(pc.less(lines["amount_minor"], 0), "C", "D"),  # 130
        _amounts(lines),  # 131
        "N",  # 151
        number,  # 152
        padded(lines["currency"], 3),  # 160
        " " * 10,  # 163, rate
        "E--",  # 173
        " " * 47,  # 176, other amounts, establishment, axis, due part
        "\r\n",
    ]
    return text_of(glued(*row)).decode("utf-8").encode(ENCODING)


def _kinds(lines: pa.Table) -> pa.ChunkedArray:
    """Return the kind of each movement: of a bank (class 51), or sundry."""
    is_bank = pc.starts_with(lines["account"], "51")
    banks = pc.unique(lines.filter(is_bank)["seq"])
    return pc.if_else(pc.is_in(lines["seq"], value_set=banks), "BQ", "OD")


def _amounts(lines: pa.Table) -> pa.ChunkedArray:
    amounts = decimals(pc.abs_checked(lines["amount_minor"]), lines["currency"], ",")
    if pc.any(pc.greater(pc.utf8_length(amounts), AMOUNT_WIDTH)).as_py():
        raise InputError(
            f"{PACKAGE} takes amounts of {AMOUNT_WIDTH} characters, and one has more",
            reason="EXPORT_AMOUNT",
        )
    return pc.utf8_lpad(amounts, width=AMOUNT_WIDTH, padding=" ")

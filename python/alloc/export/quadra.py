"""The journal for Cegid Quadra: the fixed columns of its ASCII entry file.

Source: Cegid, KB0014530 "Fichier d'entrée ASCII dans Cegid Quadra Comptabilité"
(public document, 08/2023; wiki.dolibarr.org keeps it): records of type M, one a
posting, amounts in cents with the sign before them, dates as JJMMAA, two characters of
lettering. The account of a posting is that of the customer, or the general one.
Positions below count from 1, as there. Cegid's other format is `alloc.export.cegid`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.errors import InputError
from alloc.export.columns import dates, glued, joined, mapped, text_of
from alloc.export.fields import fitted, letter_code, one_currency, padded, words

if TYPE_CHECKING:
    from collections.abc import Mapping

ENCODING = "iso-8859-15"
PACKAGE = "Quadra"
#: Twelve digits of cents, behind a sign.
AMOUNT_MAX = 10**12 - 1


def quadra(
    entries: pa.Table, postings: pa.Table, *, currencies: Mapping[str, str]
) -> bytes:
    """Write the records of one entity.

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
    alloc.errors.LimitError
        ``LETTERS_OVER_LIMIT``.
    """
    lines = joined(entries, postings)
    one_currency(lines, currencies, PACKAGE)
    account = fitted(lines, "account", 8, package=PACKAGE)
    customer = fitted(lines, "customer_id", 8, package=PACKAGE)
    journal = fitted(lines, "entry_journal", 3, package=PACKAGE)
    number = pc.utf8_lpad(lines["entry_number"].cast("string"), 6, padding="0")
    label = words(lines["label"], 30)
    row = [
        "M",  # 1
        padded(pc.if_else(pc.equal(customer, ""), account, customer), 8),  # 2
        padded(pc.utf8_slice_codeunits(journal, 0, 2), 2),  # 10
        "000",  # 12, folio
        dates(lines["entry_posting_date"], "%d%m%y"),  # 15
        " " * 21,  # 21, code of the label and its short form
        pc.if_else(pc.less(lines["amount_minor"], 0), "C", "D"),  # 42
        "+",  # 43
        _cents(lines),  # 44
        " " * 14,  # 56, contra account and due date
        padded(_letters(lines), 2),  # 70
        " " * 28,  # 72, statistics, short number, affair, quantity
        padded(number, 8),  # 100
        lines["currency"],  # 108
        padded(journal, 3),  # 111
        " " * 3,  # 114, VAT
        padded(label, 30),  # 117
        " " * 2,  # 147, VAT
        padded(number, 10),  # 149
        "\r\n",
    ]
    return text_of(glued(*row)).decode("utf-8").encode(ENCODING)


def _letters(lines: pa.Table) -> pa.ChunkedArray:
    """Write full letters only: the format has no sign for a partial group."""
    full = mapped(
        lines["letter_code"],
        lambda code: letter_code(code, "quadra") if code.isupper() else "",
    )
    return pc.fill_null(full, "")


def _cents(lines: pa.Table) -> pa.ChunkedArray:
    amounts = pc.abs_checked(lines["amount_minor"])
    if pc.any(pc.greater(amounts, AMOUNT_MAX)).as_py():
        raise InputError(
            "Quadra takes twelve digits of cents, and an amount has more",
            reason="EXPORT_AMOUNT",
        )
    return pc.utf8_lpad(amounts.cast(pa.string()), width=12, padding="0")

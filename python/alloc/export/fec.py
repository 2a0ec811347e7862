"""The fichier des écritures comptables (LPF art. A. 47 A-1): 18 columns, ISO-8859-15.

One file per entity and fiscal year. Tabulation, CRLF, decimal comma, dates as
AAAAMMJJ; lines in the order in which the entries were validated.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from anyascii import anyascii

from alloc.errors import InputError
from alloc.export.columns import (
    dates,
    decimals,
    foreign_decimals,
    glued,
    guarded,
    joined,
    mapped,
    text_of,
)
from alloc.export.pcg import account_label

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

ENCODING = "iso-8859-15"
COLUMNS = (
    "JournalCode",
    "JournalLib",
    "EcritureNum",
    "EcritureDate",
    "CompteNum",
    "CompteLib",
    "CompAuxNum",
    "CompAuxLib",
    "PieceRef",
    "PieceDate",
    "EcritureLib",
    "Debit",
    "Credit",
    "EcritureLet",
    "DateLet",
    "ValidDate",
    "Montantdevise",
    "Idevise",
)
HEADER = ("\t".join(COLUMNS) + "\r\n").encode(ENCODING)


@dataclass(frozen=True, slots=True)
class FecLabels:
    """Names that the file must state and the journal does not know.

    Parameters
    ----------
    journals
        Journal code -> name; a journal without one is named by its code.
    accounts
        Account -> name; the others have the name of their root in the French chart.
    """

    journals: Mapping[str, str]
    accounts: Mapping[str, str]


def fec_name(siren: str, closing_date: dt.date) -> str:
    """Name the file of an entity and fiscal year.

    Parameters
    ----------
    siren
        Nine digits.
    closing_date
        Last day of the fiscal year.

    Raises
    ------
    alloc.errors.InputError
        ``SIREN_INVALID``.

    Examples
    --------
    >>> import datetime as dt
    >>> fec_name("732829320", dt.date(2026, 12, 31))
    '732829320FEC20261231.txt'
    """
    if not (len(siren) == 9 and siren.isascii() and siren.isdigit()):  # noqa: PLR2004
        raise InputError(
            f"a FEC is named by the nine digits of the SIREN, not {siren!r}: "
            "set siren of the entity in alloc.toml",
            reason="SIREN_INVALID",
            siren=siren,
        )
    return f"{siren}FEC{closing_date:%Y%m%d}.txt"


def fec_lines(
    entries: pa.Table, postings: pa.Table, *, labels: FecLabels, currency: str = "EUR"
) -> bytes:
    """Write the lines of a span of entries, without the header.

    Parameters
    ----------
    entries, postings
        Of one entity and fiscal year; see `alloc.app.ports.JournalTables`. Optional
        columns of postings: account_label, customer_name, letter_code, lettered_on,
        foreign_currency, foreign_minor (signed as the amount is).
        ``posted_at`` of the entry is the date of validation.
    labels
        Names of journals and accounts.
    currency
        The currency in which the books are kept.

    Raises
    ------
    alloc.errors.InputError
        ``FEC_MIXED`` (several entities or years), ``FEC_CURRENCY`` (an entry in
        another currency has no amount in the currency of the books),
        ``COLUMN_MISSING``, ``ORPHAN_ROW``, ``UNBALANCED_ENTRY``.
    """
    _check_one_book(entries, postings, currency)
    lines = joined(entries, postings, "posted_at")
    amounts = lines["amount_minor"]
    letter = lines["letter_code"]
    piece_refs = _piece_refs(lines)
    lettered_on = pc.if_else(pc.is_valid(letter), lines["lettered_on"], None)
    columns = [
        mapped(lines["entry_journal"], plain),
        _named(lines["entry_journal"], labels.journals),
        _numbers(lines),
        dates(lines["entry_posting_date"], "%Y%m%d"),
        mapped(lines["account"], plain),
        _account_names(lines, labels),
        mapped(lines["customer_id"], plain),
        mapped(_customer_names(lines), guarded),
        mapped(piece_refs, guarded),
        dates(lines["entry_piece_date"], "%Y%m%d"),
        mapped(_labels(lines, piece_refs), guarded),
        _side(amounts, lines["currency"]),
        _side(pc.negate(amounts), lines["currency"]),
        letter,
        dates(lettered_on, "%Y%m%d"),
        _validation_dates(lines),
        foreign_decimals(lines, ","),
        lines["foreign_currency"],
    ]
    cells: list[pa.ChunkedArray | str] = [columns[0]]
    for column in columns[1:]:
        cells += ["\t", column]
    return text_of(glued(*cells, "\r\n")).decode("utf-8").encode(ENCODING)


def fec(
    entries: pa.Table, postings: pa.Table, *, labels: FecLabels, currency: str = "EUR"
) -> bytes:
    """Write a whole file: the header and `fec_lines`."""
    return HEADER + fec_lines(entries, postings, labels=labels, currency=currency)


def plain(text: str) -> str:
    """Write a text in the characters of ISO-8859-15, on one line, without tabulation.

    What the character set lacks is transliterated, control characters and runs of
    blanks become one blank.

    Examples
    --------
    >>> plain("Łódź   Œuvre 5 €")
    'Lódz Œuvre 5 €'
    """
    line = text if text.isascii() else unicodedata.normalize("NFC", text)
    if not line.isprintable():
        line = "".join(" " if _is_blank(char) else char for char in line)
    try:
        line.encode(ENCODING)
    except UnicodeEncodeError:
        line = "".join(map(_encodable, line))
    return " ".join(line.split())


def _is_blank(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) == "Cc"


def _encodable(char: str) -> str:
    try:
        char.encode(ENCODING)
    except UnicodeEncodeError:
        return anyascii(char)
    return char


def _check_one_book(entries: pa.Table, postings: pa.Table, currency: str) -> None:
    for column in ("entity", "fiscal_year"):
        values = sorted(map(str, pc.unique(entries[column]).to_pylist()))
        if len(values) > 1:
            raise InputError(
                f"a FEC holds one {column}, these entries have {', '.join(values)}",
                reason="FEC_MIXED",
                column=column,
            )
    foreign = postings.filter(pc.not_equal(postings["currency"], currency))
    if foreign.num_rows:
        seq, found = foreign["seq"][0].as_py(), foreign["currency"][0].as_py()
        raise InputError(
            f"entry {seq} is in {found}: a FEC states every amount in {currency}, "
            "the currency of the books",
            reason="FEC_CURRENCY",
            seq=seq,
            currency=found,
        )


def _named(column: pa.ChunkedArray, names: Mapping[str, str]) -> pa.ChunkedArray:
    return mapped(column, lambda code: plain(names.get(code) or code))


def _account_names(lines: pa.Table, labels: FecLabels) -> pa.ChunkedArray:
    def name(account: str) -> str:
        return plain(labels.accounts.get(account) or account_label(account))

    known = mapped(lines["account_label"], plain)
    return pc.coalesce(_filled(known), mapped(lines["account"], name))


def _customer_names(lines: pa.Table) -> pa.ChunkedArray:
    customer_id = _filled(mapped(lines["customer_id"], plain))
    name = pc.coalesce(_filled(mapped(lines["customer_name"], plain)), customer_id)
    return pc.if_else(pc.is_valid(customer_id), name, None)


def _piece_refs(lines: pa.Table) -> pa.ChunkedArray:
    stated = _filled(mapped(lines["entry_piece_ref"], plain))
    return pc.coalesce(stated, _numbers(lines))


def _labels(lines: pa.Table, piece_refs: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take the posting's words, else the entry's, else its voucher: never nothing."""
    written = _filled(mapped(lines["label"], plain))
    if written.null_count:
        written = pc.coalesce(written, _filled(mapped(lines["entry_label"], plain)))
    return pc.coalesce(written, piece_refs)


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put nulls in place of empty texts."""
    return pc.if_else(pc.equal(column, ""), None, column)


def _numbers(lines: pa.Table) -> pa.ChunkedArray:
    digits = pc.utf8_lpad(lines["entry_number"].cast(pa.string()), width=6, padding="0")
    journal = mapped(lines["entry_journal"], plain)
    return glued(journal, "-", digits).cast(pa.string())


def _side(amounts: pa.ChunkedArray, currencies: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write the positive amounts, zero in place of the others."""
    return decimals(pc.max_element_wise(amounts, 0), currencies, ",")


def _validation_dates(lines: pa.Table) -> pa.ChunkedArray:
    return mapped(lines["entry_posted_at"], lambda text: text[:10].replace("-", ""))

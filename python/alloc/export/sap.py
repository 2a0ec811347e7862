"""The journal for SAP: documents that post with clearing, as its own interface asks.

Source: function module POSTING_INTERFACE_CLEARING (transaction FB05, which F-28 is a
form of) with its tables FTPOST (STYPE K for the header and P for an item, COUNT, FNAM,
FVAL) and FTCLEAR (account type, account, company code, field and value that select the
items to clear); leanx.eu and stechno.net keep the structures, blogs.sap.com
(2013/06/11) the calls. A program of the customer reads three CSV files and calls the
module once a document; no SAP ran here.

A document says how it is posted:

- ``FB05``: its items (FTPOST) and what they clear (FTCLEAR). A line of a customer that
  closes a lettering group is not posted: clearing the group's members makes it.
- ``FB01``: it clears nothing whole, so its customer lines stay open items on account,
  assigned (ZUONR) to what they were paid for.
- The section of the first axis is the cost centre (COBL-KOSTL, as SAP's own batch
  input of documents names it) of a line of the general ledger.
- ``FBRA``: it undoes the document REVERSES: reset the clearing, then reverse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from alloc.export.analytic import by_sections
from alloc.export.columns import csv_bytes, decimal_text, joined
from alloc.export.fields import too_long

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

DOCUMENT_TYPE = "DZ"
CLEARING_PROCEDURE = "EINGZAHL"
#: Posting keys of debit and credit: general ledger, customer, vendor.
KEYS = {"S": ("40", "50"), "D": ("05", "15"), "K": ("25", "35")}
#: Fields -> characters that SAP keeps; codes are refused, texts are cut.
CODES = {
    "BUKRS": 4,
    "WAERS": 5,
    "KOSTL": 10,
    "XBLNR": 16,
    "NEWKO": 17,
    "ZUONR": 18,
    "SELVON": 30,
}
TEXTS = {"BKTXT": 25, "SGTXT": 50}

DOCUMENT_FIELDS = ("document", "TCODE", "AUGLV", "REVERSES", "hash")
POST_FIELDS = ("document", "STYPE", "COUNT", "FNAM", "FVAL")
CLEAR_FIELDS = ("document", "AGKOA", "AGKON", "AGBUK", "XNOPS", "SELFD", "SELVON")


class SapFiles(NamedTuple):
    """The three files: documents, what they post, what they clear."""

    documents: bytes
    ftpost: bytes
    ftclear: bytes


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of a lettering group: an item of SAP, or a line of ours."""

    item_id: str | None
    seq: int | None
    line_no: int | None


@dataclass(slots=True)
class _Book:
    """What the documents refer to."""

    names: Mapping[int, str]
    references: Mapping[tuple[str, str], str]
    members: Mapping[int, list[_Member]]
    documents: list[tuple[str, ...]] = field(default_factory=list)
    post: list[tuple[str, ...]] = field(default_factory=list)
    clear: list[tuple[str, ...]] = field(default_factory=list)


def sap(
    entries: pa.Table,
    postings: pa.Table,
    allocations: pa.Table,
    members: pa.Table,
    *,
    only: Container[int],
) -> SapFiles:
    """Write the documents of a journal.

    Parameters
    ----------
    entries, postings, allocations
        See `alloc.app.ports.JournalTables`: all of them, because a clearing names
        documents of any age.
    members
        See `alloc.app.ports.LetterTables`.
    only
        The entries, by seq, whose documents are written.

    Returns
    -------
    SapFiles
        UTF-8, comma. Dates are DD.MM.YYYY and amounts have a decimal comma, as a user
        with French settings types them.

    Raises
    ------
    alloc.errors.InputError
        ``FIELD_TOO_LONG``: a code is longer than SAP's field.
    """
    lines = joined(entries, postings, "currency", "reverses_seq", "hash")
    rows = by_sections(lines).to_pylist()
    book = _Book(
        names={row["seq"]: _name(row) for row in entries.to_pylist()},
        references=_references(allocations),
        members=_members(members),
    )
    for document in _documents(rows):
        if document[0]["seq"] in only:
            _write(book, document)
    return SapFiles(
        _csv(DOCUMENT_FIELDS, book.documents),
        _csv(POST_FIELDS, book.post),
        _csv(CLEAR_FIELDS, book.clear),
    )


def _name(entry: dict[str, Any]) -> str:
    """Name a document by our number: the reference (XBLNR) that finds it again."""
    year, number = entry["fiscal_year"], entry["number"]
    name = f"{entry['journal']}-{year % 100:02}-{number:06}"
    return _code("XBLNR", name, entry["seq"])


def _references(allocations: pa.Table) -> dict[tuple[str, str], str]:
    rows = allocations.select(["entity", "item_id", "reference"]).to_pylist()
    return {
        (row["entity"], row["item_id"]): row["reference"]
        for row in rows
        if row["reference"]
    }


def _members(members: pa.Table) -> dict[int, list[_Member]]:
    grouped: dict[int, list[_Member]] = {}
    for row in members.to_pylist():
        member = _Member(row["item_id"], row["seq"], row["line_no"])
        grouped.setdefault(row["letter_group"], []).append(member)
    return grouped


def _documents(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    by_seq: dict[object, list[dict[str, Any]]] = {}
    for row in rows:
        by_seq.setdefault(row["seq"], []).append(row)
    yield from by_seq.values()


def _write(book: _Book, lines: list[dict[str, Any]]) -> None:
    head = lines[0]
    seq = head["seq"]
    document = f"{head['entry_entity']}-{book.names[seq]}"
    if head["entry_reverses_seq"] is not None:
        reversed_name = book.names[head["entry_reverses_seq"]]
        undone = (document, "FBRA", "", reversed_name, head["entry_hash"])
        book.documents.append(undone)
        return
    _write_header(book, document, seq, head)
    count = 0
    closing = [line for line in lines if _closes(book, line)]
    for line in lines:
        if line in closing:
            continue
        count += 1
        _write_item(book, document, count, line)
    for line in closing:
        _write_clearing(book, document, line)
    code, procedure = ("FB05", CLEARING_PROCEDURE) if closing else ("FB01", "")
    book.documents.append((document, code, procedure, "", head["entry_hash"]))


def _write_header(book: _Book, document: str, seq: int, head: dict[str, Any]) -> None:
    fields = {
        "BKPF-BUKRS": _code("BUKRS", head["entry_entity"], seq),
        "BKPF-BLART": DOCUMENT_TYPE,
        "BKPF-BLDAT": f"{head['entry_piece_date']:%d.%m.%Y}",
        "BKPF-BUDAT": f"{head['entry_posting_date']:%d.%m.%Y}",
        "BKPF-WAERS": _code("WAERS", head["entry_currency"], seq),
        "BKPF-XBLNR": book.names[seq],
        "BKPF-BKTXT": _text("BKTXT", head["entry_label"]),
    }
    for name, value in fields.items():
        book.post.append((document, "K", "1", name, value))


def _write_item(book: _Book, document: str, count: int, line: dict[str, Any]) -> None:
    seq, amount = line["seq"], line["amount_minor"]
    kind, account = _account(line)
    written = decimal_text(abs(amount), line["currency"]).replace(".", ",")
    fields = {
        "RF05A-NEWBS": KEYS[kind][amount < 0],
        "RF05A-NEWKO": _code("NEWKO", account, seq),
        "BSEG-WRBTR": written,
        "BSEG-SGTXT": _text("SGTXT", line["label"]),
    }
    if kind == "S":
        center = next(iter(line["sections"]), "")
        fields["COBL-KOSTL"] = _code("KOSTL", center, seq)
    else:
        paid = _paid(book, line)
        fields["BSEG-ZUONR"] = _code("ZUONR", paid, seq) if paid else ""
    for name, value in fields.items():
        if value:
            book.post.append((document, "P", str(count), name, value))


def _write_clearing(book: _Book, document: str, line: dict[str, Any]) -> None:
    seq = line["seq"]
    kind, account = _account(line)
    for member in _others(book, line):
        name = _member_name(book, line["entry_entity"], member)
        book.clear.append(
            (
                document,
                kind,
                _code("NEWKO", account, seq),
                _code("BUKRS", line["entry_entity"], seq),
                "X",
                "XBLNR",
                _code("SELVON", name, seq),
            )
        )


def _account(line: dict[str, Any]) -> tuple[str, str]:
    """Return SAP's account type and account: that of the customer or vendor first."""
    account, partner = line["account"], line["customer_id"]
    if partner is None:
        return "S", account
    return ("K" if account.startswith("40") else "D"), partner


def _closes(book: _Book, line: dict[str, Any]) -> bool:
    """Say whether a line is the last one of a group that is settled whole."""
    if line["letter_kind"] != "full" or line["customer_id"] is None:
        return False
    seqs = [one.seq for one in book.members.get(_group(line), []) if one.seq]
    return bool(_others(book, line)) and line["seq"] == max(seqs, default=None)


def _others(book: _Book, line: dict[str, Any]) -> list[_Member]:
    """Return what a line clears: the members of its group but those of its entry."""
    return [
        member
        for member in book.members.get(_group(line), [])
        if member.seq != line["seq"]
    ]


def _group(line: dict[str, Any]) -> int:
    group: int | None = line["letter_group"]
    return group or 0


def _member_name(book: _Book, entity: str, member: _Member) -> str:
    """Return the reference under which SAP knows a member."""
    if member.seq is not None:
        return book.names[member.seq]
    item_id = member.item_id or ""
    return book.references.get((entity, item_id), item_id)


def _paid(book: _Book, line: dict[str, Any]) -> str:
    """Return the first item that a line on account was paid for, empty if none."""
    items = (one for one in _others(book, line) if one.seq is None)
    entity = line["entry_entity"]
    return next((_member_name(book, entity, item) for item in items), "")


def _code(name: str, value: str, seq: int) -> str:
    if len(value) > CODES[name]:
        raise too_long(name, value, CODES[name], "SAP", seq)
    return value


def _text(name: str, value: str | None) -> str:
    return " ".join((value or "").split())[: TEXTS[name]]


def _csv(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return csv_bytes(pa.table(arrays, names=list(names)), header=True)

"""The audit trail: what each decision rested on, chained, never edited."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from store_books import NOW, Books, Line, Plan, entry_id
from test_ledger_verify import tampered

from alloc.app.audit import AuditFilter
from alloc.app.verify import verify
from alloc.export.audit import audit_csv, audit_jsonl
from alloc.store import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

B1, B2 = entry_id(Line("B1", 12_000)), entry_id(Line("B2", 700))


def told(books: Books) -> list[dict[str, Any]]:
    return [
        json.loads(row["document"])
        for table in books.ledger.audit(AuditFilter())
        for row in table.to_pylist()
    ]


def exported(books: Books) -> bytes:
    return b"".join(audit_jsonl(t) for t in books.ledger.audit(AuditFilter()))


@pytest.fixture
def busy(books: Books) -> Books:
    """Books in which something was posted, refused, proposed and reversed."""
    return fill_books(books)


def fill_books(books: Books) -> Books:
    books.receive(Line("B1", 12_000), Line("B2", 700))
    books.due({"F1": 10_000, "F2": 5_000, 'F"3\\\n': 700})
    books.propose(Plan(B1, {"F1": 10_000, "F2": 2_000}))
    books.post(Plan(B1, {"F1": 10_000, "F2": 2_000}), by="anna")
    books.post(Plan(B2, {'F"3\\\n': 700}))
    books.reverse(books.decision_of(B1))
    return books


def test_a_posting_tells_what_was_open_before_and_after(busy: Books) -> None:
    posted, odd, undone = told(busy)
    assert (posted["action"], posted["by"], posted["payment_id"]) == (
        "posted",
        "anna",
        B1,
    )
    assert posted["at"] == f"{NOW:%Y-%m-%dT%H:%M:%S}Z"
    assert [
        (
            row["item_id"],
            row["before_minor"],
            row["allocated_minor"],
            row["after_minor"],
        )
        for row in posted["items"]
    ] == [("F1", 10_000, 10_000, 0), ("F2", 5_000, 2_000, 3_000)]
    assert {row["item_id"] for row in posted["alternatives"]} == {"F1", "F2"}
    assert odd["items"][0]["item_id"] == 'F"3\\\n'
    assert odd["alternatives"] == []
    assert (undone["action"], undone["undoes"]) == ("reversed", posted["decision_id"])
    assert [
        (row["item_id"], row["before_minor"], row["after_minor"])
        for row in undone["items"]
    ] == [("F1", 0, 10_000), ("F2", 3_000, 5_000)]


def test_a_refusal_tells_what_had_been_proposed(books: Books) -> None:
    books.receive(Line("B1", 12_000))
    books.due({"F1": 10_000, "F2": 5_000})
    books.propose(Plan(B1, {"F1": 10_000}))
    books.ledger.refuse(
        books.ledger.decisions().decisions["decision_id"][0].as_py(),
        decided_by="ben",
        reason="WRONG_CUSTOMER",
        now=NOW,
    )
    (refused,) = told(books)
    assert (refused["action"], refused["by"], refused["reason"]) == (
        "refused",
        "ben",
        "WRONG_CUSTOMER",
    )
    assert [row["item_id"] for row in refused["alternatives"]] == ["F1"]


def test_the_chain_can_be_checked_without_this_program(busy: Books) -> None:
    """As `docs/guide/audit.md` says it."""
    previous = "0" * 64
    lines = exported(busy).decode().splitlines()
    assert len(lines) == 3
    for line in lines:
        row = json.loads(line)
        document = json.dumps(
            row["document"], ensure_ascii=False, separators=(",", ":")
        )
        assert row["previous_hash"] == previous
        chained = f"{previous}\n{document}".encode()
        assert hashlib.sha256(chained).hexdigest() == row["hash"]
        previous = row["hash"]


def test_the_csv_has_the_same_documents(busy: Books) -> None:
    (table,) = busy.ledger.audit(AuditFilter())
    text = audit_csv(table, header=True).decode()
    assert text.startswith('"audit_no","action","entity","payment_id"')
    assert text.count('"posted"') >= 2
    assert len(list(busy.ledger.audit(AuditFilter(entity="OTHER")))) == 0
    assert len(list(busy.ledger.audit(AuditFilter(since=3)))) == 0


CHANGES = {
    "update audit_record set document = replace(document, 'anna', 'ben')": (
        "AUDIT_CHAIN_BROKEN"
    ),
    "update audit_record set entity = 'OTHER' where audit_no = 2": (
        "AUDIT_CHAIN_BROKEN"
    ),
    "delete from audit_record where audit_no = 1": "AUDIT_CHAIN_BROKEN",
    "delete from audit_record where audit_no = 2": "AUDIT_RECORD_MISSING",
    "update audit_record set seq = 77 where audit_no = 1": "AUDIT_RECORD_DIFFERS",
}


@pytest.mark.parametrize("statement", CHANGES)
def test_verify_finds_what_was_changed(ledger_path: Path, statement: str) -> None:
    with open_ledger(str(ledger_path), write=True) as ledger:
        fill_books(Books(ledger))
        assert verify(ledger).findings == ()
    tampered(
        ledger_path,
        statement,
        "drop trigger audit_record_no_update",
        "drop trigger audit_record_no_delete",
    )
    with open_ledger(str(ledger_path), write=False) as ledger:
        assert CHANGES[statement] in {found.code for found in verify(ledger).errors}

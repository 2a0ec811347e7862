from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import adbc_driver_manager
import pyarrow as pa
import pytest
from ledger_places import Databases, made
from store_books import NOW, Books, source
from store_fill import fill

from alloc.app.verify import verify
from alloc.store import open_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from postgresql_server import Server

GUARDS = (
    "drop trigger posting_no_update",
    "drop trigger posting_no_delete",
    "drop trigger journal_entry_no_update",
    "drop trigger journal_entry_no_delete",
    "drop trigger allocation_no_update",
    "drop trigger allocation_no_delete",
    "drop trigger adjustment_no_update",
    "drop trigger adjustment_no_delete",
)


@pytest.fixture
def filled(ledger_path: Path) -> Path:
    """A ledger with something in every table."""
    with open_ledger(str(ledger_path), write=True) as ledger:
        fill(Books(ledger))
    return ledger_path


def tampered(path: Path, statement: str, *guards: str) -> None:
    """Change the file behind the ledger's back, with all guards removed."""
    code = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "for statement in sys.argv[2:]:\n"
        "    changed = db.execute(statement).rowcount\n"
        "assert changed > 0, 'nothing was changed'\n"
        "db.commit(); db.close()\n"
    )
    command = [sys.executable, "-c", code, str(path), *GUARDS, *guards, statement]
    subprocess.run(command, check=True)


def root_page(path: Path, table: str) -> int:
    """Return the number of the page in use at which a table begins."""
    code = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "query = 'select rootpage from sqlite_master where name = ?'\n"
        "print(db.execute(query, sys.argv[2:]).fetchone()[0])\n"
    )
    command = [sys.executable, "-c", code, str(path), table]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout)


def codes(path: Path) -> set[str]:
    with open_ledger(str(path), write=False) as ledger:
        return {finding.code for finding in verify(ledger).errors}


TAMPERING = {
    "update posting set amount_minor = 1 where seq = 1 and line_no = 2": (
        "ENTRY_UNBALANCED"
    ),
    "update posting set amount_minor = amount_minor * 2 where seq = 1": "BROKEN_CHAIN",
    "update posting set account = '658000' where seq = 1 and line_no = 2": (
        "BROKEN_CHAIN"
    ),
    "update posting set label = 'Other' where seq = 1": "BROKEN_CHAIN",
    "delete from posting where seq = 2": "ENTRY_UNBALANCED",
    "insert into posting (seq, line_no, account, label, amount_minor, currency) "
    "values (99, 1, '512000', 'x', 5, 'EUR')": "POSTING_ORPHAN",
    "update journal_entry set posting_date = '2026-01-01' where seq = 1": (
        "BROKEN_CHAIN"
    ),
    "update journal_entry set hash = previous_hash where seq = 2": "BROKEN_CHAIN",
    "update journal_entry set number = 77 where seq = 2": "NUMBER_GAP",
    "delete from journal_entry where seq = 2": "GAP_IN_SEQUENCE",
    "delete from journal_entry where seq = 6": "DECISION_DIFFERS",
    "update journal_entry set payment_id = 'P-OTHER' where seq = 1": "MONEY_NOT_BOOKED",
    "update journal_entry set reverses_seq = 1 where kind = 'reversal'": (
        "REVERSAL_DIFFERS"
    ),
    "update open_item set open_minor = open_minor + 1 where item_id = 'F3'": (
        "OPEN_DIFFERS"
    ),
    "update open_item set imported_minor = 1 where item_id = 'F1'": "OPEN_DIFFERS",
    "update open_item set letter_group = null where item_id = 'F1'": (
        "CLEARED_NOT_LETTERED"
    ),
    "update open_item set letter_group = 77 where item_id = 'F1'": (
        "ITEM_LETTER_DIFFERS"
    ),
    "update open_item set open_minor = 'many' where item_id = 'F3'": "OPEN_DIFFERS",
    "update open_item set item_id = 'F9' where item_id = 'F1'": "ALLOCATION_ORPHAN",
    "delete from open_item where item_id = 'F3'": "ROWS_DIFFER",
    "delete from open_item where source = 'on_account'": "OWN_ITEM_MISSING",
    "update open_item set imported_minor = -1 where source = 'on_account'": (
        "OWN_ITEM_DIFFERS"
    ),
    "update allocation set allocated_minor = 1 where item_id = 'F1'": "OPEN_DIFFERS",
    "delete from allocation where item_id = 'F1'": "CASH_NOT_CONSERVED",
    "update allocation set item_id = 'F4' where item_id = 'F1'": "BROKEN_CHAIN",
    "update adjustment set amount_minor = 99": "CASH_NOT_CONSERVED",
    "update adjustment set decision_id = 99": "ADJUSTMENT_ORPHAN",
    "update decision set state = 'reversed' where state = 'posted'": "DECISION_DIFFERS",
    "update decision set seq = 1 where state = 'posted'": "DECISION_DIFFERS",
    "delete from decision where state = 'posted'": "ENTRY_WITHOUT_DECISION",
    "delete from refusal": "REFUSAL_MISSING",
    "update bank_entry set state = 'new' where state = 'posted'": "STATE_DIFFERS",
    "update bank_entry set state = 'posted' where state = 'review'": "STATE_DIFFERS",
    "update bank_entry set amount_minor = 1 where state = 'posted'": "MONEY_NOT_BOOKED",
    "update bank_entry set entry_amount_minor = 1 where state = 'review'": (
        "BANK_ENTRY_CHANGED"
    ),
    "update bank_entry set booking_date = '2026-01-01'": "BANK_ENTRY_CHANGED",
    "delete from bank_entry where state = 'review'": "ROWS_DIFFER",
    "delete from statement": "PARENT_MISSING",
    "delete from import_file where kind = 'bank'": "PARENT_MISSING",
    "update import_file set new_count = 0": "ROWS_DIFFER",
    "update import_notice set import_id = 99": "PARENT_MISSING",
    "update bank_reference set payment_id = 'P-OTHER'": "PARENT_MISSING",
    "delete from customer": "ROWS_DIFFER",
    "delete from advice": "ROWS_DIFFER",
    "delete from advice_line": "ADVICE_DIFFERS",
    "update advice_line set amount_minor = 1": "ADVICE_DIFFERS",
    "update letter_group set balance_minor = 1 where state = 'live'": (
        "LETTER_UNBALANCED"
    ),
    "update letter_group set kind = 'partial', code_no = 9 where code = 'AAA'": (
        "LETTER_UNBALANCED"
    ),
    "update letter_group set code = 'ZZZ' where code = 'AAA'": "LETTER_CODE_DIFFERS",
    "update letter_group set account = '416000' where state = 'live'": (
        "LETTER_MEMBER_WRONG"
    ),
    "update letter_group set state = 'dissolved' where state = 'live'": "LETTER_STATE",
    "delete from letter_group": "LETTER_MEMBER_WRONG",
    "delete from letter_member where item_id = 'F1'": "ITEM_LETTER_DIFFERS",
    "delete from letter_member where seq is not null": "LETTER_UNBALANCED",
}


@pytest.mark.parametrize("statement", TAMPERING)
def test_whatever_is_changed_behind_its_back_is_found(
    filled: Path, statement: str
) -> None:
    tampered(filled, statement)
    assert TAMPERING[statement] in codes(filled)


def test_posted_rows_are_guarded_against_a_slip(filled: Path) -> None:
    """An update or delete of what is posted is refused by the file itself."""
    for statement in (
        "update posting set label = 'x'",
        "delete from posting",
        "update journal_entry set label = 'x'",
        "delete from journal_entry",
        "update allocation set evidence = 'x'",
        "delete from adjustment",
    ):
        code = (
            "import sqlite3, sys\n"
            "db = sqlite3.connect(sys.argv[1])\n"
            "try: db.execute(sys.argv[2])\n"
            "except sqlite3.IntegrityError as error: print(error)\n"
        )
        command = [sys.executable, "-c", code, str(filled), statement]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert "never edited" in done.stdout


@pytest.mark.parametrize("table", ["posting", "decision", "letter_group", "bank_entry"])
def test_a_damaged_page_is_found(filled: Path, table: str) -> None:
    content = bytearray(filled.read_bytes())
    page_bytes = int.from_bytes(content[16:18], "big")
    page = (root_page(filled, table) - 1) * page_bytes
    content[page : page + 300] = bytes(300)
    filled.write_bytes(bytes(content))
    assert "FILE_DAMAGED" in codes(filled)


def test_a_gap_between_two_statements_is_a_notice(books: Books) -> None:
    def statement(opening: int, closing: int, day: int) -> pa.Table:
        return pa.table(
            {
                "statement_index": [0],
                "message_type": ["camt.053.001.08"],
                "kind": ["statement"],
                "account": ["FR7630001007941234567890185"],
                "currency": ["EUR"],
                "opening_minor": [opening],
                "closing_minor": [closing],
                "opening_date": pa.array([day], pa.date32()),
                "closing_date": pa.array([day], pa.date32()),
                "entry_count": [0],
                "difference_minor": [closing - opening],
            }
        )

    from dataclasses import replace  # noqa: PLC0415

    from store_books import IBAN, bank_file  # noqa: PLC0415

    for number, (opening, closing) in enumerate([(0, 0), (0, 0), (500, 500)]):
        books.ledger.import_bank_file(
            source(f"s{number}", "bank"),
            replace(
                bank_file([]), statements=statement(opening, closing, 20_000 + number)
            ),
            entities={IBAN: "E1"},
            now=NOW,
        )
    report = verify(books.ledger)
    assert report.holds
    assert [finding.code for finding in report.notices] == ["STATEMENT_GAP"]
    assert "opens with 5.00 EUR after 0.00 EUR" in report.notices[0].message


def test_many_broken_rows_are_counted_not_listed(books: Books) -> None:
    from alloc.store.checks import LISTED_MAX  # noqa: PLC0415

    books.due({f"F{number}": 100 for number in range(LISTED_MAX + 20)})
    books.ledger._db.execute("update open_item set open_minor = 1")  # noqa: SLF001
    found = [row for row in verify(books.ledger).errors if row.code == "OPEN_DIFFERS"]
    assert len(found) == LISTED_MAX + 1
    assert "20 more" in found[-1].message


def test_what_somebody_changed_in_postgresql_is_found(server: Server) -> None:
    url = made(Databases(server))
    with open_ledger(url, write=True) as ledger:
        fill(Books(ledger))
    database = urlsplit(url).path.lstrip("/")
    with pytest.raises(adbc_driver_manager.Error, match="never edited"):
        server.execute("update posting set amount_minor = 1", database=database)
    server.execute(
        "alter table posting disable trigger all",
        "alter table journal_entry disable trigger all",
        "update posting set amount_minor = 1 where seq = 1 and line_no = 2",
        "update journal_entry set number = 77 where seq = 2",
        "update open_item set open_minor = open_minor - 1 where item_id = 'F2'",
        database=database,
    )
    with open_ledger(url, write=False) as ledger:
        found = {finding.code for finding in verify(ledger).errors}
    assert {"ENTRY_UNBALANCED", "BROKEN_CHAIN", "NUMBER_GAP", "OPEN_DIFFERS"} <= found

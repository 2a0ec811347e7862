from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from store_books import CUSTOMER, NOW, Books, Line, Plan, entry_id, items_table, source

from alloc.app.verify import verify
from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    NotFoundError,
    StoreError,
)
from alloc.store import create_ledger, open_ledger, schema
from alloc.store import database as store_database
from alloc.store.revision import HEAD, REVISIONS

if TYPE_CHECKING:
    from pathlib import Path

    from ledger_places import Place
    from postgresql_server import Server

B1 = entry_id(Line("B1", 12_000))
VERSIONS = schema.kept_script("sqlite").parent / "versions"


def refusal(path: Path, *, write: bool = True) -> AllocError:
    """The error of opening a file, which must not be changed by it."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(AllocError) as refused:
        open_ledger(str(path), write=write)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert str(refused.value)
    return refused.value


def test_a_new_ledger_is_empty_and_verifies(books: Books) -> None:
    report = verify(books.ledger)
    assert report.holds
    assert report.findings == ()
    assert set(report.counts.values()) == {0}
    assert books.ledger.name.startswith(("ledger.db", "localhost/ledger_"))


def test_a_first_writer_need_not_change_the_mode_of_a_new_ledger(
    ledger_path: Path,
) -> None:
    # Killed while it does, it would leave a journal that no reader can play back.
    writes_ahead = b"\x02\x02"
    assert ledger_path.read_bytes()[18:20] == writes_ahead


def test_a_ledger_is_never_overwritten(ledger_path: Path) -> None:
    before = ledger_path.read_bytes()
    with pytest.raises(ConflictError) as refused:
        create_ledger(str(ledger_path))
    assert refused.value.reason == "LEDGER_EXISTS"
    assert ledger_path.read_bytes() == before
    assert [path.name for path in ledger_path.parent.iterdir()] == ["ledger.db"]


def test_a_ledger_in_no_folder_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as refused:
        create_ledger(str(tmp_path / "none" / "ledger.db"))
    assert refused.value.reason == "LEDGER_NOT_CREATED"


def test_a_missing_ledger_is_named_and_not_created(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with pytest.raises(NotFoundError) as missing:
        open_ledger(str(path), write=True)
    assert missing.value.reason == "LEDGER_MISSING"
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"hello, this is no ledger" * 100])
def test_another_file_is_no_ledger(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    assert refusal(path).reason == "NOT_A_LEDGER"
    assert isinstance(refusal(path), InputError)


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    assert refusal(tmp_path).reason == "NOT_A_LEDGER"


def sqlite(path: Path, *statements: str) -> None:
    """Change a file with another SQLite, in another process: see trap 1."""
    code = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "for statement in sys.argv[2:]: db.execute(statement)\n"
        "db.commit(); db.close()\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path), *statements], check=True)


def test_a_database_of_another_program_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    sqlite(path, "create table song (title text)")
    assert refusal(path).reason == "NOT_A_LEDGER"


def test_a_ledger_of_a_newer_version_is_refused_with_both_versions(
    ledger_path: Path,
) -> None:
    sqlite(ledger_path, "update alembic_version set version_num = '9999'")
    error = refusal(ledger_path)
    assert error.reason == "LEDGER_VERSION"
    assert error.metadata["found"] == "9999"


def test_a_damaged_ledger_is_named(ledger_path: Path) -> None:
    content = bytearray(ledger_path.read_bytes())
    content[100:4096] = os.urandom(3996)
    ledger_path.write_bytes(bytes(content))
    error = refusal(ledger_path)
    assert error.reason == "LEDGER_DAMAGED"
    assert "ledger.db" in str(error)


@pytest.mark.parametrize("url", ["https://host/x", "postgresql://host:port/db", ""])
def test_an_address_that_is_not_supported_is_refused(url: str) -> None:
    with pytest.raises(InputError) as refused:
        open_ledger(url, write=False)
    assert refused.value.reason == "LEDGER_URL"


def test_what_is_wrong_with_a_server_is_named(server: Server) -> None:
    """A missing database, a user it does not know, a server that is not there."""
    nobody = server.url("postgres").replace("user=alloc", "user=nobody")
    for url, reason in (
        (server.url("missing"), "DATABASE_MISSING"),
        (nobody, "LEDGER_DENIED"),
        ("postgresql:///ledger?host=/nowhere", "LEDGER_UNREACHABLE"),
        (server.url("postgres"), "LEDGER_MISSING"),
    ):
        with pytest.raises(AllocError) as refused:
            open_ledger(url, write=True)
        assert refused.value.reason == reason


def test_one_ledger_is_made_where_two_make_one_at_once(place: Place) -> None:
    url = place.empty()

    def make(_: int) -> str:
        try:
            create_ledger(url)
        except ConflictError as error:
            return error.reason
        return "MADE"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, range(2))) == ["LEDGER_EXISTS", "MADE"]
    with open_ledger(url, write=False) as ledger:
        assert verify(ledger).findings == ()


def test_a_ledger_is_opened_by_url_and_by_a_name_with_odd_characters(
    ledger_path: Path,
) -> None:
    odd = ledger_path.with_name("un été à 100% #1?.db")
    ledger_path.rename(odd)
    for url in (str(odd), f"sqlite:///{odd}"):
        for write in (False, True):
            with open_ledger(url, write=write) as ledger:
                assert ledger.counts().files == 0


def test_a_reader_changes_nothing(ledger_url: str) -> None:
    with open_ledger(ledger_url, write=False) as ledger:
        with pytest.raises(StoreError) as refused:
            Books(ledger).receive(Line("B1", 12_000))
        assert refused.value.reason == "NO_PERMISSION"
        assert verify(ledger).findings == ()


def test_a_reader_sees_what_was_committed_while_it_is_open(ledger_url: str) -> None:
    with (
        open_ledger(ledger_url, write=True) as writer,
        open_ledger(ledger_url, write=False) as reader,
    ):
        Books(writer).receive(Line("B1", 12_000))
        assert reader.payments().num_rows == 1


def limited(books: Books, pages: int) -> None:
    """Let the file grow by so many pages only, as a full disk does."""
    database = books.ledger._db  # noqa: SLF001
    size = database.integer("pragma page_count")
    database.integer(f"pragma max_page_count = {size + pages}")


@pytest.mark.parametrize("pages", [0, 1, 3, 8, 20])
def test_a_full_disk_leaves_nothing_half_imported(
    file_books: Books, pages: int
) -> None:
    limited(file_books, pages)
    many = [Line(f"B{number}", 100 + number) for number in range(2_000)]
    with pytest.raises(StoreError) as full:
        file_books.receive(*many)
    assert full.value.reason == "DISK_FULL"
    assert "ledger.db" in str(full.value)
    assert file_books.ledger.counts().files == 0
    assert verify(file_books.ledger).findings == ()
    limited(file_books, 10_000)
    assert file_books.receive(*many).new == 2_000
    assert verify(file_books.ledger).findings == ()


@pytest.mark.parametrize("pages", [0, 2, 6, 12])
def test_a_full_disk_leaves_nothing_half_posted(file_books: Books, pages: int) -> None:
    amounts = {f"F{number}": 100 + number for number in range(300)}
    lines = {name: Line(f"B-{name}", amount) for name, amount in amounts.items()}
    file_books.receive(*lines.values())
    file_books.due(amounts)
    plans = [Plan(entry_id(lines[name]), {name: amounts[name]}) for name in amounts]
    limited(file_books, pages)
    with pytest.raises(StoreError) as full:
        file_books.post(*plans)
    assert full.value.reason == "DISK_FULL"
    assert file_books.open() == amounts
    assert file_books.ledger.counts().entries == 0
    assert verify(file_books.ledger).findings == ()
    limited(file_books, 10_000)
    assert file_books.post(*plans).entries == 300
    assert verify(file_books.ledger).findings == ()


def test_an_interrupt_inside_an_import_leaves_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = store_database.Database.append

    def interrupted(self: store_database.Database, name: str, table: pa.Table) -> None:
        if name == "bank_entry":
            raise KeyboardInterrupt
        append(self, name, table)

    monkeypatch.setattr(store_database.Database, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        books.receive(Line("B1", 12_000))
    monkeypatch.undo()
    assert books.ledger.counts().files == 0
    assert books.receive(Line("B1", 12_000)).new == 1


def test_an_item_of_a_file_may_not_break_the_statement(books: Books) -> None:
    """Text is data: quotes and statements in it are kept as they are."""
    name = "F'1\"; drop table open_item; --\u2028é"
    table = items_table({"F1": 100})
    index = table.schema.get_field_index("reference")
    table = table.set_column(index, "reference", pa.array([name]))
    books.ledger.import_open_items(
        source("x", "open_items"), table, accounts={"E1": CUSTOMER}, now=NOW
    )
    assert books.ledger.open_items()["reference"].to_pylist() == [name]


def test_a_text_with_a_nul_character_is_kept_or_refused_by_name(
    place: Place, books: Books
) -> None:
    table = items_table({"F1": 100})
    index = table.schema.get_field_index("reference")
    table = table.set_column(index, "reference", pa.array(["F\x001"]))
    if place.dialect == "sqlite":
        books.due(table)
        assert books.ledger.open_items()["reference"].to_pylist() == ["F\x001"]
        return
    with pytest.raises(InputError) as refused:
        books.due(table)
    assert refused.value.reason == "TEXT_REFUSED"
    assert books.ledger.counts().files == 0


def test_the_code_knows_every_revision() -> None:
    found = [
        re.findall(r'^revision = "(\w+)"', path.read_text(), re.MULTILINE)
        for path in sorted(VERSIONS.glob("[0-9]*.py"))
    ]
    assert found == [[name] for name in REVISIONS]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_what_makes_a_new_ledger_is_what_alembic_writes(dialect: str) -> None:
    """Else: ``python -m alloc.store.migrations DIALECT base head > DIALECT.sql``."""
    assert schema.kept_script(dialect).read_text("utf-8") == schema.rendered(
        dialect, since=schema.BASE, until=HEAD
    )


def test_no_other_sqlite_is_loaded_with_the_store() -> None:
    """Two SQLite libraries on one file in one process break its locks."""
    code = (
        "import sys, alloc.store\n"
        "print([name for name in ('sqlite3', 'sqlalchemy', 'alembic', 'duckdb')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_permission_is_said(ledger_path: Path) -> None:
    """Root passes every permission, so the folder is one that cannot be written."""
    with open_ledger(str(ledger_path), write=False) as ledger:
        with pytest.raises(StoreError) as refused:
            ledger._db.execute("delete from customer")  # noqa: SLF001
        assert refused.value.reason == "NO_PERMISSION"
        assert "permissions" in str(refused.value)

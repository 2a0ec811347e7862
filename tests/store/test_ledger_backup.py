"""Backups restore into either database; ledgers of older versions are upgraded."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from ledger_places import Databases, Files, Place
from store_books import NOW, Books, Line
from store_fill import fill

from alloc.app.verify import verify
from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    NotFoundError,
    StoreError,
)
from alloc.store import create_ledger, open_ledger, schema
from alloc.store.backend import backend_of
from alloc.store.backup import (
    TABLES,
    back_up,
    declared_schema,
    examine,
    restore,
    upgrade,
)
from alloc.store.database import Database
from alloc.store.revision import HEAD, REVISIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    import pyarrow as pa
    from postgresql_server import Server


@pytest.fixture(scope="session")
def filled(place: Place, empty_url: str) -> str:
    """A ledger with something in every table."""
    url = place.copy(empty_url)
    with open_ledger(url, write=True) as ledger:
        fill(Books(ledger))
    return url


@pytest.fixture
def backup(filled: str, tmp_path: Path) -> Path:
    path = tmp_path / "backup.zip"
    with path.open("wb") as sink:
        back_up(filled, sink, now=NOW)
    return path


def content(url: str) -> dict[str, list[dict[str, object]]]:
    """Everything a ledger says, once it is verified."""
    with open_ledger(url, write=False) as ledger:
        assert verify(ledger).findings == ()
        journal, letters = ledger.journal(), ledger.letters()
        decisions = ledger.decisions()
        tables: dict[str, pa.Table] = {
            "entries": journal.entries,
            "postings": journal.postings,
            "allocated": journal.allocations,
            "groups": letters.groups,
            "members": letters.members,
            "decisions": decisions.decisions,
            "proposed": decisions.allocations,
            "items": ledger.open_items(),
            "payments": ledger.payments(),
            "advices": ledger.advice_lines(),
            "customers": ledger.customers(),
        }
    return {name: table.to_pylist() for name, table in tables.items()}


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_backup_restores_into_either_database_as_it_was(
    filled: str, backup: Path, target: str, server: Server, tmp_path: Path
) -> None:
    place = Files(tmp_path) if target == "sqlite" else Databases(server)
    url = place.empty()
    assert restore(backup, url) == examine(backup)
    assert content(url) == content(filled)
    again = tmp_path / "again.zip"
    with again.open("wb") as sink:
        back_up(url, sink, now=NOW)
    assert again.read_bytes() == backup.read_bytes()


def test_a_restored_ledger_is_worked_on_like_any_other(
    place: Place, backup: Path
) -> None:
    url = place.empty()
    restore(backup, url)
    with open_ledger(url, write=True) as ledger:
        assert Books(ledger, files=10).receive(Line("NEW", 100)).new == 1
        assert verify(ledger).findings == ()


def test_a_ledger_is_never_overwritten_by_a_restore(filled: str, backup: Path) -> None:
    before = content(filled)
    with pytest.raises(ConflictError) as refused:
        restore(backup, filled)
    assert refused.value.reason == "LEDGER_EXISTS"
    assert content(filled) == before


def changed(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Write a backup again, with some part of it changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, change(name, data))


def other_posting(name: str, data: bytes) -> bytes:
    return data[:-1] + b"?" if name == "posting.parquet" else data


def another_format(name: str, data: bytes) -> bytes:
    return b"[]" if name == "manifest.json" else data


def a_later_version(name: str, data: bytes) -> bytes:
    return data.replace(HEAD.encode(), b"9999") if name == "manifest.json" else data


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (other_posting, "BACKUP_DAMAGED"),
        (another_format, "NOT_A_BACKUP"),
        (a_later_version, "LEDGER_VERSION"),
    ],
)
def test_a_backup_that_is_not_whole_makes_no_ledger(
    place: Place, backup: Path, change: Callable[[str, bytes], bytes], reason: str
) -> None:
    changed(backup, change)
    url = place.empty()
    with pytest.raises(AllocError) as refused:
        restore(backup, url)
    assert refused.value.reason == reason
    with pytest.raises(NotFoundError):
        open_ledger(url, write=False)


def test_a_file_that_is_no_backup_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with pytest.raises(NotFoundError) as missing:
        examine(path)
    assert missing.value.reason == "FILE_MISSING"
    path.write_bytes(b"no zip")
    with pytest.raises(InputError) as refused:
        examine(path)
    assert refused.value.reason == "NOT_A_BACKUP"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_backup_holds_every_table_of_the_schema(dialect: str) -> None:
    script = schema.kept_script(dialect).read_text("utf-8")
    tables = set(re.findall(r"^CREATE TABLE (\w+)", script, re.MULTILINE))
    assert tables - {"alembic_version", "bank_entry_next"} == set(TABLES)


def older(place: Place, filled: str, revision: str) -> str:
    """Make a ledger of an older version that holds what it could have held."""
    source = Database(backend_of(filled), write=False)

    def fill_older(database: Database) -> None:
        for name in TABLES:
            names = declared_schema(database, name).names
            if names:
                rows = source.query(
                    f"select * from {name}",  # noqa: S608 - a table of ours
                    declared_schema(source, name),
                )
                database.append(name, rows.select(names))

    url = place.empty()
    try:
        create_ledger(url, revision=revision, fill=fill_older)
    finally:
        source.close()
    return url


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_ledger_of_an_older_version_is_upgraded_with_all_it_holds(
    place: Place, filled: str, revision: str, tmp_path: Path
) -> None:
    url = older(place, filled, revision)
    with pytest.raises(StoreError, match="alloc ledger upgrade") as refused:
        open_ledger(url, write=True)
    assert refused.value.reason == "LEDGER_VERSION"
    path = tmp_path / "before.zip"

    def keep(write: Callable[[BinaryIO], None]) -> None:
        with path.open("wb") as sink:
            write(sink)

    assert upgrade(url, keep, now=NOW) == revision
    assert content(url) == content(filled)
    assert examine(path).revision == revision
    path.unlink()
    assert upgrade(url, keep, now=NOW) == HEAD
    assert not path.exists()


def test_a_backup_of_an_older_version_restores_into_this_one(
    place: Place, filled: str, tmp_path: Path
) -> None:
    path = tmp_path / "old.zip"
    with path.open("wb") as sink:
        back_up(older(place, filled, REVISIONS[0]), sink, now=NOW)
    assert examine(path).revision == REVISIONS[0]
    url = place.empty()
    restore(path, url)
    assert content(url) == content(filled)


def test_an_upgrade_without_a_backup_changes_nothing(place: Place, filled: str) -> None:
    url = older(place, filled, REVISIONS[0])

    def keep(write: Callable[[BinaryIO], None]) -> None:
        raise OSError(f"no space for {write}")

    with pytest.raises(OSError, match="no space"):
        upgrade(url, keep, now=NOW + dt.timedelta(days=1))
    with pytest.raises(StoreError) as refused:
        open_ledger(url, write=True)
    assert refused.value.metadata["found"] == REVISIONS[0]

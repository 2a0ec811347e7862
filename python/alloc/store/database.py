"""A connection to the ledger through ADBC: transactions, staging, typed results.

What it takes care of, each measured:

* ADBC begins deferred transactions, in which two writers fail with "database is
  locked" half way: the connection stays in autocommit and `write` says
  ``begin immediate``.
* SQLite tells ADBC no types; they are guessed from the first batch of rows. So one
  batch holds a whole result, and `typed` casts it to a declared schema.
* Errors come as texts; `_translated` gives them the names of `alloc.errors`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa

from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    InternalError,
    NotFoundError,
    StoreError,
)
from alloc.store.columns import stored, typed
from alloc.store.revision import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

BUSY_TIMEOUT_MS = 10_000
_WRITER_CACHE_KIB = 128 * 1024
_READER_CACHE_KIB = 32 * 1024
_BATCH_ROWS = {"adbc.sqlite.query.batch_rows": str(1 << 30)}
_MAGIC = b"SQLite format 3\x00"
_DRIVER_ERRORS = (adbc_driver_manager.Error, OSError, pa.ArrowException)


class Database:
    """One connection to one ledger file.

    Parameters
    ----------
    path
        An existing ledger file.
    write
        False refuses every change.
    busy_timeout_ms
        How long to wait for another writer.
    """

    def __init__(
        self, path: Path, *, write: bool, busy_timeout_ms: int = BUSY_TIMEOUT_MS
    ) -> None:
        self.path = path
        self._depth = 0
        _check_file(path)
        with self._translated():
            uri = str(path) if write else f"file:{quote(str(path))}?mode=ro"
            self._connection = adbc.connect(uri)
        try:
            with self._translated():
                self._connection.adbc_connection.set_autocommit(True)
                self._configure(write=write, busy_timeout_ms=busy_timeout_ms)
            self._check_revision()
            if write:
                self.scalar("pragma journal_mode = wal")
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()

    def _configure(self, *, write: bool, busy_timeout_ms: int) -> None:
        settings = [
            f"busy_timeout = {busy_timeout_ms}",
            "foreign_keys = on",
            "synchronous = full",
            "temp_store = memory",
            f"cache_size = -{_WRITER_CACHE_KIB if write else _READER_CACHE_KIB}",
            # Pages that batch after batch changes go to the file once, not each time.
            "wal_autocheckpoint = 8000",
        ]
        with self._connection.cursor() as cursor:
            for setting in settings:
                cursor.execute(f"pragma {setting}")
                cursor.fetchall()

    def _check_revision(self) -> None:
        found = ""
        with contextlib.suppress(InternalError):
            found = str(self.scalar("select version_num from alembic_version"))
        if not found:
            raise _not_a_ledger(self.path)
        if found != HEAD:
            raise StoreError(
                f"{self.path.name} has schema {found}, this version of alloc needs "
                f"{HEAD}: use the version of alloc that wrote it",
                reason="LEDGER_VERSION",
                file=self.path,
                found=found,
                needed=HEAD,
            )

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement without a result."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)

    def query(
        self, sql: str, schema: pa.Schema, parameters: Sequence[object] = ()
    ) -> pa.Table:
        """Run a query; its columns are cast to the schema by position."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**_BATCH_ROWS)
            cursor.execute(sql, parameters or None)
            fetched = cursor.fetch_arrow_table()
        return typed(fetched, schema)

    def scalar(self, sql: str, parameters: Sequence[object] = ()) -> object:
        """Run a query and return its single value, None when there is no row."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            row = cursor.fetchone()
        return None if row is None else row[0]

    def integer(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a query whose single value is an integer; null counts as 0."""
        value = self.scalar(sql, parameters)
        return value if isinstance(value, int) else 0

    def stage(self, name: str, table: pa.Table) -> None:
        """Replace a temporary table by these rows."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.adbc_ingest(name, stored(table), mode="replace", temporary=True)

    def append(self, name: str, table: pa.Table) -> None:
        """Add rows to a table of the ledger; all of its columns that are named."""
        if len(table):
            with self._translated(), self._connection.cursor() as cursor:
                cursor.adbc_ingest(name, stored(table), mode="append")

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """Hold the write lock: commit at the end, roll everything back on an error."""
        self.execute("begin immediate")
        try:
            yield
            self.execute("commit")
        except BaseException:
            self._roll_back()
            raise

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """See one state of the ledger in all queries inside."""
        if self._depth:
            yield
            return
        self.execute("begin")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._roll_back()

    def _roll_back(self) -> None:
        # A full disk makes SQLite roll back by itself: then there is nothing to undo.
        with contextlib.suppress(AllocError):
            self.execute("rollback")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _DRIVER_ERRORS as error:
            raise _named(str(error), self.path) from error


def _check_file(path: Path) -> None:
    """Say what is wrong with a file before SQLite does, which creates missing ones."""
    if not path.exists():
        raise NotFoundError(
            f"there is no ledger {path}: restore it from the backup; only a new"
            " workspace starts one with alloc init",
            reason="LEDGER_MISSING",
            file=path,
        )
    if path.is_dir():
        raise _not_a_ledger(path)
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except PermissionError as error:
        raise _no_permission(path) from error
    if magic != _MAGIC:
        raise _not_a_ledger(path)


def _not_a_ledger(path: Path) -> InputError:
    return InputError(
        f"{path.name} is not a ledger of alloc: check [ledger] url in alloc.toml",
        reason="NOT_A_LEDGER",
        file=path,
    )


def _no_permission(path: Path) -> StoreError:
    return StoreError(
        f"{path.name} or its folder cannot be written: check the permissions and "
        "the owner of both",
        reason="NO_PERMISSION",
        file=path,
    )


def _named(text: str, path: Path) -> AllocError:
    """Give an error of the driver its name; the texts are SQLite's own."""
    for fragment, build in _NAMES:
        if fragment in text:
            return build(path)
    return InternalError(
        f"the ledger refused a statement: {text.splitlines()[0]}",
        reason="STATEMENT_REFUSED",
        file=path,
    )


def _busy(path: Path) -> ConflictError:
    return ConflictError(
        f"another process is writing to {path.name}: try again when it is done",
        reason="LEDGER_BUSY",
        file=path,
    )


def _disk_full(path: Path) -> StoreError:
    return StoreError(
        f"no space is left for {path.name}; nothing was stored: free some and run the "
        "same command again",
        reason="DISK_FULL",
        file=path,
    )


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"{path.name} is damaged: restore the latest backup and run alloc verify",
        reason="LEDGER_DAMAGED",
        file=path,
    )


def _io_failed(path: Path) -> StoreError:
    return StoreError(
        f"reading or writing {path.name} failed; nothing was stored: check the disk",
        reason="IO_FAILED",
        file=path,
    )


_NAMES: tuple[tuple[str, Callable[[Path], AllocError]], ...] = (
    ("is locked", _busy),
    ("disk is full", _disk_full),
    ("malformed", _damaged),
    ("not a database", _not_a_ledger),
    ("readonly database", _no_permission),
    ("unable to open", _no_permission),
    ("I/O error", _io_failed),
)

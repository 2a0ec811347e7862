"""SQLite: one file beside the workspace, one writer at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

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
from alloc.store.backend.base import Backend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adbc_driver_manager.dbapi import Connection

_WRITER_CACHE_KIB = 128 * 1024
_READER_CACHE_KIB = 32 * 1024
#: Of new files; those that are there keep theirs. Records of the audit trail fill pages
#: of this size better than those of 4 KiB, and a batch has fewer of them.
_PAGE_BYTES = 8192
_MAGIC = b"SQLite format 3\x00"


class SQLite(Backend):
    """One file.

    ADBC begins deferred transactions, in which two writers fail with "database is
    locked" half way: so a transaction that writes says ``begin immediate``. SQLite
    tells ADBC no types; they are guessed from the first batch of rows, so `Database`
    has one batch hold a whole result.
    """

    dialect = "sqlite"
    begin_write = ("begin immediate",)
    begin_read = "begin"
    before_writing = ("pragma journal_mode = wal",)
    # A table is replaced by another one while others point to it.
    before_migration = ("pragma foreign_keys = off",)
    integrity = "pragma integrity_check"
    columns_of = "select name, lower(type) from pragma_table_info($1) order by cid"

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        super().__init__(self.path.name)

    def connect(self, *, write: bool, create: bool = False) -> Connection:
        """Open the file, which must be there unless it is to be created."""
        if not create:
            self._check_file()
        uri = str(self.path) if write else f"file:{quote(str(self.path))}?mode=ro"
        return adbc.connect(uri)

    def session(self, *, write: bool, busy_timeout_ms: int) -> Sequence[str]:
        """Return the pragmas of a session."""
        settings = [
            f"busy_timeout = {busy_timeout_ms}",
            f"page_size = {_PAGE_BYTES}",
            "foreign_keys = on",
            "synchronous = full",
            "temp_store = memory",
            f"cache_size = -{_WRITER_CACHE_KIB if write else _READER_CACHE_KIB}",
            # Pages that batch after batch changes go to the file once, not each time.
            "wal_autocheckpoint = 8000",
        ]
        return [f"pragma {setting}" for setting in settings]

    def batches_of(self, rows: int) -> Mapping[str, str]:
        """Return how many rows are read before their types are guessed."""
        return {"adbc.sqlite.query.batch_rows": str(rows)}

    def staged(self, name: str, rows: int) -> Sequence[str]:
        """Return nothing: the planner of SQLite does without statistics."""
        del name, rows
        return ()

    def fit(self, table: pa.Table) -> pa.Table:
        """Make a table fit for the file: dates are text in it, quicker made here."""
        table = super().fit(table)
        for at, field in enumerate(table.schema):
            if pa.types.is_date(field.type):
                texts = table.column(at).cast(pa.string())
                table = table.set_column(at, field.name, texts)
        return table

    def carried(self, parameter: str, schema: pa.Schema) -> str:
        """Return the query for rows that a parameter holds."""
        values = [f"json_extract(value, '$[{at}]')" for at in range(len(schema))]
        return f"select {', '.join(values)} from json_each({parameter})"

    def named(self, error: BaseException) -> AllocError:
        """Give an error its name; the texts are SQLite's own."""
        text = str(error)
        for fragment, build in _NAMES:
            if fragment in text:
                return build(self)
        return InternalError(
            f"the ledger refused a statement: {text.splitlines()[0]}",
            reason="STATEMENT_REFUSED",
            file=self.path,
        )

    def _check_file(self) -> None:
        """Say what is wrong with a file; SQLite would create one that is missing."""
        if not self.path.exists():
            raise NotFoundError(
                f"there is no ledger {self.path}: bring it back with 'alloc ledger "
                "restore'; only a new workspace starts one with alloc init",
                reason="LEDGER_MISSING",
                file=self.path,
            )
        if self.path.is_dir():
            raise self.no_ledger()
        try:
            with self.path.open("rb") as file:
                magic = file.read(len(_MAGIC))
        except PermissionError as error:
            raise self.no_permission() from error
        if magic != _MAGIC:
            raise self.no_ledger()

    def no_ledger(self) -> InputError:
        """Say that the file is none of ours."""
        return InputError(
            f"{self.name} is not a ledger of alloc: check [ledger] url in alloc.toml",
            reason="NOT_A_LEDGER",
            file=self.path,
        )

    def no_permission(self) -> StoreError:
        """Say that the file may not be written."""
        return StoreError(
            f"{self.name} or its folder cannot be written: check the permissions and "
            "the owner of both",
            reason="NO_PERMISSION",
            file=self.path,
        )

    def busy(self) -> ConflictError:
        """Say that the wait for another writer was in vain."""
        return ConflictError(
            f"another process is writing to {self.name}: try again when it is done",
            reason="LEDGER_BUSY",
            file=self.path,
        )

    def disk_full(self) -> StoreError:
        """Say that there was no room."""
        return StoreError(
            f"no space is left for {self.name}; nothing was stored: free some and run "
            "the same command again",
            reason="DISK_FULL",
            file=self.path,
        )

    def damaged(self) -> StoreError:
        """Say that the file is broken."""
        return StoreError(
            f"{self.name} is damaged: move it away and bring the latest backup back "
            "with 'alloc ledger restore'",
            reason="LEDGER_DAMAGED",
            file=self.path,
        )

    def io_failed(self) -> StoreError:
        """Say that the disk failed."""
        return StoreError(
            f"reading or writing {self.name} failed; nothing was stored: check the "
            "disk",
            reason="IO_FAILED",
            file=self.path,
        )


_NAMES: tuple[tuple[str, Callable[[SQLite], AllocError]], ...] = (
    ("is locked", SQLite.busy),
    ("disk is full", SQLite.disk_full),
    ("malformed", SQLite.damaged),
    ("not a database", SQLite.no_ledger),
    ("readonly database", SQLite.no_permission),
    ("unable to open", SQLite.no_permission),
    ("failed to open", SQLite.no_permission),
    ("I/O error", SQLite.io_failed),
)

"""PostgreSQL: a ledger that several machines share, one writer at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    InternalError,
    NotFoundError,
    StoreError,
)
from alloc.store.backend.base import DRIVER_ERRORS, Backend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adbc_driver_manager.dbapi import Connection

_ANALYZED_MIN = 500
_NAMES_OF_TYPES = {
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}
_UNREACHABLE = ("08", "57P")
_SETTINGS = {
    "application_name": "alloc",
    "client_encoding": "UTF8",
    # Plans of one batch are not worth compiling.
    "jit": "off",
    "work_mem": "64MB",
    "temp_buffers": "64MB",
    # A writer that fell silent gives the lock back: its machine may be gone.
    "idle_in_transaction_session_timeout": "5min",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class PostgreSQL(Backend):
    """One schema of a database: the first of the connection's search path.

    Whoever writes locks the table of the schema's version before anything else: so
    there are no deadlocks, and the chain of entries has one end.
    The user, the password and TLS are libpq's: in the URL, in ``PGPASSWORD``, in
    ``~/.pgpass`` or in a service file.
    """

    dialect = "postgresql"
    begin_write = ("begin", "lock table alembic_version in exclusive mode")
    begin_read = "begin isolation level repeatable read"
    # Each check reads whole tables. Before their statistics are there the planner takes
    # them for small and goes through one for each row of another: hours.
    before_checking = ("set enable_nestloop = off",)
    columns_of = (
        "select column_name, data_type from information_schema.columns "
        "where table_schema = current_schema() and table_name = $1 "
        "order by ordinal_position"
    )

    def __init__(self, url: str) -> None:
        self._url = url
        super().__init__(_name_of(url))

    def connect(self, *, write: bool, create: bool = False) -> Connection:
        """Connect to the server; the ledger may be missing in it."""
        del write, create
        try:
            connection: Connection = adbc.connect(self._url)
        except DRIVER_ERRORS as error:
            # Without the driver's error as a cause: it may repeat the URL.
            raise self._unconnected(str(error)) from None
        return connection

    def session(self, *, write: bool, busy_timeout_ms: int) -> Sequence[str]:
        """Return the settings of a session, in one round trip."""
        del write
        settings = _SETTINGS | {"lock_timeout": f"{busy_timeout_ms}ms"}
        calls = [
            f"set_config('{name}', '{value}', false)"
            for name, value in settings.items()
        ]
        return [f"select {', '.join(calls)}"]

    def staged(self, name: str, rows: int) -> Sequence[str]:
        """Tell the planner of many rows: it takes a new table for a small one."""
        return (f"analyze {name}",) if rows > _ANALYZED_MIN else ()

    def carried(self, parameter: str, schema: pa.Schema) -> str:
        """Return the query for rows that a parameter holds."""
        values = [
            f"cast(value ->> {at} as {_NAMES_OF_TYPES.get(field.type, 'text')})"
            for at, field in enumerate(schema)
        ]
        rows = f"json_array_elements(cast(cast({parameter} as text) as json))"
        return f"select {', '.join(values)} from {rows}"

    def named(self, error: BaseException) -> AllocError:
        """Give an error its name, by the code that the SQL standard gives it."""
        state = getattr(error, "sqlstate", None) or ""
        if build := _NAMES.get(state):
            return build(self)
        is_io = (
            isinstance(error, adbc_driver_manager.Error)
            and error.status_code == adbc_driver_manager.AdbcStatusCode.IO
        )
        if state.startswith(_UNREACHABLE) or (is_io and not state):
            return self.unreachable()
        return InternalError(
            f"the ledger refused a statement: {str(error).splitlines()[0]}",
            reason="STATEMENT_REFUSED",
            ledger=self.name,
        )

    def _unconnected(self, text: str) -> AllocError:
        """Say why there is no connection; libpq tells it in words only."""
        if "does not exist" in text and "database" in text:
            return NotFoundError(
                f"the server has no database for the ledger {self.name}: create it "
                "with createdb, or correct [ledger] url in alloc.toml",
                reason="DATABASE_MISSING",
                ledger=self.name,
            )
        if "authentication" in text or "no password" in text or "role" in text:
            return StoreError(
                f"the server of {self.name} refused the user: check the user in "
                "[ledger] url, and PGPASSWORD or ~/.pgpass",
                reason="LEDGER_DENIED",
                ledger=self.name,
            )
        return self.unreachable()

    def no_ledger(self) -> NotFoundError:
        """Say that the database holds no ledger yet."""
        return NotFoundError(
            f"there is no ledger in {self.name}: bring it back with 'alloc ledger "
            "restore'; only a new workspace starts one with alloc init",
            reason="LEDGER_MISSING",
            ledger=self.name,
        )

    def no_permission(self) -> StoreError:
        """Say that the user may not write."""
        return StoreError(
            f"{self.name} cannot be written: ask for the rights on its schema",
            reason="NO_PERMISSION",
            ledger=self.name,
        )

    def unreachable(self) -> StoreError:
        """Say that the server is gone; what was under way is whole or not there."""
        return StoreError(
            f"the database server of {self.name} does not answer: what was under way "
            "is stored whole or not at all; run the same command again when it is back",
            reason="LEDGER_UNREACHABLE",
            ledger=self.name,
        )

    def busy(self) -> ConflictError:
        """Say that the wait for another writer was in vain."""
        return ConflictError(
            f"another process is writing to {self.name}: try again when it is done",
            reason="LEDGER_BUSY",
            ledger=self.name,
        )

    def conflict(self) -> ConflictError:
        """Say that another session was in the way; nothing was stored."""
        return ConflictError(
            f"another session changed {self.name} at the same time; nothing was "
            "stored: run the same command again",
            reason="LEDGER_CONFLICT",
            ledger=self.name,
        )

    def disk_full(self) -> StoreError:
        """Say that the server has no room."""
        return StoreError(
            f"the server of {self.name} has no space left; nothing was stored: free "
            "some and run the same command again",
            reason="DISK_FULL",
            ledger=self.name,
        )

    def damaged(self) -> StoreError:
        """Say that the server found a page broken."""
        return StoreError(
            f"{self.name} is damaged: move it away and bring the latest backup back "
            "with 'alloc ledger restore'",
            reason="LEDGER_DAMAGED",
            ledger=self.name,
        )

    def text_refused(self) -> InputError:
        """Say that a text cannot be stored."""
        return InputError(
            f"{self.name} cannot keep a text with a NUL character; nothing was stored: "
            "correct the file",
            reason="TEXT_REFUSED",
            ledger=self.name,
        )


def _name_of(url: str) -> str:
    """Name the ledger by host and database: no user, no password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise InputError(
            "[ledger] url: the address of the PostgreSQL server cannot be read; write "
            "postgresql://user@host:port/database",
            reason="LEDGER_URL",
            field="ledger.url",
        ) from None
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", [""])[0]
    if not host or host.startswith("/"):  # A socket: the server is on this machine.
        host = "localhost"
    return f"{host}{port}/{unquote(parts.path.lstrip('/'))}"


_NAMES: dict[str, Callable[[PostgreSQL], AllocError]] = {
    "22021": PostgreSQL.text_refused,
    "23505": PostgreSQL.conflict,
    "25P03": PostgreSQL.unreachable,
    "25006": PostgreSQL.no_permission,
    "40001": PostgreSQL.conflict,
    "40P01": PostgreSQL.conflict,
    "42P07": PostgreSQL.conflict,
    "42501": PostgreSQL.no_permission,
    "53100": PostgreSQL.disk_full,
    "55P03": PostgreSQL.busy,
    "XX001": PostgreSQL.damaged,
    "XX002": PostgreSQL.damaged,
}

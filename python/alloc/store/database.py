"""A connection to the ledger through ADBC: transactions, staging, typed results.

The connection stays in autocommit: a transaction is what `Database.write` and
`Database.read` say, in the words of the backend. Databases give results of loose types,
which `typed` casts to a declared schema. Errors come as texts or codes; the backend
gives them the names of `alloc.errors`.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from alloc.errors import AllocError, InternalError
from alloc.store.backend.base import DRIVER_ERRORS
from alloc.store.columns import typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from adbc_driver_manager.dbapi import Cursor

    from alloc.store.backend.base import Backend

BUSY_TIMEOUT_MS = 10_000
#: A set of so many rows goes with each statement that names it, as one parameter: to
#: make a table of it takes longer than to use it.
_CARRIED_MAX = 500
#: Rows that are expected of a query for few. SQLite has room for a whole batch made
#: before its first row, which takes longer than to read few.
_FEW_ROWS = 1024
_ALL_ROWS = 1 << 30
#: Statements that stay prepared; the one unused for longest goes.
_CURSORS_MAX = 64
_STAGED = re.compile(r"\bstage_[a-z_]+\b")
_PARAMETER = re.compile(r"\$(\d+)")
_NUL = b"\\u0000"


class Database:
    """One connection to one ledger.

    Parameters
    ----------
    backend
        Where the ledger is.
    write
        False refuses every change.
    create
        Whether the ledger may be missing.
    busy_timeout_ms
        How long to wait for another writer.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        write: bool,
        create: bool = False,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> None:
        self.backend = backend
        self._write = write
        self._depth = 0
        self._writing = False
        self._carried: dict[str, tuple[pa.Schema, str]] = {}
        self._cursors: dict[str, Cursor] = {}
        with self._translated():
            self._connection = backend.connect(write=write, create=create)
        try:
            with self._translated():
                self._connection.adbc_connection.set_autocommit(True)
            self.run(backend.session(write=write, busy_timeout_ms=busy_timeout_ms))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        while self._cursors:
            self._cursors.popitem()[1].close()
        self._connection.close()

    def revision(self) -> str:
        """Return the revision of the schema, empty when there is no ledger."""
        with contextlib.suppress(InternalError):
            return str(self.scalar("select version_num from alembic_version") or "")
        return ""

    def run(self, statements: Sequence[str]) -> None:
        """Run statements one after the other; what they return is left aside."""
        for statement in statements:
            self.scalar(statement)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement without a result."""
        with self._prepared(sql, parameters) as (cursor, text, given):
            cursor.executemany(text, [given] if given else None)

    def query(
        self, sql: str, schema: pa.Schema, parameters: Sequence[object] = ()
    ) -> pa.Table:
        """Run a query; its columns are cast to the schema by position."""
        return typed(self._fetched(sql, parameters), schema)

    def row(
        self, sql: str, parameters: Sequence[object] = ()
    ) -> tuple[object, ...] | None:
        """Run a query and return its first row."""
        found = self._fetched(sql, parameters, rows=_FEW_ROWS)
        if not len(found):
            return None
        return tuple(column[0].as_py() for column in found.columns)

    def scalar(self, sql: str, parameters: Sequence[object] = ()) -> object:
        """Run a query and return its single value, None when there is no row."""
        row = self.row(sql, parameters)
        return None if row is None else row[0]

    def integer(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Run a query whose single value is an integer; null counts as 0."""
        value = self.scalar(sql, parameters)
        return value if isinstance(value, int) else 0

    def stage(self, name: str, table: pa.Table) -> None:
        """Let statements use these rows under a name, in the place of those before."""
        table = self.backend.fit(table)
        self._carried.pop(name, None)
        if len(table) <= _CARRIED_MAX:
            columns = [column.to_pylist() for column in table.columns]
            text = msgspec.json.encode(list(zip(*columns, strict=True)))
            if _NUL not in text:  # JSON in a database may end there.
                self._carried[name] = (table.schema, text.decode())
                return
        self.load(name, table)

    def load(self, name: str, table: pa.Table) -> None:
        """Replace a temporary table by these rows."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.adbc_ingest(
                name, self.backend.fit(table), mode="replace", temporary=True
            )
        self.run(self.backend.staged(name, len(table)))

    @contextlib.contextmanager
    def _prepared(
        self, sql: str, parameters: Sequence[object]
    ) -> Iterator[tuple[Cursor, str, list[object]]]:
        """Lend the cursor of a statement, kept from when it was last prepared.

        The small sets that the statement names are put before it and its parameters;
        SQLite counts parameters as they appear, whatever their numbers.
        """
        named = dict.fromkeys(_STAGED.findall(sql))
        sets = {name: self._carried[name] for name in named if name in self._carried}
        if sets:
            parts = [
                f"{name}({', '.join(schema.names)}) as "
                f"({self.backend.carried(f'${place}', schema)})"
                for place, (name, (schema, _)) in enumerate(sets.items(), start=1)
            ]
            shifted = _PARAMETER.sub(lambda found: f"${int(found[1]) + len(sets)}", sql)
            sql = f"with {', '.join(parts)} {shifted}"
        given = [*(text for _, text in sets.values()), *parameters]
        with self._translated():
            cursor = self._cursors.pop(sql, None) or self._new_cursor()
            try:
                yield cursor, sql, given
            except BaseException:
                cursor.close()
                raise
            if len(sets) < len(named):  # Its temporary tables come and go.
                cursor.close()
                return
            self._cursors[sql] = cursor
            if len(self._cursors) > _CURSORS_MAX:
                self._cursors.pop(next(iter(self._cursors))).close()

    def _new_cursor(self) -> Cursor:
        return self._connection.cursor()

    def _fetched(
        self, sql: str, parameters: Sequence[object], *, rows: int = _ALL_ROWS
    ) -> pa.Table:
        """Run a query; one for a small set of keys is expected to find few rows.

        When there are more of them, it is run once more for all.
        """
        with self._prepared(sql, parameters) as (cursor, text, given):
            if len(given) > len(parameters):
                rows = _FEW_ROWS
            found = self._batches(cursor, text, given, rows)
            if found is None:
                found = self._batches(cursor, text, given, _ALL_ROWS)
            return found

    def _batches(
        self, cursor: Cursor, sql: str, given: list[object], rows: int
    ) -> pa.Table | None:
        """Run a query in batches of so many rows; None when the first one is full."""
        cursor.adbc_statement.set_options(**self.backend.batches_of(rows))
        cursor.execute(sql, given or None)
        reader = cursor.fetch_record_batch()
        first = next(reader, None)
        if first is None:
            return reader.schema.empty_table()
        return None if len(first) == rows else pa.Table.from_batches([first, *reader])

    def append(self, name: str, table: pa.Table) -> None:
        """Add rows to a table of the ledger; all of its columns that are named."""
        if len(table):
            with self._translated(), self._connection.cursor() as cursor:
                cursor.adbc_ingest(name, self.backend.fit(table), mode="append")

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """Be the only writer: commit at the end, roll everything back on an error.

        Inside another `write` it is a part of that transaction.
        """
        if not self._write:
            raise self.backend.no_permission()
        if self._writing:
            yield
            return
        with self.transaction(self.backend.begin_write):
            self._writing = True
            try:
                yield
            finally:
                self._writing = False

    @contextlib.contextmanager
    def transaction(self, begin: Sequence[str] = ("begin",)) -> Iterator[None]:
        """Commit at the end, roll everything back on an error."""
        try:
            self.run(begin)
            yield
            self.execute("commit")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._writing = False

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """See one state of the ledger in all queries inside."""
        if self._depth or self._writing:
            yield
            return
        self.execute(self.backend.begin_read)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._roll_back()

    def _roll_back(self) -> None:
        # A full disk makes SQLite roll back by itself, and a server may be gone.
        with contextlib.suppress(AllocError):
            self.execute("rollback")

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DRIVER_ERRORS as error:
            raise self.backend.named(error) from error

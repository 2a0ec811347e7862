"""Backups: the whole ledger in one file, the same for every database.

A ZIP of one Parquet file a table and ``manifest.json``, which names the schema's
revision, and the rows and the SHA-256 of each table. So a backup of SQLite restores
into PostgreSQL and back, one of an older version into this one, and other programs can
read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from alloc.errors import InputError, NotFoundError
from alloc.store.backend import backend_of
from alloc.store.columns import columns
from alloc.store.database import Database
from alloc.store.files import utc
from alloc.store.revision import HEAD, REVISIONS
from alloc.store.schema import create_ledger, migrate, other_revision

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "TABLES",
    "Backup",
    "back_up",
    "declared_schema",
    "examine",
    "restore",
    "upgrade",
]

#: Every table of the newest schema; those that others point to come first.
TABLES = (
    "answered_call",
    "claim",
    "forgotten_fact",
    "approval",
    "operation",
    "import_file",
    "import_notice",
    "statement",
    "bank_entry",
    "bank_reference",
    "advice",
    "advice_line",
    "customer",
    "open_item",
    "decision",
    "allocation",
    "adjustment",
    "refusal",
    "journal_entry",
    "posting",
    "letter_group",
    "letter_member",
    "audit_record",
)
_MANIFEST = "manifest.json"
_FORMAT = "alloc-ledger-backup-1"
_DECLARED = columns("name kind")
_TYPES = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "integer": pa.int64(),
    "text": pa.string(),
}


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Parameters
    ----------
    revision
        Of the schema.
    rows
        How many of each table.
    """

    revision: str
    rows: Mapping[str, int]


def back_up(url: str, sink: BinaryIO, *, now: dt.datetime) -> None:
    """Write one state of a ledger, of whatever revision; others may go on writing.

    Parameters
    ----------
    url
        As `alloc.store.open_ledger` takes it.
    sink
        Where the ZIP goes.
    now
        When the backup says it was made, UTC.
    """
    database = Database(backend_of(url), write=False)
    try:
        with database.read():
            _pack(database, sink, now)
    finally:
        database.close()


def examine(path: Path) -> Backup:
    """Read a backup whole and compare it with what it says of itself.

    Raises
    ------
    alloc.errors.InputError
        ``BACKUP_DAMAGED``, ``NOT_A_BACKUP``.
    alloc.errors.NotFoundError
        ``FILE_MISSING``.
    """
    with _opened(path) as packed:
        for _ in packed.tables():
            pass
        return packed.backup


def upgrade(
    url: str, keep: Callable[[Callable[[BinaryIO], None]], None], *, now: dt.datetime
) -> str:
    """Bring a ledger to the schema of this version, after a backup of it.

    Parameters
    ----------
    url
        As `alloc.store.open_ledger` takes it.
    keep
        Is given what writes the backup into a stream, and has it on the disk when it
        returns. Nobody else writes to the ledger meanwhile.
    now
        When the backup says it was made, UTC.

    Returns
    -------
    str
        The revision that was found: the newest one when there was nothing to do.

    Raises
    ------
    alloc.errors.StoreError
        ``LEDGER_VERSION``: a newer version of alloc wrote it.
    """
    database = Database(backend_of(url), write=True)
    try:
        _revision_of(database)
        database.run(database.backend.before_migration)
        with database.write():
            found = _revision_of(database)
            if found != HEAD:
                keep(lambda sink: _pack(database, sink, now))
                migrate(database, since=found)
    finally:
        database.close()
    return found


def restore(path: Path, url: str) -> Backup:
    """Make a ledger of a backup; it appears whole or not at all.

    Parameters
    ----------
    path
        The backup; an older one is brought to the schema of this version.
    url
        Where no ledger is yet.

    Raises
    ------
    alloc.errors.InputError
        ``BACKUP_DAMAGED``, ``NOT_A_BACKUP``.
    alloc.errors.ConflictError
        ``LEDGER_EXISTS``.
    alloc.errors.StoreError
        ``LEDGER_VERSION``: a newer version of alloc wrote it.
    """
    with _opened(path) as packed:
        found = packed.backup.revision

        def fill(database: Database) -> None:
            for name, table in packed.tables():
                database.append(name, table)
            if found != HEAD:
                migrate(database, since=found)

        create_ledger(url, revision=found, fill=fill)
        return packed.backup


def _revision_of(database: Database) -> str:
    found = database.revision()
    if not found:
        raise database.backend.no_ledger()
    if found not in REVISIONS:
        raise other_revision(database.backend.name, found)
    return found


def _pack(database: Database, sink: BinaryIO, now: dt.datetime) -> None:
    parts: dict[str, dict[str, object]] = {}
    moment = now.timetuple()[:6]
    with zipfile.ZipFile(sink, "w") as archive:
        for name in TABLES:
            schema = declared_schema(database, name)
            if not len(schema):  # The table came with a later revision.
                continue
            table = database.query(f"select * from {name} order by 1, 2, 3, 4", schema)
            packed = pa.BufferOutputStream()
            pq.write_table(table, packed, compression="zstd")
            data = packed.getvalue().to_pybytes()
            archive.writestr(zipfile.ZipInfo(_part(name), moment), data)
            digest = hashlib.sha256(data).hexdigest()
            parts[name] = {"rows": len(table), "sha256": digest}
        manifest = {
            "format": _FORMAT,
            "revision": _revision_of(database),
            "made_at": utc(now),
            "tables": parts,
        }
        text = json.dumps(manifest, indent=2) + "\n"
        archive.writestr(zipfile.ZipInfo(_MANIFEST, moment), text)


def declared_schema(database: Database, name: str) -> pa.Schema:
    """Return the columns of a table; none when this revision has no such table."""
    declared = database.query(database.backend.columns_of, _DECLARED, (name,))
    return pa.schema(
        [(row["name"], _TYPES[row["kind"]]) for row in declared.to_pylist()]
    )


def _part(name: str) -> str:
    return f"{name}.parquet"


class _Packed:
    """A backup that is open."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        try:
            manifest = json.loads(archive.read(_MANIFEST))
            self._parts = {
                name: (int(part["rows"]), str(part["sha256"]))
                for name, part in manifest["tables"].items()
            }
            rows = {name: count for name, (count, _) in self._parts.items()}
            self.backup = Backup(str(manifest["revision"]), rows)
            is_ours = manifest["format"] == _FORMAT
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _no_backup(path) from error
        if not is_ours or not set(rows) <= set(TABLES):
            raise _no_backup(path)
        if self.backup.revision not in REVISIONS:
            raise other_revision(path.name, self.backup.revision)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Read each table, which must be what the manifest says."""
        for name in TABLES:
            if name in self._parts:
                yield name, self._table(name)

    def _table(self, name: str) -> pa.Table:
        rows, sha256 = self._parts[name]
        try:
            data = self._archive.read(_part(name))
        except (KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise _damaged(self._path, name) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _damaged(self._path, name)
        table = pq.read_table(pa.BufferReader(data))
        if len(table) != rows:
            raise _damaged(self._path, name)
        return table


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[_Packed]:
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"there is no backup {path}", reason="FILE_MISSING", file=path
        ) from error
    except zipfile.BadZipFile as error:
        raise _no_backup(path) from error
    with archive:
        yield _Packed(archive, path)


def _no_backup(path: Path) -> InputError:
    return InputError(
        f"{path.name} is not a backup of a ledger: name a file that "
        "'alloc ledger backup' has written",
        reason="NOT_A_BACKUP",
        file=path,
    )


def _damaged(path: Path, name: str) -> InputError:
    return InputError(
        f"{path.name} is damaged in its part {_part(name)}: take another backup",
        reason="BACKUP_DAMAGED",
        file=path,
        part=name,
    )

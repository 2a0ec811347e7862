"""Making a ledger and bringing an older one to the schema of this version.

Alembic's migrations are the only source of the schema; it renders them to SQL in a
process of its own, and ADBC runs that in one transaction. What makes a new ledger is
rendered once and kept beside the migrations, so that the first run does not wait for
it; a test renders it again and compares.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alloc.errors import ConflictError, StoreError
from alloc.store.backend import backend_of
from alloc.store.backend.sqlite import SQLite
from alloc.store.database import Database
from alloc.store.revision import HEAD, REVISIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from alloc.store.backend.base import Backend

#: Before the first revision: nothing.
BASE = "base"
_MIGRATIONS = Path(__file__).parent / "migrations"
_END = ";\n\n"


def kept_script(dialect: str) -> Path:
    """Return the file with what makes a new ledger."""
    return _MIGRATIONS / f"{dialect}.sql"


@cache
def rendered(dialect: str, *, since: str, until: str) -> str:
    """Let Alembic write the SQL from one revision to another, in its own process.

    Raises
    ------
    alloc.errors.StoreError
        ``LEDGER_NOT_UPGRADED``.
    """
    words = [sys.executable, "-m", "alloc.store.migrations", dialect, since, until]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StoreError(
            f"the migration from {since} to {until} cannot be written: {last}",
            reason="LEDGER_NOT_UPGRADED",
            found=since,
            needed=until,
        )
    return done.stdout


def migrate(database: Database, *, since: str, until: str = HEAD) -> None:
    """Run the migrations between two revisions, inside a transaction of the caller."""
    dialect = database.backend.dialect
    if (since, until) == (BASE, HEAD):
        script = kept_script(dialect).read_text("utf-8")
    else:
        script = rendered(dialect, since=since, until=until)
    database.run([part for part in script.split(_END) if part.strip()])


def check_revision(database: Database) -> None:
    """Refuse a ledger of another schema than this version reads and writes."""
    found = database.revision()
    if not found:
        raise database.backend.no_ledger()
    if found != HEAD:
        raise other_revision(database.backend.name, found)


def other_revision(name: str, found: str) -> StoreError:
    """Say that this version of alloc does not read a schema, and what does."""
    what = (
        "run 'alloc ledger upgrade'"
        if found in REVISIONS
        else "use the version of alloc that wrote it"
    )
    return StoreError(
        f"{name} has schema {found}, this version of alloc needs {HEAD}: {what}",
        reason="LEDGER_VERSION",
        ledger=name,
        found=found,
        needed=HEAD,
    )


def create_ledger(
    url: str, *, revision: str = HEAD, fill: Callable[[Database], None] | None = None
) -> None:
    """Create an empty ledger; it appears whole or not at all.

    Parameters
    ----------
    url
        As `alloc.store.open_ledger` takes it. A file must not exist; a PostgreSQL
        database must, without a ledger in its first schema.
    revision
        Of the schema; an older one is for the content of an older ledger.
    fill
        Puts content into it, in the same transaction.

    Raises
    ------
    alloc.errors.ConflictError
        ``LEDGER_EXISTS``.
    alloc.errors.StoreError
        ``NO_PERMISSION``, ``LEDGER_NOT_CREATED`` and what reaching a server raises.
    """
    backend = backend_of(url)
    if isinstance(backend, SQLite):
        _create_file(backend.path, revision, fill)
    else:
        _create(backend, revision, fill)


def _create_file(
    path: Path, revision: str, fill: Callable[[Database], None] | None
) -> None:
    if path.exists():
        raise _exists(path)
    maker = f"{os.getpid()}-{threading.get_ident()}"
    built = SQLite(str(path.with_name(f".{path.name}.{maker}.new")))
    try:
        try:
            _create(built, revision, fill)
        except StoreError as error:
            raise StoreError(
                f"{path} could not be created: {error}",
                reason="LEDGER_NOT_CREATED",
                file=path,
            ) from error
        _name(built.path, path)
    finally:
        built.path.unlink(missing_ok=True)


def _create(
    backend: Backend, revision: str, fill: Callable[[Database], None] | None
) -> None:
    database = Database(backend, write=True, create=True)
    try:
        if database.revision():
            raise _exists(backend.name)
        database.run(backend.before_migration)
        with database.transaction():
            migrate(database, since=BASE, until=revision)
            if fill is not None:
                fill(database)
        # Before it has its name: a writer that is killed while it changes the mode
        # would leave what no reader can open.
        database.run(backend.before_writing)
    except ConflictError as error:
        raise _exists(backend.name) from error
    finally:
        database.close()


def _exists(name: object) -> ConflictError:
    return ConflictError(
        f"{name} exists: a ledger is never overwritten",
        reason="LEDGER_EXISTS",
        ledger=name,
    )


def _name(built: Path, path: Path) -> None:
    """Give the finished file its name, which no other file may have."""
    try:
        path.hardlink_to(built)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise StoreError(
            f"{path} could not be created: {error.strerror}",
            reason="NO_PERMISSION",
            file=path,
        ) from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

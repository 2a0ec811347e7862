"""What one database does differently from another: the whole of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import adbc_driver_manager
import pyarrow as pa

from alloc.store.columns import stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adbc_driver_manager.dbapi import Connection

    from alloc.errors import AllocError

#: What the drivers raise; `Backend.named` gives each its name.
DRIVER_ERRORS = (adbc_driver_manager.Error, OSError, pa.ArrowException)


class Backend(ABC):
    """One kind of database, and where the ledger is in it.

    Parameters
    ----------
    name
        What messages call the ledger; never holds a password.
    """

    #: Name of the dialect, as in the URL.
    dialect: ClassVar[str]
    #: Begin a transaction that writes, once no other one does.
    begin_write: ClassVar[Sequence[str]]
    #: Begin a transaction that sees one state of the ledger.
    begin_read: ClassVar[str]
    #: What makes a ledger that is ours ready to be written.
    before_writing: ClassVar[Sequence[str]] = ()
    #: What a migration needs before its transaction.
    before_migration: ClassVar[Sequence[str]] = ()
    #: What a session needs that checks the whole ledger.
    before_checking: ClassVar[Sequence[str]] = ()
    #: Says what is wrong with the storage itself, a row a finding but ``ok``.
    integrity: ClassVar[str | None] = None
    #: Lists the columns of a table in order: name, declared type.
    columns_of: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def connect(self, *, write: bool, create: bool = False) -> Connection:
        """Connect; says what is missing where the driver would not."""

    @abstractmethod
    def session(self, *, write: bool, busy_timeout_ms: int) -> Sequence[str]:
        """Return the statements that begin a session."""

    def batches_of(self, rows: int) -> Mapping[str, str]:
        """Return the options of a query whose result comes in such batches."""
        del rows
        return {}

    def fit(self, table: pa.Table) -> pa.Table:
        """Make a table fit for the database."""
        return stored(table)

    @abstractmethod
    def staged(self, name: str, rows: int) -> Sequence[str]:
        """Return the statements that follow a temporary table's filling."""

    @abstractmethod
    def carried(self, parameter: str, schema: pa.Schema) -> str:
        """Return the query for rows that a parameter holds, a JSON list each."""

    @abstractmethod
    def named(self, error: BaseException) -> AllocError:
        """Give an error of the driver its name."""

    @abstractmethod
    def no_ledger(self) -> AllocError:
        """Say that the database is there, but no ledger in it."""

    @abstractmethod
    def no_permission(self) -> AllocError:
        """Say that the ledger may not be written."""

"""Where the tests keep their ledgers: files, or databases of a real PostgreSQL."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from alloc.store import create_ledger

if TYPE_CHECKING:
    from pathlib import Path

    from postgresql_server import Server


class Place(Protocol):
    """One kind of database; ledgers are named by their URLs."""

    dialect: str

    def empty(self) -> str:
        """Return where a ledger may be made."""

    def copy(self, url: str) -> str:
        """Copy a ledger that nobody has open."""


class Files:
    """SQLite: a file each."""

    dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def empty(self) -> str:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return str(folder / "ledger.db")

    def copy(self, url: str) -> str:
        return str(shutil.copy(url, self.empty()))


class Databases:
    """PostgreSQL: a database each."""

    dialect = "postgresql"

    def __init__(self, server: Server) -> None:
        self._server = server

    def empty(self) -> str:
        return self._server.url(self._server.new())

    def copy(self, url: str) -> str:
        template = urlsplit(url).path.lstrip("/")
        return self._server.url(self._server.new(template=template))


def made(place: Place) -> str:
    """Make an empty ledger, as `alloc init` leaves it."""
    url = place.empty()
    create_ledger(url)
    return url

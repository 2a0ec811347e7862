from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ledger_places import Databases, Files, Place, made
from postgresql_server import Server
from store_books import Books

from alloc.store import open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server for all tests that kill none."""
    started = Server()
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Both kinds of database, one after the other."""
    if request.param == "sqlite":
        yield Files(tmp_path_factory.mktemp("ledgers"))
        return
    yield Databases(request.getfixturevalue("server"))


@pytest.fixture(scope="session")
def empty_url(place: Place) -> str:
    """A ledger as `alloc init` leaves it; copied for each test."""
    return made(place)


@pytest.fixture
def ledger_url(place: Place, empty_url: str) -> str:
    """An empty ledger of one's own, in either database."""
    return place.copy(empty_url)


@pytest.fixture
def books(ledger_url: str) -> Iterator[Books]:
    with open_ledger(ledger_url, write=True) as ledger:
        yield Books(ledger)


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger file."""
    return Path(made(Files(tmp_path_factory.mktemp("empty"))))


@pytest.fixture
def ledger_path(empty_ledger: Path, tmp_path: Path) -> Path:
    """An empty ledger file of one's own."""
    path = tmp_path / "ledger.db"
    path.write_bytes(empty_ledger.read_bytes())
    return path


@pytest.fixture
def file_books(ledger_path: Path) -> Iterator[Books]:
    """Books in a file, for what only files do."""
    with open_ledger(str(ledger_path), write=True) as ledger:
        yield Books(ledger)

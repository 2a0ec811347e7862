from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from clearing_book import Book

from alloc.store import create_ledger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def empty_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger as `alloc init` leaves it; copied for each test."""
    path = tmp_path_factory.mktemp("empty-book") / "ledger.db"
    create_ledger(str(path))
    return path


@pytest.fixture
def book(empty_book: Path, tmp_path: Path) -> Iterator[Book]:
    path = shutil.copy(empty_book, tmp_path / "ledger.db")
    with open_ledger(str(path), write=True) as ledger:
        yield Book(ledger)

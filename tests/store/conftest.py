from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from store_books import Books

from alloc.store import create_ledger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger as `alloc init` leaves it; copied for each test."""
    path = tmp_path_factory.mktemp("empty") / "ledger.db"
    create_ledger(str(path))
    return path


@pytest.fixture
def ledger_path(empty_ledger: Path, tmp_path: Path) -> Path:
    return shutil.copy(empty_ledger, tmp_path / "ledger.db")


@pytest.fixture
def books(ledger_path: Path) -> Iterator[Books]:
    with open_ledger(str(ledger_path), write=True) as ledger:
        yield Books(ledger)

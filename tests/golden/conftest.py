"""A ledger as `alloc init` leaves it, copied for each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alloc.store import create_ledger

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "ledger.db"
    create_ledger(str(path))
    return path

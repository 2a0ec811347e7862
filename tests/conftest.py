"""What all tests share: the folder of the shared material, where it is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path | None:
    """Folder of the material that is shared between projects, or None."""
    folder = Path(os.environ.get("ALLOC_SHARED", ROOT.parent / "shared"))
    return folder if (folder / "golden").is_dir() else None

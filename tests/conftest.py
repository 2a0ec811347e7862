"""What all tests share: the folder of the shared material, where it is there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Shells start background jobs with Ctrl-C ignored, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure: `pytest --hypothesis-profile deep` looks longer.
settings.register_profile("fast", deadline=None)
settings.register_profile("deep", deadline=None, max_examples=1000)
settings.load_profile("fast")

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

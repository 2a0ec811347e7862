"""`alloc`: an open, ERP-neutral cash application engine.

Public names load on first use, so that ``import alloc`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alloc.engine import Proposal, __version__, observe_habits, propose
    from alloc.errors import AllocError

_HOME = {
    "AllocError": "alloc.errors",
    "Proposal": "alloc.engine",
    "__version__": "alloc.engine",
    "observe_habits": "alloc.engine",
    "propose": "alloc.engine",
}

__all__ = ["AllocError", "Proposal", "__version__", "observe_habits", "propose"]


def __getattr__(name: str) -> object:
    """Resolve a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'alloc' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)

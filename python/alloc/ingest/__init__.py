"""Files of banks and other systems, told apart by content and read by profile.

Names load on first use: the tables need pyarrow, the profiles alone do not.
"""

from __future__ import annotations

import importlib

_HOME = {
    "Detected": "alloc.ingest.detection",
    "Profile": "alloc.ingest.profile",
    "ProfileReport": "alloc.ingest.check",
    "Reader": "alloc.ingest.reader",
    "builtin_profiles": "alloc.ingest.profile",
    "check_profile": "alloc.ingest.check",
    "detect": "alloc.ingest.detection",
    "load_profile": "alloc.ingest.profile",
    "load_profiles": "alloc.ingest.profile",
    "open_reader": "alloc.ingest.reader",
    "read_bank": "alloc.ingest.statements",
    "read_table": "alloc.ingest.tabular",
}

__all__ = [
    "Detected",
    "Profile",
    "ProfileReport",
    "Reader",
    "builtin_profiles",
    "check_profile",
    "detect",
    "load_profile",
    "load_profiles",
    "open_reader",
    "read_bank",
    "read_table",
]


def __getattr__(name: str) -> object:
    """Resolve a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'alloc.ingest' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)

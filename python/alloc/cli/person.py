"""Who sits at the terminal: the name that decisions are kept under."""

from __future__ import annotations

import getpass
import os

__all__ = ["person"]


def person() -> str:
    """Return the name of the person for the audit trail.

    Returns
    -------
    str
        ``ALLOC_USER`` where it is set, else the login name.
    """
    if name := os.environ.get("ALLOC_USER"):
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"

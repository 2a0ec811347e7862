"""The two databases a ledger may live in, chosen by its URL.

Everything else of `alloc.store` is the same SQL for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.errors import InputError
from alloc.store.backend.postgresql import PostgreSQL
from alloc.store.backend.sqlite import SQLite

if TYPE_CHECKING:
    from alloc.store.backend.base import Backend

__all__ = ["backend_of"]

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")


def backend_of(url: str) -> Backend:
    """Choose the database of a ledger.

    Parameters
    ----------
    url
        A path, ``sqlite:///`` and a path, or ``postgresql://user@host/database``.

    Raises
    ------
    alloc.errors.InputError
        ``LEDGER_URL``: none of these.
    """
    if url.startswith(_POSTGRESQL):
        return PostgreSQL(url)
    path = url.removeprefix(_SQLITE)
    if "://" in path or not path:
        scheme = path.partition("://")[0]
        raise InputError(
            f"[ledger] url: {scheme or 'an empty address'} is not supported; give the "
            "path of a file, or postgresql://user@host/database",
            reason="LEDGER_URL",
            field="ledger.url",
        )
    return SQLite(path)

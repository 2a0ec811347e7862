"""Changing the file of tokens: whole or not at all, comments kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import tomlkit

from alloc.errors import NotFoundError
from alloc_server.access import load_tokens, new_token, token_hash

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

__all__ = ["add_token", "listed_tokens", "remove_tokens"]


def add_token(
    path: Path,
    *,
    name: str,
    entities: Sequence[str],
    rights: Sequence[str],
    expires: dt.date | None,
) -> str:
    """Add a token to the file and return it.

    Raises
    ------
    alloc.errors.InputError
        ``TOKENS_INVALID``: the file was wrong, or what is added is.
    """
    token = new_token()
    document = _read(path)
    row = tomlkit.table()
    row.add("name", name)
    row.add("sha256", token_hash(token))
    row.add("entities", list(entities))
    row.add("rights", list(rights))
    if expires is not None:
        row.add("expires", expires)
    rows = document.setdefault("token", tomlkit.aot())
    rows.append(row)
    _write(path, document)
    return token


def remove_tokens(path: Path, name: str) -> int:
    """Remove the tokens of a name; return how many there were.

    Raises
    ------
    alloc.errors.NotFoundError
        ``TOKEN_NAME_UNKNOWN``.
    """
    document = _read(path)
    rows = document.get("token", tomlkit.aot())
    kept = tomlkit.aot()
    for row in rows:
        if row["name"] != name:
            kept.append(row)
    removed = len(rows) - len(kept)
    if not removed:
        raise NotFoundError(
            f"{name} has no token: see `alloc token list`",
            reason="TOKEN_NAME_UNKNOWN",
            name=name,
        )
    document["token"] = kept
    _write(path, document)
    return removed


def listed_tokens(path: Path) -> list[dict[str, object]]:
    """Return the tokens without what would let anybody use them."""
    return [
        {
            "name": caller.name,
            "entities": ",".join(sorted(grant.entities)),
            "rights": ",".join(sorted(grant.rights)),
            "expires": str(caller.expires or ""),
            "sha256": digest[:8],
        }
        for digest, caller in load_tokens(path).by_hash.items()
        for grant in caller.grants
    ]


def _read(path: Path) -> tomlkit.TOMLDocument:
    load_tokens(path)
    return tomlkit.parse(path.read_text("utf-8")) if path.exists() else _new()


def _new() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    document.add(tomlkit.comment("Who may call `alloc serve`: see `alloc token`."))
    return document


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    """Replace the file by one that only its owner reads, once it is right."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    built = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(tomlkit.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        load_tokens(built)
        built.replace(path)
    finally:
        built.unlink(missing_ok=True)

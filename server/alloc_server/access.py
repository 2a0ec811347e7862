"""Who may call: bearer tokens, hashed at rest, with rights on entities.

The file ``tokens.toml`` of the workspace holds them, one ``[[token]]`` each::

    name = "erp-fr"                  # who calls; two tokens may share it
    sha256 = "9f86d081884c7d65..."   # of the token, which is kept nowhere
    entities = ["FR01"]              # or ["*"]: all of them
    rights = ["read", "propose", "post"]
    expires = 2027-06-30             # the last day

An ``[oidc]`` table names who else gives out tokens: see `alloc_server.oidc`. The file
is read again when it changes: tokens are added, replaced and revoked without a restart.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import structlog

from alloc.errors import AllocError
from alloc.toml_reader import TomlDocument, read_toml_text
from alloc_server.errors import ForbiddenError, UnauthenticatedError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from alloc.toml_reader import TomlTable

__all__ = [
    "ALL_ENTITIES",
    "Caller",
    "Grant",
    "Right",
    "Tokens",
    "grant_of",
    "load_tokens",
    "new_token",
]

#: Stands for every entity, also one that is added later.
ALL_ENTITIES = "*"
#: Before a token, so that a scanner for secrets knows one.
TOKEN_PREFIX = "alloc_"  # noqa: S105 - a prefix, no secret
_BEARER = "Bearer "


class Right(StrEnum):
    """What a token may do at its entities; none includes another but admin all."""

    READ = "read"
    PROPOSE = "propose"
    POST = "post"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights on entities.

    Parameters
    ----------
    entities
        Ids, or `ALL_ENTITIES`.
    rights
        What may be done there.
    """

    entities: frozenset[str]
    rights: frozenset[Right]

    def has(self, right: Right) -> bool:
        """Say whether it holds a right, on whatever entity."""
        return right in self.rights or Right.ADMIN in self.rights

    def covers(self, entity: str) -> bool:
        """Say whether it is on an entity; an empty one means all of them."""
        return ALL_ENTITIES in self.entities or entity in self.entities


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what they may do.

    Parameters
    ----------
    name
        Kept with every decision.
    grants
        One of them must allow what is asked.
    expires
        The last day, UTC; None: no end.
    """

    name: str
    grants: tuple[Grant, ...]
    expires: dt.date | None = None

    def require(self, right: Right, entity: str) -> None:
        """Refuse what is not given; an empty entity means all of them.

        Raises
        ------
        alloc_server.errors.ForbiddenError
            ``RIGHT_MISSING`` or ``ENTITY_FORBIDDEN``.
        """
        having = [grant for grant in self.grants if grant.has(right)]
        if not having:
            raise ForbiddenError(
                f"the token {self.name} has no right to {right}: ask for one that has",
                reason="RIGHT_MISSING",
                right=right,
            )
        if not any(grant.covers(entity) for grant in having):
            what = f"entity {entity}" if entity else "all entities together"
            raise ForbiddenError(
                f"the token {self.name} has no rights on {what}: name an entity of"
                " its own",
                reason="ENTITY_FORBIDDEN",
                entity=entity,
            )


class Tokens:
    """The tokens of a file, read again when it changes.

    Parameters
    ----------
    path
        The file; a missing one holds no token.
    now
        The clock.

    Raises
    ------
    alloc.errors.InputError
        The file is wrong. Later a wrong file changes nothing: the log says so, and
        the tokens that were read before hold on.
    """

    def __init__(self, path: Path, *, now: Callable[[], dt.datetime]) -> None:
        self._path = path
        self._now = now
        self._seen = self._signature()
        self._known = load_tokens(path)

    def caller(self, authorization: str) -> Caller:
        """Return whose token the header ``authorization`` holds.

        Raises
        ------
        alloc_server.errors.UnauthenticatedError
            ``TOKEN_MISSING``, ``TOKEN_UNKNOWN`` or ``TOKEN_EXPIRED``.
        alloc_server.errors.KeysUnavailableError
            A signed token cannot be checked now.
        """
        if not authorization.startswith(_BEARER):
            raise UnauthenticatedError(
                "the call has no token: send the metadata 'authorization: Bearer ...'",
                reason="TOKEN_MISSING",
            )
        self._refresh()
        token = authorization.removeprefix(_BEARER)
        if self._known.issuer is not None and not token.startswith(TOKEN_PREFIX):
            return self._known.issuer.caller(token, now=self._now())
        # Found by its hash: how long that takes says nothing about the token.
        caller = self._known.by_hash.get(token_hash(token))
        if caller is None:
            raise UnauthenticatedError(
                "the token is not known: it was revoked, or is another service's",
                reason="TOKEN_UNKNOWN",
            )
        if caller.expires is not None and caller.expires < self._now().date():
            raise UnauthenticatedError(
                f"the token {caller.name} has expired: ask for a new one",
                reason="TOKEN_EXPIRED",
                expired=caller.expires,
            )
        return caller

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _refresh(self) -> None:
        signature = self._signature()
        if signature == self._seen:
            return
        try:
            self._known = load_tokens(self._path)
        except AllocError as error:
            structlog.get_logger().error("tokens_unreadable", reason=error.reason)
        self._seen = signature


def token_hash(token: str) -> str:
    """Return what is kept of a token; it has 256 random bits, so it needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Return a new token, to be shown once."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


class Issuer(Protocol):
    """Who signs tokens of its own: `alloc_server.oidc`."""

    def caller(self, token: str, *, now: dt.datetime) -> Caller:
        """Return whose signed token it is; refuse what it did not sign."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a file of tokens says.

    Parameters
    ----------
    by_hash
        Callers by the hash of their token.
    issuer
        Who else gives out tokens, if anybody.
    """

    by_hash: Mapping[str, Caller]
    issuer: Issuer | None = None


def load_tokens(path: Path) -> Known:
    """Read a file of tokens.

    Raises
    ------
    alloc.errors.InputError
        ``TOML_SYNTAX`` or ``TOKENS_INVALID``: lists every mistake with its line.
        ``EXTRA_MISSING``: it names an issuer, and PyJWT is not installed.
    """
    if not path.exists():
        return Known({})
    document = TomlDocument(read_toml_text(path), name=path.name)
    callers: dict[str, Caller] = {}
    for table in document.root.tables("token"):
        digest = table.required_text("sha256")
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            table.mistake("sha256", "it must be 64 hex digits")
        elif digest in callers:
            table.mistake("sha256", "the same token stands twice")
        callers[digest] = _caller(table)
        table.finish()
    issuer = None
    if "oidc" in document.root:
        from alloc_server.oidc import issuer_of  # noqa: PLC0415 - PyJWT is an extra

        issuer = issuer_of(document.root.table("oidc"))
    document.root.finish()
    document.raise_mistakes("TOKENS_INVALID")
    return Known(callers, issuer)


def _caller(table: TomlTable) -> Caller:
    name = table.required_text("name")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", name):
        table.mistake("name", f"{name!r} is no name: letters, digits, '.', '_', '@'")
    return Caller(name, (grant_of(table),), table.optional_date("expires"))


def grant_of(table: TomlTable) -> Grant:
    """Read ``entities`` and ``rights`` of a table; note what is wrong."""
    words = table.texts("rights")
    for word in words:
        if word not in list(Right):
            table.mistake("rights", f"{word!r} is none of {', '.join(Right)}")
    for key, given in (("rights", words), ("entities", table.texts("entities"))):
        if not given:
            table.mistake(key, "name at least one")
    return Grant(
        entities=frozenset(table.texts("entities")),
        rights=frozenset(right for right in Right if right in words),
    )

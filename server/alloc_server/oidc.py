"""Tokens that an identity provider signs (OpenID Connect), beside our own.

The file ``tokens.toml`` says whose, and what each of their scopes is here::

    [oidc]
    name = "corp"                                  # stands before each caller's name
    issuer = "https://login.example.org/finance"   # the claim `iss`
    audience = "alloc"                             # the claim `aud`
    jwks_url = "https://login.example.org/finance/keys"

    [[oidc.scope]]                                 # in the claim `scope`
    name = "alloc.post.fr01"
    entities = ["FR01"]
    rights = ["read", "post"]

A caller is called after the provider and the claim ``sub``: no signed token can take
the name of one of ours.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alloc.errors import InputError
from alloc_server.access import Caller, grant_of
from alloc_server.errors import KeysUnavailableError, UnauthenticatedError

try:
    import jwt
except ImportError as error:
    raise InputError(
        "tokens.toml names an identity provider: install alloc-server[oidc]",
        reason="EXTRA_MISSING",
    ) from error

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from alloc.toml_reader import TomlTable
    from alloc_server.access import Grant

__all__ = ["Provider", "issuer_of"]

#: Signed with a private key only: a public one must never verify a shared secret.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_CLAIMS = ["aud", "exp", "iss", "sub"]
_SUBJECT = re.compile(r"[A-Za-z0-9._@|-]{1,64}")
#: Clocks of two machines may differ by so much.
_LEEWAY_SECONDS = 30
_FETCH_SECONDS_MAX = 5
#: Keys are read again after so long, and for an unknown one not more often than that.
_KEPT_SECONDS = 600
_AGAIN_SECONDS = 10


class Provider:
    """One identity provider.

    Parameters
    ----------
    name
        Stands before the names of its callers.
    issuer, audience
        What its tokens must say.
    jwks_url
        Where its keys are.
    scopes
        What each scope allows here.
    """

    def __init__(
        self,
        *,
        name: str,
        issuer: str,
        audience: str,
        jwks_url: str,
        scopes: Mapping[str, Grant],
    ) -> None:
        self._name = name
        self._issuer = issuer
        self._audience = audience
        self._scopes = scopes
        self._keys = jwt.PyJWKClient(jwks_url, timeout=_FETCH_SECONDS_MAX)
        self._known: list[jwt.PyJWK] = []
        self._tried = time.monotonic() - _KEPT_SECONDS
        self._lock = threading.Lock()

    def caller(self, token: str, *, now: dt.datetime) -> Caller:
        """Return whose signed token it is.

        Raises
        ------
        alloc_server.errors.UnauthenticatedError
            ``TOKEN_UNKNOWN``, ``TOKEN_EXPIRED``.
        alloc_server.errors.KeysUnavailableError
            The provider's keys cannot be read now.
        """
        try:
            claims = jwt.decode(
                token,
                self._key(jwt.get_unverified_header(token)),
                algorithms=_ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                # The clock is an argument here.
                options={
                    "require": _CLAIMS,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise self._unknown() from error
        return self._of(claims, int(now.timestamp()))

    def _of(self, claims: Mapping[str, Any], now: int) -> Caller:
        times = (claims["exp"], claims.get("nbf", 0))
        if not all(isinstance(each, int) for each in times):
            raise self._unknown()
        if claims["exp"] + _LEEWAY_SECONDS <= now:
            raise UnauthenticatedError(
                "the signed token has expired: ask the identity provider for another",
                reason="TOKEN_EXPIRED",
            )
        if claims.get("nbf", 0) - _LEEWAY_SECONDS > now:
            raise self._unknown()
        if not _SUBJECT.fullmatch(claims["sub"]):
            raise self._unknown()
        said = claims.get("scope", "")
        words = said.split() if isinstance(said, str) else []
        grants = tuple(self._scopes[word] for word in words if word in self._scopes)
        return Caller(f"{self._name}:{claims['sub']}", grants)

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        """Find the key that a token names; what was read holds until others are."""
        with self._lock:
            found = self._found(header)
            age = time.monotonic() - self._tried
            if age >= (_KEPT_SECONDS if found else _AGAIN_SECONDS):
                self._tried = time.monotonic()
                with contextlib.suppress(jwt.PyJWTError, ValueError):
                    self._known = self._keys.get_signing_keys(refresh=True)
                found = self._found(header)
            if not self._known:
                raise KeysUnavailableError(
                    "the keys of the identity provider cannot be read: make the same"
                    " call again"
                )
        if found is None:
            raise self._unknown()
        return found

    def _found(self, header: Mapping[str, Any]) -> jwt.PyJWK | None:
        named = header.get("kid")
        return next((key for key in self._known if key.key_id == named), None)

    def _unknown(self) -> UnauthenticatedError:
        return UnauthenticatedError(
            "the signed token is not one for this service: it was signed by somebody"
            " else, is for another service, or lacks a claim",
            reason="TOKEN_UNKNOWN",
        )


def issuer_of(table: TomlTable) -> Provider:
    """Read the table ``[oidc]``; note what is wrong in it."""
    url = table.required_text("jwks_url")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        table.mistake("jwks_url", "keys are read by https only")
    name = table.required_text("name")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}", name):
        table.mistake("name", f"{name!r} is no name: letters, digits, '.', '-'")
    scopes: dict[str, Grant] = {}
    for scope in table.tables("scope"):
        scopes[scope.required_text("name")] = grant_of(scope)
        scope.finish()
    if not scopes:
        table.mistake("", "it has no [[oidc.scope]]: nobody could do anything")
    provider = Provider(
        name=name,
        issuer=table.required_text("issuer"),
        audience=table.required_text("audience"),
        jwks_url=url,
        scopes=scopes,
    )
    table.finish()
    return provider

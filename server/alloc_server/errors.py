"""What can go wrong before a use case is reached."""

from __future__ import annotations

from alloc.errors import AllocError

__all__ = [
    "CallGoneError",
    "ForbiddenError",
    "KeysUnavailableError",
    "UnauthenticatedError",
]


class UnauthenticatedError(AllocError):
    """Nobody knows who calls."""

    default_reason = "TOKEN_UNKNOWN"


class ForbiddenError(AllocError):
    """The caller is known and may not do this."""

    default_reason = "RIGHT_MISSING"


class KeysUnavailableError(AllocError):
    """The keys of who signs tokens cannot be read."""

    default_reason = "TOKEN_KEYS_UNAVAILABLE"


class CallGoneError(AllocError):
    """The caller does not wait any more: cancelled, cut off or past its deadline."""

    default_reason = "CALL_GONE"

"""The one place where time enters the program."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from alloc.cli.exits import ConfigError

__all__ = ["now"]


def now() -> datetime:
    """Return the present in UTC, to the second.

    Returns
    -------
    datetime.datetime
        ``SOURCE_DATE_EPOCH`` (seconds since 1970) where it is set, so that a run can
        be repeated byte for byte; else the clock of the machine.

    Raises
    ------
    alloc.cli.exits.ConfigError
        ``SOURCE_DATE_EPOCH`` is no number of seconds.
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(fixed), UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"SOURCE_DATE_EPOCH is {fixed!r}: give a number of seconds since 1970",
            reason="CLOCK_INVALID",
        ) from None

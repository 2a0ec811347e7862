"""Every limit of the service, and how fast a caller may call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from alloc.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BATCH_BYTES_MAX", "CHUNK_BYTES", "KEY_CHARACTERS_MAX", "Rate"]

#: Of one Arrow IPC stream in a message.
BATCH_BYTES_MAX = 1 << 20
#: Of any message: two Arrow streams and their frame.
MESSAGE_BYTES_MAX = 2 * BATCH_BYTES_MAX + 4096
#: Of what an import may hold in memory: about a million items.
IMPORT_BYTES_MAX = 512 << 20
#: Of one message of a file that is sent.
CHUNK_BYTES = 256 << 10
KEY_CHARACTERS_MAX = 128
PAGE_SIZE = 100
PAGE_SIZE_MAX = 1000
LEASE_SECONDS_MAX = 3600
#: Calls that are committed together.
WRITES_MAX = 256
#: How long a call without a deadline waits for its turn to write, or for a pool.
WAIT_SECONDS_MAX = 30
#: What a call that waited has left to say that it waited in vain.
ANSWER_SECONDS = 0.1
#: Calls that a process works on at a time, unless it is told another number.
THREADS = 32
_NS = 1_000_000_000


class Rate:
    """Lets each caller make so many calls a second, with bursts of twice as many.

    Parameters
    ----------
    per_second
        Calls; 0 does not limit.
    clock
        Nanoseconds of a clock that never goes back.
    """

    def __init__(self, per_second: int, *, clock: Callable[[], int]) -> None:
        self._cost = _NS // per_second if per_second else 0
        self._clock = clock
        self._paid_until: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, caller: str) -> None:
        """Count a call; refuse it when the caller was too fast.

        Raises
        ------
        alloc.errors.LimitError
            ``RATE_OVER_LIMIT``.
        """
        if not self._cost:
            return
        with self._lock:
            now = self._clock()
            until = max(self._paid_until.get(caller, 0), now) + self._cost
            if until > now + 2 * _NS:
                raise LimitError(
                    f"{caller} calls more than {_NS // self._cost} times a second: wait"
                    " a moment, and send batches",
                    reason="RATE_OVER_LIMIT",
                    per_second=_NS // self._cost,
                )
            self._paid_until[caller] = until

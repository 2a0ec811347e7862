"""Work that is done for several callers at once, by one of them.

Whoever finds nobody at work takes what waits and does it, in its own thread; what comes
meanwhile waits and is the next lot. After a lot of several, the next one waits for as
many: those who were answered often come again. A lone caller never waits.
"""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic, sleep
from typing import TYPE_CHECKING, Generic, TypeVar

from alloc.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Turns"]

_Work = TypeVar("_Work")
_Result = TypeVar("_Result")

#: How often a lot that waits for callers looks who came.
_LOOK_SECONDS = 0.001


class _Waiting(Generic[_Work, _Result]):
    """One piece of work, until it is done; its thread is woken alone."""

    def __init__(self, work: _Work, lock: threading.Lock) -> None:
        self.work = work
        self.changed = threading.Condition(lock)
        self.is_taken = False
        self.outcome: _Result | BaseException | None = None


class Turns(Generic[_Work, _Result]):
    """Lets one thread at a time work for all that wait.

    Parameters
    ----------
    do
        Does several pieces of work and returns the outcome of each: a result, why it
        failed, or None: it comes again in the next lot. What it raises is the outcome
        of all.
    at_a_time
        The largest lot.
    """

    def __init__(
        self,
        do: Callable[[list[_Work]], Sequence[_Result | Exception | None]],
        *,
        at_a_time: int,
    ) -> None:
        self._do = do
        self._at_a_time = at_a_time
        self._lock = threading.Lock()
        self._queue: deque[_Waiting[_Work, _Result]] = deque()
        self._is_led = False
        self._last_count = 0
        self._last_seconds = 0.0

    def take(self, work: _Work, *, seconds: float) -> _Result:
        """Have work done, by this thread or another; wait so long for its turn.

        Raises
        ------
        alloc.errors.ConflictError
            ``LEDGER_BUSY``: its turn did not come.
        """
        mine: _Waiting[_Work, _Result] = _Waiting(work, self._lock)
        until = monotonic() + seconds
        with self._lock:
            self._queue.append(mine)
            while mine.outcome is None:
                if not self._is_led:
                    self._lead()
                elif mine.is_taken:
                    mine.changed.wait()
                elif (left := until - monotonic()) > 0:
                    mine.changed.wait(left)
                else:
                    self._queue.remove(mine)
                    self._wake_next()
                    raise ConflictError(
                        "other calls are writing: make the same call again",
                        reason="LEDGER_BUSY",
                    )
        if isinstance(mine.outcome, BaseException):
            raise mine.outcome
        return mine.outcome

    def _lead(self) -> None:
        """Do the next lot; the queue is free meanwhile."""
        self._is_led = True
        self._gather()
        count = self._last_count = min(self._at_a_time, len(self._queue))
        lot = [self._queue.popleft() for _ in range(count)]
        for each in lot:
            each.is_taken = True
        outcomes: Sequence[_Result | BaseException | None]
        began = monotonic()
        self._lock.release()
        try:
            outcomes = self._do([each.work for each in lot])
        except BaseException as error:  # noqa: BLE001 - raised in every thread, a panic too
            outcomes = [error] * len(lot)
        finally:
            self._lock.acquire()
            self._is_led = False
            self._last_seconds = monotonic() - began
            self._wake_next()
        for each, outcome in zip(lot, outcomes, strict=True):
            each.outcome = outcome
            each.is_taken = outcome is not None
            each.changed.notify()
        self._queue.extendleft(each for each in reversed(lot) if not each.is_taken)

    def _gather(self) -> None:
        """Wait for as many as last time.

        Not longer than that lot took, nor than a quarter of it when nobody comes: what
        a lot takes hardly depends on its size.
        """
        began = last_came = monotonic()
        count = len(self._queue)
        while len(self._queue) < self._last_count:
            self._lock.release()
            sleep(_LOOK_SECONDS)
            self._lock.acquire()
            now = monotonic()
            if len(self._queue) > count:
                count, last_came = len(self._queue), now
            is_late = now - began > self._last_seconds
            if is_late or now - last_came > self._last_seconds / 4:
                break

    def _wake_next(self) -> None:
        """Let the one that waits longest lead, if nobody does."""
        if self._queue and not self._is_led:
            self._queue[0].changed.notify()

"""What is open at each entity, kept between calls."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

import structlog

from alloc.app.pool_rules import PoolRules
from alloc.app.propose import OpenPool
from alloc.errors import ConflictError
from alloc_server.limits import WAIT_SECONDS_MAX

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from alloc.app.shared_ledger import SharedLedger
    from alloc.rules import Rule
    from alloc.settings import Settings

    Reading = Callable[[], AbstractContextManager[SharedLedger]]

__all__ = ["Pools"]


class Pools:
    """Gives each call a pool that is no older than the call.

    Parameters
    ----------
    settings
        Of the workspace.
    reading
        Lends a connection that reads.
    now
        The clock, UTC.
    waiting_max
        Calls that may wait until a pool is made; more are refused, so that calls on
        other entities find a thread.
    rules
        Tried on what the engine leaves open.
    """

    def __init__(
        self,
        settings: Settings,
        reading: Reading,
        *,
        now: Callable[[], dt.datetime],
        waiting_max: int,
        rules: Sequence[Rule] = (),
    ) -> None:
        self._settings = settings
        self._waiting = threading.BoundedSemaphore(waiting_max)
        self._kept = {
            entity.id: _Kept(
                entity.id,
                reading,
                partial(
                    OpenPool,
                    settings=settings,
                    entity=entity.id,
                    now=now,
                    rules=PoolRules(rules, reading) if rules else None,
                ),
            )
            for entity in settings.entities
        }

    def of(
        self, entity: str, *, came_ns: int, seconds: float = WAIT_SECONDS_MAX
    ) -> OpenPool:
        """Return what is open at an entity, as it was after the call came or later.

        Parameters
        ----------
        came_ns
            When the call came, by the monotonic clock. Calls that came before one of
            them looks at the ledger share what it sees.
        seconds
            How long the call can wait.

        Raises
        ------
        alloc.errors.InputError
            There is no such entity (``ENTITY_UNKNOWN``).
        alloc.errors.ConflictError
            ``POOL_OPENING``: all that is open there is being read, and the call cannot
            wait for it, or too many do.
        """
        kept = self._kept[self._settings.entity(entity).id]
        if not kept.is_open:
            if not self._waiting.acquire(blocking=False):
                raise _opening(entity)
            try:
                kept.open(seconds)
            finally:
                self._waiting.release()
        return kept.since(came_ns)


class _Kept:
    """The pool of one entity, and the next one while it is made."""

    def __init__(
        self,
        entity: str,
        reading: Reading,
        pool_of: Callable[[SharedLedger], OpenPool],
    ) -> None:
        self._pool_of = pool_of
        self._entity = entity
        self._reading = reading
        self._turn = threading.Lock()
        self._pool: OpenPool | None = None
        self._read_from_ns = 0
        self._next: Future[OpenPool] | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a pool, which only has to follow the ledger."""
        return self._pool is not None

    def open(self, seconds: float) -> None:
        """Wait for the first pool; whoever comes first has it made."""
        with self._turn:
            if self._pool is not None:
                return
            coming = self._next = self._next or self._made()
        try:
            pool = coming.result(seconds)
        except TimeoutError as error:
            raise _opening(self._entity) from error
        finally:
            with self._turn:
                if coming.done() and self._next is coming:
                    self._next = None
        with self._turn:
            self._pool = self._pool or pool

    def since(self, came_ns: int) -> OpenPool:
        """Return the pool as it was at a time or later."""
        with self._turn:
            pool = self._pool
            if pool is None:
                raise _opening(self._entity)
            if self._read_from_ns <= came_ns:
                pool = self._followed(pool)
            return pool

    def _followed(self, pool: OpenPool) -> OpenPool:
        """Look at the ledger; what is worn serves until another one is made."""
        read_from_ns = time.monotonic_ns()
        if self._next is not None and self._next.done():
            coming, self._next = self._next, None
            failure = coming.exception()
            if failure is None:
                pool = coming.result()
            else:
                structlog.get_logger().error("pool_not_made", exc_info=failure)
        with self._reading() as ledger:
            is_good = pool.follow(ledger)
        if not is_good and self._next is None:
            self._next = self._made()
        self._pool, self._read_from_ns = pool, read_from_ns
        return pool

    def _made(self) -> Future[OpenPool]:
        """Have a pool made, in a thread of its own: no deadline of a call ends it."""
        coming: Future[OpenPool] = Future()

        def make() -> None:
            try:
                with self._reading() as ledger:
                    made = self._pool_of(ledger)
            except BaseException as error:  # noqa: BLE001 - a panic is no Exception
                coming.set_exception(error)
            else:
                coming.set_result(made)

        threading.Thread(target=make, name="pool", daemon=True).start()
        return coming


def _opening(entity: str) -> ConflictError:
    return ConflictError(
        f"what is open at {entity} is being read: make the same call again",
        reason="POOL_OPENING",
        entity=entity,
    )

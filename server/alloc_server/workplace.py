"""What the servicers work on: one workspace, its ledger over several connections."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
from typing import TYPE_CHECKING, TypeVar

from alloc.app.propose import open_pool
from alloc.app.shared_ledger import Call
from alloc.errors import ConflictError, InputError
from alloc_server.gate import caller, check_waiting
from alloc_server.limits import KEY_CHARACTERS_MAX, WAIT_SECONDS_MAX

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    import grpc
    from google.protobuf.message import Message

    from alloc.app.propose import OpenPool
    from alloc.app.shared_ledger import SharedLedger
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["Workplace"]

_Answer = TypeVar("_Answer", bound="Message")


class Workplace:
    """Gives each call a connection, and writes for one call at a time.

    Parameters
    ----------
    settings, rules
        Of the workspace, as they were when the service started.
    open_ledger
        Opens the ledger; ``write=True`` to write.
    now
        The clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Sequence[Rule],
        *,
        open_ledger: Callable[..., SharedLedger],
        now: Callable[[], dt.datetime],
    ) -> None:
        self.settings = settings
        self.rules = rules
        self.now = now
        self._open_ledger = open_ledger
        self._idle: queue.LifoQueue[SharedLedger] = queue.LifoQueue()
        self._writer = open_ledger(write=True)
        self._turn = threading.Lock()
        self._pools: dict[str, OpenPool] = {}

    def close(self) -> None:
        """Close every connection; no call may be served any more."""
        self._writer.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[SharedLedger]:
        """Lend a connection that reads; it comes back at the end."""
        try:
            ledger = self._idle.get_nowait()
        except queue.Empty:
            ledger = self._open_ledger(write=False)
        try:
            yield ledger
        finally:
            self._idle.put(ledger)

    def pool(self, entity: str) -> OpenPool:
        """Return what is open at an entity now; read again when the ledger moved."""
        with self.reading() as ledger:
            pool = self._pools.get(entity)
            if pool is None or pool.position != ledger.position():
                pool = open_pool(ledger, self.settings, entity)
                self._pools[entity] = pool
            return pool

    def once(
        self,
        request: Message,
        context: grpc.ServicerContext,
        answer_type: type[_Answer],
        act: Callable[[SharedLedger, str], _Answer],
    ) -> _Answer:
        """Write and answer in one transaction; the same call again is only answered.

        Parameters
        ----------
        request
            Has an ``idempotency_key``; a stream gives what stands for all of it.
        answer_type
            What the method returns.
        act
            Writes through the ledger, in the name of the caller, and answers. When the
            caller has gone meanwhile, nothing is kept.

        Raises
        ------
        alloc.errors.InputError
            ``IDEMPOTENCY_KEY_INVALID``.
        alloc.errors.ConflictError
            ``IDEMPOTENCY_KEY_REUSED``, ``LEDGER_BUSY``, and what the use case raises.
        """
        who = caller().name
        call = _call_of(request, who)

        remaining = context.time_remaining()
        seconds = WAIT_SECONDS_MAX if remaining is None else remaining
        with self.writing(seconds) as ledger:

            def acted() -> bytes:
                answer = act(ledger, who)
                check_waiting(context)
                return answer.SerializeToString(deterministic=True)

            return answer_type.FromString(ledger.once(call, acted, now=self.now()))

    @contextlib.contextmanager
    def writing(self, seconds: float = WAIT_SECONDS_MAX) -> Iterator[SharedLedger]:
        """Lend the connection that writes; wait for it so long.

        Raises
        ------
        alloc.errors.ConflictError
            ``LEDGER_BUSY``: other calls of this process are writing.
        """
        if not self._turn.acquire(timeout=min(seconds, WAIT_SECONDS_MAX)):
            raise ConflictError(
                "other calls are writing: make the same call again",
                reason="LEDGER_BUSY",
            )
        try:
            yield self._writer
        finally:
            self._turn.release()


def _call_of(request: Message, who: str) -> Call:
    """Name a call by its key, and its request by the hash of all but the key."""
    bare = type(request)()
    bare.CopyFrom(request)
    key: str = getattr(request, "idempotency_key", "")
    if not 0 < len(key) <= KEY_CHARACTERS_MAX:
        raise InputError(
            f"idempotency_key has {len(key)} characters: give each call that writes a"
            f" key of its own, 1 to {KEY_CHARACTERS_MAX} characters, and the same key"
            " when you repeat it",
            reason="IDEMPOTENCY_KEY_INVALID",
            field="idempotency_key",
        )
    bare.ClearField("idempotency_key")
    digest = hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()
    return Call(who, key, request.DESCRIPTOR.full_name, digest)

"""What the servicers work on: one workspace, its ledger over several connections."""

from __future__ import annotations

import contextlib
import hashlib
import queue
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from alloc.app.review import Acceptance, refuse
from alloc.app.shared_ledger import Call
from alloc.errors import InputError
from alloc_server.convert import choice_of
from alloc_server.gate import caller, came_ns
from alloc_server.limits import ANSWER_SECONDS, KEY_CHARACTERS_MAX, THREADS
from alloc_server.owned import owned_payment
from alloc_server.pools import Pools
from alloc_server.waiting import gone, seconds_left
from alloc_server.writing import Accepting, Acting, Write, Writer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    import grpc
    from google.protobuf.message import Message

    from alloc.app.propose import OpenPool
    from alloc.app.review import Accepted
    from alloc.app.shared_ledger import SharedLedger
    from alloc.rules import Rule
    from alloc.settings import Settings
    from alloc.v1.allocation_pb2 import Choice
    from alloc.v1.allocation_service_pb2 import PostRequest, RefuseRequest
    from alloc.v1.review_service_pb2 import DecideReviewRequest

__all__ = ["Workplace"]

_Answer = TypeVar("_Answer", bound="Message")

#: Kept with a refusal that gives no reason.
REFUSED = "REFUSED"


class Workplace:
    """Gives each call a connection, and writes for all of them over one.

    Parameters
    ----------
    settings, rules
        Of the workspace, as they were when the service started.
    open_ledger
        Opens the ledger; ``write=True`` to write.
    now
        The clock, UTC.
    threads
        That serve calls.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Sequence[Rule],
        *,
        open_ledger: Callable[..., SharedLedger],
        now: Callable[[], dt.datetime],
        threads: int = THREADS,
    ) -> None:
        self.settings = settings
        self.rules = rules
        self.now = now
        self._open_ledger = open_ledger
        self._idle: queue.LifoQueue[SharedLedger] = queue.LifoQueue()
        self._writer = Writer(open_ledger(write=True), settings, rules, now=self.now)
        self.pools = Pools(
            settings,
            self.reading,
            now=self.now,
            waiting_max=max(threads // 2, 1),
            rules=rules,
        )

    def close(self) -> None:
        """Close every connection; no call may be served any more."""
        self._writer.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def pool(self, entity: str, context: grpc.ServicerContext) -> OpenPool:
        """Return what is open at an entity since the call came; see `Pools.of`."""
        return self.pools.of(
            entity, came_ns=came_ns(), seconds=seconds_left(context) - ANSWER_SECONDS
        )

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
            Writes through the ledger, in the name of the caller, and answers. It is
            not begun when the caller has gone.

        Raises
        ------
        alloc.errors.InputError
            ``IDEMPOTENCY_KEY_INVALID``.
        alloc.errors.ConflictError
            ``IDEMPOTENCY_KEY_REUSED``, ``LEDGER_BUSY``, and what the use case raises.
        """
        who = caller().name
        return self._written(
            request, context, answer_type, Acting(lambda ledger: act(ledger, who))
        )

    def accept(
        self,
        request: PostRequest | DecideReviewRequest,
        context: grpc.ServicerContext,
        answer_type: type[_Answer],
        choice: Choice,
        answer: Callable[[Accepted], _Answer],
    ) -> _Answer:
        """Post what is chosen for the payment of a request, as `once` does.

        Parameters
        ----------
        request
            Names the payment and its entity.
        answer
            Says what became of the choice.
        """
        asked = Acceptance(
            request.payment_id,
            choice_of(choice),
            decided_by=caller().name,
            entity=request.entity,
        )
        return self._written(request, context, answer_type, Accepting(asked, answer))

    def refuse(
        self,
        request: RefuseRequest | DecideReviewRequest,
        context: grpc.ServicerContext,
        answer_type: type[_Answer],
        reason: str,
    ) -> _Answer:
        """Refuse what is proposed for the payment of a request, as `once` does."""

        def act(ledger: SharedLedger, who: str) -> _Answer:
            payment_id, now = request.payment_id, self.now()
            owned_payment(ledger, request.entity, payment_id)
            ledger.check_claim(payment_id, by=who, now=now)
            count = refuse(
                ledger, payment_id, decided_by=who, reason=reason or REFUSED, now=now
            )
            return answer_type(refused_count=count)

        return self.once(request, context, answer_type, act)

    def _written(
        self,
        request: Message,
        context: grpc.ServicerContext,
        answer_type: type[_Answer],
        deed: Acting | Accepting,
    ) -> _Answer:
        write = Write(
            _call_of(request, caller().name),
            context.is_active,
            partial(gone, context),
            deed,
        )
        answer = self._writer.write(write, seconds=seconds_left(context))
        return answer_type.FromString(answer)


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

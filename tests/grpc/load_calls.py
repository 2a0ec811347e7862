"""A load of mixed calls on a running service, and what it does to its memory."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
from service_case import NOW

from alloc.client import new_key
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc.v1 import review_service_pb2 as review_pb
from alloc_server.convert import ipc_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc.client import Client

CALLERS = 4
_PAYMENTS = ipc_of(
    pa.table(
        {
            "payment_id": ["P1", "P2"],
            "value_date": pa.array([NOW.date()] * 2),
            "currency": ["EUR"] * 2,
            "amount_minor": [7_700, 77],
            "remittance_text": [["INV-2026I3"], ["VIR"]],
        }
    )
)


class Sample(NamedTuple):
    """What was seen at one moment."""

    seconds: int
    calls: int
    resident_kb: int


def resident_kb(pid: int) -> int:
    """Return how much memory a process has."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("the process has no memory")


class Load:
    """Calls by several callers, each with payments of its own, again and again.

    Parameters
    ----------
    client
        May read, propose and post at FR01.
    payment_ids
        Payments that wait; each is posted, explained and reversed in turn.
    pause
        Seconds between the rounds of a caller.
    """

    def __init__(
        self, client: Client, payment_ids: Sequence[str], *, pause: float = 0
    ) -> None:
        self.calls = 0
        self.errors: list[Exception] = []
        self._client = client
        self._pause = pause
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(payment_ids[at::CALLERS],))
            for at in range(CALLERS)
        ]

    def run(self, seconds: int, pid: int, *, every: int) -> Iterator[Sample]:
        """Load for so long; look at the memory of a process every so many seconds."""
        began = time.monotonic()
        for thread in self._threads:
            thread.start()
        while (gone := int(time.monotonic() - began)) <= seconds and not self.errors:
            yield Sample(gone, self.calls, resident_kb(pid))
            self._end.wait(every)
        self._end.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, payment_ids: Sequence[str]) -> None:
        try:
            for payment_id in itertools.cycle(payment_ids):
                if self._end.wait(self._pause):
                    return
                self._round(payment_id)
        except Exception as error:  # noqa: BLE001 - the test tells it
            self.errors.append(error)

    def _round(self, payment_id: str) -> None:
        allocation, review = self._client.allocation, self._client.review
        posted = allocation.Post(
            pb.PostRequest(
                entity="FR01",
                idempotency_key=new_key(),
                payment_id=payment_id,
                choice=messages.Choice(on_account_of="C1"),
            )
        )
        allocation.Explain(pb.ExplainRequest(entity="FR01", payment_id=payment_id))
        batch = pb.ProposeBatchRequest(entity="FR01", payments_ipc=_PAYMENTS)
        answers = len(list(allocation.ProposeBatch(iter([batch]))))
        review.ListReviews(review_pb.ListReviewsRequest(entity="FR01", page_size=10))
        allocation.Reverse(
            pb.ReverseRequest(
                entity="FR01",
                idempotency_key=new_key(),
                decision_id=posted.decision_id,
            )
        )
        with self._lock:
            self.calls += 4 + answers

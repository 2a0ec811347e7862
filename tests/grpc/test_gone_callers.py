"""Work that nobody waits for ends; the others get their answers."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pyarrow as pa
import pytest
from service_case import (
    NOW,
    Service,
    asked,
    open_items,
    refusal,
    source,
    wait_until,
)

from alloc import engine
from alloc.app.review import OnAccount, accept
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server.convert import ipc_of
from alloc_server.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from alloc.app.shared_ledger import SharedLedger

PROPOSE, BATCH = (
    f"/alloc.v1.AllocationService/{n}" for n in ("Propose", "ProposeBatch")
)
#: So many items, and so many payments that no set of them makes up, that a batch of
#: them takes minutes.
ITEMS, PAYMENTS = 2_000, 20_000


@pytest.fixture
def slow(service: Service) -> pb.ProposeBatchRequest:
    """Return a batch that takes minutes."""
    many = {f"S{n}": 10**10 + n * n * 1_009 for n in range(ITEMS)}
    with service.workspace.open_ledger(
        service.workspace.settings(), write=True
    ) as ledger:
        ledger.import_open_items(
            source("many.csv", "open_items"),
            open_items("FR01", {"C7": many}),
            accounts={"FR01": "411000"},
            now=NOW,
        )
    batch = pa.table(
        {
            "payment_id": [f"P{n}" for n in range(PAYMENTS)],
            "value_date": [dt.date(2026, 4, 30)] * PAYMENTS,
            "currency": ["EUR"] * PAYMENTS,
            "amount_minor": [10**12 + n * 37 for n in range(PAYMENTS)],
            "customer_id": ["C7"] * PAYMENTS,
        }
    )
    return pb.ProposeBatchRequest(entity="FR01", payments_ipc=ipc_of(batch))


def ended(service: Service, method: str, code: str) -> bool:
    """Say whether a call of a method ended so."""
    service.server.notes.write()
    labels = {"method": method, "code": code}
    return bool(service.server.registry.get_sample_value("alloc_calls_total", labels))


def decided(answer: pb.ProposeResponse) -> set[str]:
    ways = answer.decision.explanations
    return {each.item_id for way in ways[:1] for each in way.allocations}


def test_the_engine_ends_with_the_deadline_of_its_call(
    service: Service, slow: pb.ProposeBatchRequest
) -> None:
    client = service.client()
    refused = refusal(
        lambda: list(client.allocation.ProposeBatch(iter([slow]), timeout=1))
    )
    assert refused.metadata["status"] == "DEADLINE_EXCEEDED"
    wait_until(lambda: ended(service, BATCH, "DEADLINE_EXCEEDED"))
    assert decided(client.allocation.Propose(asked(), timeout=20)) == {"I3"}


def test_a_cancelled_call_lets_the_book_follow_the_ledger(
    service: Service, slow: pb.ProposeBatchRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ask = threading.Event(), engine.Book.propose

    def noted(*args: Any, **options: Any) -> engine.Proposal:
        begun.set()
        return ask(*args, **options)

    monkeypatch.setattr(engine.Book, "propose", noted)
    client = service.client()
    assert decided(client.allocation.Propose(asked(), timeout=20)) == {"I3"}
    call = client.allocation.ProposeBatch(iter([slow]))
    assert begun.wait(20)
    call.cancel()
    wait_until(lambda: ended(service, BATCH, "CANCELLED"))
    before = service.entries()
    settings = service.workspace.settings()
    with service.workspace.open_ledger(settings, write=True) as ledger:
        accept(
            *(ledger, settings, service.payment_id("B1"), OnAccount("C1")),
            decided_by="Anna",
            now=NOW,
        )
    assert service.entries() == before + 1
    assert decided(client.allocation.Propose(asked(), timeout=20)) == {"I3"}


def test_who_shares_a_look_with_a_caller_that_has_gone_is_answered(
    service: Service,
) -> None:
    client, opens = service.client(), threading.Event()
    readers: list[threading.Event] = []

    def reading() -> AbstractContextManager[SharedLedger]:
        readers.append(opens)
        assert opens.wait(20)
        return service.workplace.reading()

    pools = Pools(
        service.workspace.settings(), reading, now=service.clock, waiting_max=8
    )
    opens.set()
    service.workplace.pools = pools
    client.allocation.Propose(asked(), timeout=20)
    opens.clear()
    looks = len(readers)
    # This one looks for all that come meanwhile.
    leaves = client.allocation.Propose.future(asked())
    wait_until(lambda: len(readers) > looks)
    late = client.allocation.Propose.future(asked(), timeout=0.2)
    with ThreadPoolExecutor(4) as callers:
        stay = [
            callers.submit(client.allocation.Propose, asked(), timeout=20)
            for _ in range(4)
        ]
        leaves.cancel()
        assert refusal(late.result).metadata["status"] == "DEADLINE_EXCEEDED"
        opens.set()
        assert [decided(each.result(20)) for each in stay] == [{"I3"}] * 4
    wait_until(lambda: ended(service, PROPOSE, "CANCELLED"))
    wait_until(lambda: ended(service, PROPOSE, "DEADLINE_EXCEEDED"))


def test_a_stream_whose_caller_left_reads_no_further(service: Service) -> None:
    asks = threading.Event()

    def silent() -> Iterator[pb.ProposeBatchRequest]:
        asks.wait(20)
        yield from ()

    call = service.client().allocation.ProposeBatch(silent(), timeout=0.5)
    try:
        with pytest.raises(grpc.RpcError):
            next(call)
        wait_until(lambda: ended(service, BATCH, "DEADLINE_EXCEEDED"))
    finally:
        asks.set()

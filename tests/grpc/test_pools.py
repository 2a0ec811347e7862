"""A pool that follows the ledger is as good as one that is read anew."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pyarrow as pa
import pytest
from service_case import NOW, asked, open_items, refusal, source, wait_until

from alloc import engine
from alloc.app.propose import LEARNED_SECONDS, OpenPool
from alloc.app.refused import NEXT_AFTER_REFUSED, REFUSED_BEFORE
from alloc.app.reversal import Reversal
from alloc.app.review import Items, accept, refuse
from alloc.errors import ConflictError, StoreError
from alloc.v1.allocation_service_pb2_grpc import AllocationServiceStub
from alloc_server.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from service_case import Service

    from alloc.app.shared_ledger import SharedLedger
    from alloc_server.pools import Reading

NAMED = {
    "P1": (15_000, "INV-2026I1 INV-2026I2"),
    "P2": (7_700, "INV-2026I3"),
    "P3": (4_000, "INV-2026I4"),
    "P4": (4_000, "INV-2026I6"),
    "P5": (600, "GARAGE MARTIN"),
}


def payments() -> pa.Table:
    rows = [
        {
            "payment_id": name,
            "entity": "FR01",
            "value_date": dt.date(2026, 4, 30),
            "currency": "EUR",
            "amount_minor": cents,
            "payer_name": text,
            "remittance_text": [text],
        }
        for name, (cents, text) in NAMED.items()
    ]
    return pa.Table.from_pylist(rows, engine.schema("payments"))


def answer(pool: OpenPool) -> list[object]:
    proposal = pool.propose(payments(), engine.schema("remittances").empty_table())
    tables = (proposal.decisions, proposal.allocations, proposal.adjustments)
    return [table.to_pylist() for table in tables]


@pytest.fixture
def ledger(service: Service) -> Iterator[SharedLedger]:
    settings = service.workspace.settings()
    with service.workspace.open_ledger(settings, write=True) as opened:
        yield opened


def changes(service: Service, ledger: SharedLedger) -> Iterator[str]:
    """Change the ledger in every way that a proposal depends on, and say how."""
    settings = service.workspace.settings()
    items = {"C1": {"I1": 9_000, "I2": 5_000}, "C4": {"I6": 4_000, "I7": 600}}
    imported = source("more.csv", "open_items")
    table = open_items("FR01", items)
    ledger.import_open_items(imported, table, accounts={"FR01": "411000"}, now=NOW)
    yield "an amount changed and two items came"
    name = service.payment_id("B1")
    chosen = Items({"I2": None, "I6": 1_000}, "C2")
    by = {"decided_by": "Anna", "now": NOW}
    posted = accept(ledger, settings, name, chosen, **by)
    yield "an item is paid, one in part, and money is on account"
    refuse(ledger, service.payment_id("B2"), reason="NO", **by)
    yield "a match is refused"
    decision_id = posted.posted[0]["decision_id"]
    undo = Reversal(decision_id, NOW.date(), 2026, "Undone", "Anna")
    ledger.reverse(undo, now=NOW)
    yield "the decision is undone"
    names = pa.table({"customer_id": ["C4"], "name": ["Garage Martin"]})
    ledger.import_customers(source("names.csv", "customers"), names, now=NOW)
    yield "a customer has a name"


def test_whatever_changes_a_pool_that_follows_answers_as_one_read_anew(
    service: Service, ledger: SharedLedger
) -> None:
    settings = service.workspace.settings()
    pools = pools_of(service)
    answers = [answer(now(pools))]
    for _ in changes(service, ledger):
        followed = now(pools)
        assert followed.position == ledger.position()
        anew = answer(OpenPool(ledger, settings, "FR01", now=service.clock))
        wait_until(lambda anew=anew: answer(now(pools)) == anew)
        answers.append(answer(followed))
    assert answers[0] != answers[1] != answers[2]


def test_what_was_refused_is_left_out_of_one_payment_too(
    service: Service, ledger: SharedLedger
) -> None:
    name = service.payment_id("B2")
    (row,) = payments().slice(2, 1).to_pylist()
    row["payment_id"] = name
    pools = pools_of(service)
    assert now(pools).decide(row, []).allocations
    refuse(ledger, name, reason="NO", decided_by="Anna", now=NOW)
    (decision,) = now(pools).decide(row, []).decisions
    assert decision["reason"] in (REFUSED_BEFORE, NEXT_AFTER_REFUSED)


def test_a_pool_is_kept_while_only_items_change(
    service: Service, ledger: SharedLedger
) -> None:
    pools = pools_of(service)
    first = now(pools)
    steps = changes(service, ledger)
    for _ in range(4):
        next(steps)
        assert now(pools) is first
    # A customer has a name: items are followed, and another pool is made meanwhile.
    next(steps)
    assert now(pools) is first
    wait_until(lambda: now(pools) is not first)


def test_what_was_learned_since_is_used_once_it_is_time(
    service: Service, ledger: SharedLedger
) -> None:
    pools = pools_of(service)
    first = now(pools)
    next(steps := changes(service, ledger))
    service.now = lambda: NOW + dt.timedelta(seconds=LEARNED_SECONDS)
    assert now(pools) is first, "an import teaches nothing"
    service.now = lambda: NOW
    next(steps)
    assert now(pools) is first
    service.now = lambda: NOW + dt.timedelta(seconds=LEARNED_SECONDS)
    wait_until(lambda: now(pools) is not first)


def test_a_call_takes_what_was_seen_after_it_came(service: Service) -> None:
    looks: list[int] = []

    def reading() -> AbstractContextManager[SharedLedger]:
        looks.append(time.monotonic_ns())
        return service.workplace.reading()

    pools = Pools(
        service.workspace.settings(), reading, now=service.clock, waiting_max=1
    )
    early = time.monotonic_ns()
    now(pools)
    seen = len(looks)
    for _ in range(3):
        pools.of("FR01", came_ns=early)
    assert len(looks) == seen
    pools.of("FR01", came_ns=looks[-1])
    assert len(looks) == seen + 1


class Gate:
    """Holds whoever reads the ledger back until it opens."""

    def __init__(self, service: Service) -> None:
        self.opens = threading.Event()
        self.readers = 0
        self._service = service

    def reading(self) -> AbstractContextManager[SharedLedger]:
        self.readers += 1
        assert self.opens.wait(20)
        return self._service.workplace.reading()

    def pools(self, waiting_max: int) -> Pools:
        settings = self._service.workspace.settings()
        return Pools(
            settings, self.reading, now=self._service.clock, waiting_max=waiting_max
        )


def test_one_pool_is_made_for_all_that_wait(service: Service) -> None:
    gate = Gate(service)
    pools = gate.pools(8)
    with ThreadPoolExecutor(8) as callers:
        came = time.monotonic_ns()
        calls = [callers.submit(pools.of, "FR01", came_ns=came) for _ in range(8)]
        wait_until(lambda: all(call.running() for call in calls))
        time.sleep(0.1)
        assert gate.readers == 1
        gate.opens.set()
        assert len({call.result(20) for call in calls}) == 1
    # It is made once, and all who came before follow the ledger with one look.
    assert gate.readers == 2


def test_who_cannot_wait_for_a_pool_is_told_and_the_pool_is_made(
    service: Service,
) -> None:
    gate = Gate(service)
    pools = gate.pools(1)
    with pytest.raises(ConflictError) as refused:
        now(pools, seconds=0.05)
    assert refused.value.reason == "POOL_OPENING"
    assert refused.value.metadata == {"entity": "FR01"}
    gate.opens.set()
    assert now(pools).position
    assert gate.readers == 2


def test_calls_that_wait_for_a_pool_leave_room_for_others(service: Service) -> None:
    gate = Gate(service)
    pools = gate.pools(1)
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(now, pools)
        wait_until(lambda: gate.readers)
        with pytest.raises(ConflictError) as refused:
            now(pools)
        assert refused.value.reason == "POOL_OPENING"
        gate.opens.set()
        assert waiting.result(20) is now(pools)


def test_a_pool_that_could_not_be_made_is_tried_again(service: Service) -> None:
    failures = [StoreError("gone", reason="LEDGER_UNREADABLE")]

    def reading() -> AbstractContextManager[SharedLedger]:
        if failures:
            raise failures.pop()
        return service.workplace.reading()

    pools = Pools(
        service.workspace.settings(), reading, now=service.clock, waiting_max=1
    )
    with pytest.raises(StoreError):
        now(pools)
    assert now(pools).position


def test_a_call_is_told_before_its_deadline_that_the_pool_is_being_made(
    service: Service, certificates: Path
) -> None:
    gate = Gate(service)
    service.workplace.pools = gate.pools(1)
    credentials = grpc.ssl_channel_credentials((certificates / "ca.pem").read_bytes())
    by = [("authorization", f"Bearer {service.token()}")]
    # A channel that does not make the call again by itself.
    with grpc.secure_channel(service.address, credentials) as channel:
        stub = AllocationServiceStub(channel)
        refused = refusal(lambda: stub.Propose(asked(), timeout=1, metadata=by))
        assert refused.reason == "POOL_OPENING"
        assert refused.metadata["status"] == "UNAVAILABLE"
        gate.opens.set()
        answer = stub.Propose(asked(), timeout=20, metadata=by)
    assert answer.decision.explanations


def pools_of(
    service: Service, reading: Reading | None = None, *, waiting_max: int = 1
) -> Pools:
    return Pools(
        service.workspace.settings(),
        reading or service.workplace.reading,
        now=service.clock,
        waiting_max=waiting_max,
    )


def now(pools: Pools, *, seconds: float = 20) -> OpenPool:
    return pools.of("FR01", came_ns=time.monotonic_ns(), seconds=seconds)

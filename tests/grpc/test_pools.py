"""A pool that follows the ledger is as good as one that is read anew."""

from __future__ import annotations

import datetime as dt
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from service_case import NOW, open_items, source

from alloc import engine
from alloc.app.ports import Reversal
from alloc.app.propose import OpenPool
from alloc.app.refused import NEXT_AFTER_REFUSED, REFUSED_BEFORE
from alloc.app.review import Items, accept, refuse
from alloc_server.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from service_case import Service

    from alloc.app.shared_ledger import SharedLedger

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
    pools = Pools(settings, service.workplace.reading)
    answers = [answer(pools.of("FR01"))]
    for what in changes(service, ledger):
        followed = pools.of("FR01")
        assert followed.position == ledger.position()
        assert answer(followed) == answer(OpenPool(ledger, settings, "FR01")), what
        answers.append(answer(followed))
    assert answers[0] != answers[1] != answers[2]


def test_what_was_refused_is_left_out_of_one_payment_too(
    service: Service, ledger: SharedLedger
) -> None:
    name = service.payment_id("B2")
    (row,) = payments().slice(2, 1).to_pylist()
    row["payment_id"] = name
    pools = Pools(service.workspace.settings(), service.workplace.reading)
    assert pools.of("FR01").decide(row, []).allocations
    refuse(ledger, name, reason="NO", decided_by="Anna", now=NOW)
    (decision,) = pools.of("FR01").decide(row, []).decisions
    assert decision["reason"] in (REFUSED_BEFORE, NEXT_AFTER_REFUSED)


def test_a_pool_is_kept_while_only_items_change(
    service: Service, ledger: SharedLedger
) -> None:
    pools = Pools(service.workspace.settings(), service.workplace.reading)
    first = pools.of("FR01")
    kept = [pools.of("FR01") is first for _ in changes(service, ledger)]
    assert kept == [True, True, True, True, False]


def test_calls_that_come_together_share_one_look_at_the_ledger(
    service: Service,
) -> None:
    looks: list[float] = []
    go_on = threading.Event()

    def reading() -> AbstractContextManager[SharedLedger]:
        looks.append(time.monotonic())
        go_on.wait(20)
        return service.workplace.reading()

    pools = Pools(service.workspace.settings(), reading)
    with ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(pools.of, "FR01") for _ in range(8)]
        while not all(call.running() for call in calls):
            time.sleep(0.01)
        time.sleep(0.3)
        go_on.set()
        assert len({call.result(20) for call in calls}) == 1
    # The first look was under way when the others came; they share the next one.
    assert 2 <= len(looks) < 8

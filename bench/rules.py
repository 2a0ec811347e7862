"""Time the rules: one payment against pools of items, proposed, and items' pasts.

    python bench/rules.py

Prints CPU time a payment for the search of the exact core (no set fits, so every
combination is asked), for a proposal on a pool of open items with and without the
library, and how the ledger finds what was done with an item among a year of
allocations.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from alloc import engine
from alloc.app.fitting import search_items
from alloc.app.pool_rules import PoolRules
from alloc.app.ports import SourceFile
from alloc.app.propose import OpenPool
from alloc.app.situations import Facts
from alloc.rules import library
from alloc.settings import load_settings
from alloc.store import create_ledger, open_ledger

YEAR_ALLOCATIONS = 400_000
WANTED = 200
REPEATS = 5
POOL_ITEMS = 100_000
PROPOSED = 200
SHORT_MINOR = 137
SETTINGS = '[workspace]\nname = "B"\n[[entity]]\nid = "E1"\nname = "E"\n'
DAY = dt.date(2026, 3, 6)
NOW = dt.datetime(2026, 3, 6, 12, tzinfo=dt.UTC)
DECISIONS = """
    insert into decision (decision_id, payment_id, state, status, proof,
      confidence_ppm, explanations_count, reason, decided_at, decided_by)
    with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
    select i, 'P' || i, 'refused', 'auto', 'exact', 0, 1, 'X', '', '' from n
"""
ALLOCATIONS = """
    insert into allocation (decision_id, rank, entity, item_id, allocated_minor,
      evidence)
    with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
    select i, 0, 'E1', 'I' || i, 1, '' from n
"""


def row(number: int) -> dict[str, object]:
    """Return one open item; amounts are spread, the same in every run."""
    minor = 10_000 + (number * 7_919_317) % 400_000
    vat = {"rate_bps": 2_000, "base_minor": minor - minor // 6, "vat_minor": minor // 6}
    return {
        "item_id": f"I{number}",
        "entity": "E1",
        "customer_id": "C1",
        "account": "411000",
        "kind": "invoice",
        "reference": None,
        "other_references": None,
        "currency": "EUR",
        "open_minor": minor,
        "imported_minor": minor,
        "original_minor": minor,
        "vat": [vat],
        "issue_date": DAY - dt.timedelta(20),
        "due_date": DAY - dt.timedelta(number % 40 - 20),
    }


def searches() -> None:
    """Print what one payment costs, with all rules of the library."""
    settings = load_settings(SETTINGS, name="alloc.toml")
    rules = library()
    for size in (5, 10, 20, 40):
        rows = {f"I{number}": row(number) for number in range(size)}
        payment = {
            "payment_id": "P1",
            "entity": "E1",
            "amount_minor": 123_456,
            "value_date": DAY,
            "currency": "EUR",
            "payer_name": "INSURER",
            "ultimate_name": None,
            "payer_iban": None,
            "remittance_text": [],
            "charges_minor": None,
        }
        facts = Facts(payment, "C1", {"customer_type": "insurer"}, rows, ())
        best = sys.maxsize
        for _ in range(REPEATS):
            start = time.process_time_ns()
            for rule in rules:
                search_items(settings, rule, facts)
            best = min(best, time.process_time_ns() - start)
        print(f"search, {len(rules)} rules, {size} items: {best // 1_000} us")


def proposals() -> None:
    """Print what one payment costs that is proposed with and without rules."""
    settings = load_settings(SETTINGS, name="alloc.toml")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "ledger.db")
        create_ledger(path)
        with open_ledger(path, write=True) as ledger:
            source = SourceFile("items.csv", "0" * 64, 1, "open_items")
            accounts = {"E1": "411000"}
            ledger.import_open_items(source, owed(), accounts=accounts, now=NOW)
            reading = PoolRules(library(), lambda: contextlib.nullcontext(ledger))
            for name, rules in (("no rules", None), ("the library", reading)):
                pool = OpenPool(*(ledger, settings, "E1"), now=lambda: NOW, rules=rules)
                for paid, less in (("named", 0), ("named and short", SHORT_MINOR)):
                    took = [time_of(pool, paid_for(n, less)) for n in range(PROPOSED)]
                    p50 = round(statistics.median(took)) // 1_000
                    print(f"proposed, {name}, {paid}, {POOL_ITEMS} items: {p50} us")


def time_of(pool: OpenPool, payment: dict[str, object]) -> int:
    """Return the CPU time of one proposal."""
    start = time.process_time_ns()
    pool.decide(payment, [])
    return time.process_time_ns() - start


def minor_of(number: int) -> int:
    """Return what is open of an item of the pool."""
    return 10_000 + number * 7 % 99_991


def owed() -> pa.Table:
    """Return the pool: customers of ten items each, whose VAT is known."""
    numbers = range(POOL_ITEMS)
    minors = [minor_of(number) for number in numbers]
    return pa.table(
        {
            "item_id": [f"I{number}" for number in numbers],
            "entity": ["E1"] * POOL_ITEMS,
            "customer_id": [f"C{number // 10}" for number in numbers],
            "reference": [f"INV-{number:07}" for number in numbers],
            "currency": ["EUR"] * POOL_ITEMS,
            "open_minor": minors,
            "vat": pa.array(
                [
                    [
                        {
                            "rate_bps": 2_000,
                            "base_minor": minor - minor // 6,
                            "vat_minor": minor // 6,
                        }
                    ]
                    for minor in minors
                ],
                engine.schema("open_items").field("vat").type,
            ),
        }
    )


def paid_for(number: int, less: int) -> dict[str, object]:
    """Return a payment that names an item, and is short of it."""
    item = number * 331 % POOL_ITEMS
    return dict.fromkeys(engine.schema("payments").names) | {
        "payment_id": f"P{number}",
        "entity": "E1",
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": minor_of(item) - less,
        "remittance_text": [f"INV-{item:07}"],
    }


def pasts() -> None:
    """Print what the past of some items costs among a year of allocations."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "ledger.db")
        create_ledger(path)
        with open_ledger(path, write=True) as ledger:
            database = ledger._db  # noqa: SLF001
            with database.write():
                database.execute("pragma defer_foreign_keys = on")
                count = (YEAR_ALLOCATIONS,)
                database.execute(DECISIONS, count)
                database.execute("update decision set state = 'posted', seq = 1")
                database.execute(ALLOCATIONS, count)
            items = [f"I{number}" for number in range(1, WANTED + 1)]
            for name in ("with the index", "without"):
                start = time.process_time_ns()
                ledger.item_history(items)
                spent = (time.process_time_ns() - start) // 1_000
                print(f"past of {WANTED} items, {YEAR_ALLOCATIONS}, {name}: {spent} us")
                with database.write():
                    database.execute("drop index if exists allocation_item")


if __name__ == "__main__":
    searches()
    proposals()
    pasts()

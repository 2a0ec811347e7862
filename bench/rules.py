"""Time the rules: one payment against pools of items, and the past of items.

    python bench/rules.py

Prints CPU time a payment for the search of the exact core (no set fits, so every
combination is asked), and how the ledger finds what was done with an item among a
year of allocations.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from pathlib import Path

from alloc.app.fitting import search_items
from alloc.app.situations import Facts
from alloc.rules import library
from alloc.settings import load_settings
from alloc.store import create_ledger, open_ledger

YEAR_ALLOCATIONS = 400_000
WANTED = 200
REPEATS = 5
SETTINGS = '[workspace]\nname = "B"\n[[entity]]\nid = "E1"\nname = "E"\n'
DAY = dt.date(2026, 3, 6)
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
    pasts()

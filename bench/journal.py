"""Measure the journal kernel and the exports on a year: `python bench/journal.py`.

A year of the group is 220,000 payments over 60 entities; each entry has three lines.
Prints wall-clock and processor milliseconds a step, and the peak memory so far.
"""

from __future__ import annotations

import datetime as dt
import io
import resource
import sys
import time
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.export.beancount import beancount
from alloc.export.fec import FecLabels, fec
from alloc.export.fec_check import check_fec
from alloc.export.generic import entries_csv
from alloc.export.hledger import hledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from alloc.engine import Drafts

Result = TypeVar("Result")
PAYMENTS = 220_000
ENTITIES = 60
CUSTOMERS = 15_000
ITEM_MINOR = 10_000


def measured(name: str, step: Callable[[], Result]) -> Result:
    """Run a step and print what it took."""
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    result = step()
    wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:24}{wall // 10**6:>8} ms{cpu // 10**6:>8} ms cpu{peak:>7} MB")
    return result


def inputs(payments: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Payments of three items each, and a rest that stays on account."""
    first = dt.date(2026, 1, 1)
    number = range(payments)
    ids = [f"P{n:07}" for n in number]
    days = [first + dt.timedelta(days=n * 365 // payments) for n in number]
    customers = [f"C{n % CUSTOMERS}" for n in number]
    text = {
        "journal": "BQ1",
        "kind": "clearing",
        "currency": "EUR",
        "source_account": "512000",
        "customer_account": "411000",
        "suspense_account": "471000",
    }
    table = {
        "payment_id": pa.array(ids),
        "entity": pa.array([f"E{n % ENTITIES}" for n in number]),
        "posting_date": pa.array(days),
        "piece_date": pa.array(days),
        "piece_ref": pa.array(ids),
        "label": pa.array([f"Virement reçu {name}" for name in customers]),
        "amount_minor": pa.array([3 * ITEM_MINOR + 1 + n % 100 for n in number]),
        "customer_id": pa.array(customers),
        "fiscal_year": pa.repeat(pa.scalar(2026, pa.int64()), payments),
    } | {name: pa.repeat(value, payments) for name, value in text.items()}
    items = {
        "payment_id": pa.array([name for name in ids for _ in range(3)]),
        "item_id": pa.array([f"F{n}" for n in range(3 * payments)]),
        "customer_id": pa.array([name for name in customers for _ in range(3)]),
        "account": pa.repeat("411000", 3 * payments),
        "allocated_minor": pa.repeat(pa.scalar(ITEM_MINOR, pa.int64()), 3 * payments),
        "open_minor": pa.repeat(pa.scalar(ITEM_MINOR, pa.int64()), 3 * payments),
    }
    none = {name: pa.nulls(0) for name in ("payment_id", "role", "account")}
    return (
        pa.table(table),
        pa.table(items),
        pa.table(none | {"amount_minor": pa.nulls(0)}),
    )


def keyed_by_seq(table: pa.Table) -> pa.Table:
    """Put the place in the chain where the draft index was."""
    return table.set_column(0, "seq", pc.add(table["draft_index"], 1))


def bench_chain(drafts: Drafts) -> tuple[pa.Table, pa.Table]:
    """Seal and check the whole journal."""
    allocations = drafts.residuals.select(
        ["draft_index", "item_id", "customer_id", "allocated_minor"]
    )
    count = drafts.entries.num_rows
    entries = drafts.entries.append_column(
        "posted_at", pa.repeat("2026-12-31T06:00:00Z", count)
    )
    sealed = measured(
        "seal",
        lambda: engine.seal_entries(entries, drafts.postings, allocations, first_seq=1),
    )
    postings = keyed_by_seq(drafts.postings)
    tables = (sealed, postings, keyed_by_seq(allocations))
    findings = measured("check chain", lambda: engine.check_chain(*tables))
    if findings.num_rows:
        sys.exit(f"the chain does not check: {findings.to_pylist()[:3]}")
    return sealed, postings


def bench_exports(entries: pa.Table, postings: pa.Table) -> None:
    """Write the whole journal in one piece, as the book of one entity."""
    count = entries.num_rows
    one = entries.drop_columns(["entity", "number"])
    one = one.append_column("entity", pa.repeat("E1", count))
    one = one.append_column("number", pa.array(range(1, count + 1)))
    labels = FecLabels(journals={"BQ1": "Banque"}, accounts={})
    data = measured("write FEC", lambda: fec(one, postings, labels=labels))
    name = "732829320FEC20261231.txt"
    report = measured("check FEC", lambda: check_fec(io.BytesIO(data), name))
    if report.findings:
        sys.exit(f"the FEC does not check: {report.findings[:3]}")
    for write in (beancount, hledger):
        measured(
            f"write {write.__name__}",
            lambda write=write: write(entries, postings, name="Year"),
        )
    measured("write CSV", lambda: entries_csv(entries, postings))


def main(payments: int) -> None:
    """Measure every step on so many payments."""
    tables = inputs(payments)
    drafts = measured("draft entries", lambda: engine.draft_entries(*tables))
    print(f"{drafts.entries.num_rows} entries, {drafts.postings.num_rows} postings")
    bench_exports(*bench_chain(drafts))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAYMENTS)

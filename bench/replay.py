"""Replay the demo group with what its generator knows, and take the time.

    python bench/replay.py                       # a year, seed 1
    python bench/replay.py --size month --seed 7 --follow own

The texts and habits are ours: what this shows is how fast a replay is, and that the
engine reads its own demo. Rates on other people's ledgers are in `record/judge.md`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import click
import pyarrow.compute as pc

from alloc.app.open_book import item_keys
from alloc.app.past import Past, Settled, receipts_between
from alloc.app.replay import Follow, replay
from alloc.cli.replaying import replay_document
from alloc.demo import read_truth
from alloc.settings import load_settings
from alloc.store import open_ledger
from processes import alloc, run

TODAY = dt.date(2027, 1, 31)


def past_of_demo(folder: Path) -> Past:
    """Build the past of a demo workspace of which nothing is cleared yet."""
    truth = read_truth(folder / "truth")
    settled: dict[str, Settled] = {}
    columns = (
        truth.allocations["payment_id"],
        item_keys(truth.allocations),
        truth.allocations["allocated_minor"],
    )
    values = (column.to_pylist() for column in columns)
    for payment_id, key, minor in zip(*values, strict=True):
        settled.setdefault(payment_id, Counter())[key] += minor
    with open_ledger(str(folder / "ledger.db"), write=False) as ledger:
        items = ledger.open_items()
        payments = receipts_between(ledger, since=None, until=None)
    known = pc.is_in(payments["payment_id"], value_set=truth.payments["payment_id"])
    payments = payments.filter(known)
    ids = payments["payment_id"].to_pylist()
    return Past(
        payments=payments,
        items=items,
        settled=settled,
        charged={},
        decided_by=dict.fromkeys(ids, "truth"),
    )


@click.command()
@click.option("--size", default="year", show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--follow", type=click.Choice(["truth", "own"]), default="truth")
@click.option("--learn", is_flag=True, help="Know payers again.")
@click.option("--amount-only", is_flag=True, help="Let unique amounts decide alone.")
def main(size: str, seed: int, follow: str, *, amount_only: bool, learn: bool) -> None:
    """Write a demo group, import it, and replay it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        words = ("--size", size, "--seed", str(seed))
        run(sys.executable, "-m", "alloc.demo", folder, *words)
        run(Path(sys.executable).parent / "alloc", "init", folder, "--quiet")
        files = sorted(str(path) for path in (folder / "inbox").iterdir())
        alloc(folder, "import", *files)
        text = (folder / "alloc.toml").read_text()
        if amount_only:
            text = text.replace("amount_only = false", "amount_only = true")
        settings = load_settings(text, name="alloc.toml")
        start = time.perf_counter_ns()
        past = past_of_demo(folder)
        with open_ledger(str(folder / "ledger.db"), write=False) as ledger:
            found = replay(
                *(past, settings, ledger.customers()),
                ledger.remittances(past.payments["payment_id"].to_pylist()),
                follow=Follow(follow),
                learn=learn,
                today=TODAY,
            )
        wall_ms = (time.perf_counter_ns() - start) // 1_000_000
    document = replay_document(found, None)
    names = ("total", "by_stratum", "reasons")
    shown = {name: document[name] for name in names} | {"wall_ms": wall_ms}
    print(json.dumps(shown, indent=1, default=str))


if __name__ == "__main__":
    main()

"""How the time of a proposal grows: with payments, open items, references, threads.

    python bench/scaling.py                 # processor time, and the fitted exponents
    python bench/scaling.py --count         # instructions, smaller; what the gate reads
    python bench/scaling.py --gate          # as --count; exit code 1 beyond a target

Instructions are counted by valgrind (`apt-get install valgrind`), as the difference
between two calls and one: they are the same on a busy machine. An exponent is the
slope of a straight line through the logarithms.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import pyarrow as pa

import alloc
from alloc import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: Open items and payments of a size.
    Tables = tuple[pa.Table, pa.Table]

DAY = dt.date(2026, 3, 2)
POOL = 20
PAYERS = 16
ASKED = 500
CALLS = 3
#: Payments of the day that is run on one thread, and on more.
BUSY_DAY = 16_000
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
#: Makes amounts that hardly repeat, nor do their sums; all are prime.
_FACTOR, _STEP, _SPAN = 7_919, 104_729, 9_999_991


def amount(row: int) -> int:
    """Return what is open of an item, minor units."""
    return 1_000 + (row * row * _FACTOR + row * _STEP) % _SPAN


def open_items(customers: int, each: int) -> pa.Table:
    """Return as many open items for every customer."""
    rows = range(customers * each)
    return pa.table(
        {
            "item_id": [f"I{row:08d}" for row in rows],
            "entity": ["E1"] * len(rows),
            "customer_id": [f"C{row // each:07d}" for row in rows],
            "reference": [f"F{row:08d}" for row in rows],
            "currency": ["EUR"] * len(rows),
            "open_minor": pa.array(map(amount, rows), pa.int64()),
        }
    )


def payments(paid: list[list[int]], each: int, *, said: bool, known: bool) -> pa.Table:
    """Return a payment for every list of items; each names them if ``said``."""
    rows = range(len(paid))
    names = [[" ".join(f"F{row:08d}" for row in items)] for items in paid]
    owner = [f"C{items[0] // each:07d}" if known else None for items in paid]
    return pa.table(
        {
            "payment_id": [f"P{row:07d}" for row in rows],
            "entity": ["E1"] * len(rows),
            "value_date": pa.array([DAY] * len(rows), pa.date32()),
            "currency": ["EUR"] * len(rows),
            "amount_minor": pa.array([sum(map(amount, i)) for i in paid], pa.int64()),
            "customer_id": pa.array(owner, pa.string()),
            "remittance_text": names if said else [["VIREMENT"]] * len(rows),
        }
    )


def by_payments(size: int) -> Tables:
    """Pay two of the twenty items of as many customers, half of them by name."""
    paid = [[row * POOL + row % 7, row * POOL + 9] for row in range(size)]
    half = size // 2
    said = payments(paid[:half], POOL, said=True, known=True)
    unsaid = payments(paid[half:], POOL, said=False, known=True)
    ids = [f"P{row:07d}" for row in range(size)]
    both = pa.concat_tables([said, unsaid]).set_column(0, "payment_id", [ids])
    return open_items(size, POOL), both


def by_named_pool(size: int) -> Tables:
    """Pay three named items of a few customers, each with as many open."""
    starts = [payer * size for payer in range(PAYERS)]
    paid = [[start, start + size // 3, start + size // 2] for start in starts]
    return open_items(PAYERS, size), payments(paid, size, said=True, known=True)


def by_unnamed_pool(size: int) -> Tables:
    """Pay two items of a few customers without a word, each with as many open."""
    paid = [[payer * size, payer * size + size // 2] for payer in range(PAYERS)]
    return open_items(PAYERS, size), payments(paid, size, said=False, known=True)


def by_references(size: int) -> Tables:
    """Name one of as many references, of payers that nobody knows."""
    paid = [[at * size // ASKED] for at in range(ASKED)]
    return open_items(size // POOL, POOL), payments(paid, POOL, said=True, known=False)


@dataclass(frozen=True)
class Curve:
    """What grows, how far, and how fast time may grow with it."""

    name: str
    tables: Callable[[int], Tables]
    sizes: tuple[int, ...]
    counted: tuple[int, ...]
    exponent_max: float


CURVES = {
    curve.name: curve
    for curve in (
        Curve(
            *("payments", by_payments),
            *((2_000, 4_000, 8_000, 16_000, 32_000), (250, 1_000)),
            1.05,
        ),
        Curve(
            *("pool-named", by_named_pool),
            *((500, 1_000, 2_000, 4_000, 8_000, 16_000), (200, 800)),
            1.2,
        ),
        # Small enough for every pair and triple to be looked at.
        Curve(
            *("pool-searched", by_unnamed_pool),
            *((50, 100, 200), (50, 200)),
            1.2,
        ),
        Curve(
            *("pool-unnamed", by_unnamed_pool),
            *((500, 1_000, 2_000, 4_000, 8_000, 16_000), (400, 1_600)),
            1.2,
        ),
        Curve(
            *("references", by_references),
            *((20_000, 40_000, 80_000, 160_000, 320_000), (2_000, 8_000)),
            1.2,
        ),
    )
}


def call(tables: Tables, threads: int = 1) -> None:
    """Propose once."""
    nothing = engine.schema("remittances").empty_table()
    policy = {"amount_only": True}
    alloc.propose(*tables, nothing, policy=policy, threads=threads)


def processor_us(curve: Curve, size: int) -> int:
    """Return the least processor time of some calls."""
    tables, spent = curve.tables(size), []
    for _ in range(CALLS):
        start = time.process_time_ns()
        call(tables)
        spent.append(time.process_time_ns() - start)
    return min(spent) // 1000


def instructions(curve: Curve, size: int) -> int:
    """Count the instructions of one call."""
    once, twice = (_counted(curve.name, size, calls) for calls in (1, 2))
    return twice - once


def _counted(curve: str, size: int, calls: int) -> int:
    words = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
    words += ["--cachegrind-out-file=/dev/null", sys.executable, __file__]
    words += ["--call", curve, str(size), str(calls)]
    settled = {"PYTHONHASHSEED": "0", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    settled |= {"RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        words,
        env=os.environ | settled,
        capture_output=True,
        text=True,
        check=False,
    )
    found = _COUNTED.search(done.stderr)
    if done.returncode or found is None:
        raise click.ClickException(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def exponent(points: list[tuple[int, int]]) -> float:
    """Fit how a cost grows with the size: the slope of the logarithms."""
    xs = [math.log(size) for size, _ in points]
    ys = [math.log(cost) for _, cost in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    along = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return along / sum((a - x) ** 2 for a in xs)


def measured(*, counted: bool) -> Iterator[tuple[Curve, list[tuple[int, int]]]]:
    """Yield each curve with its points: size, microseconds or instructions."""
    for curve in CURVES.values():
        sizes = curve.counted if counted else curve.sizes
        cost = instructions if counted else processor_us
        yield curve, [(size, cost(curve, size)) for size in sizes]


def thread_walls_us(size: int) -> list[tuple[int, int]]:
    """Return the wall time of the largest day by threads."""
    tables, walls = by_payments(size), []
    threads = 1
    while threads <= (os.cpu_count() or 1):
        spent = []
        for _ in range(CALLS):
            start = time.perf_counter_ns()
            call(tables, threads)
            spent.append(time.perf_counter_ns() - start)
        walls.append((threads, min(spent) // 1000))
        threads *= 2
    return walls


@click.command()
@click.option("--count", is_flag=True, help="Count instructions.")
@click.option("--gate", is_flag=True, help="Count, and fail beyond a target.")
@click.option("--call", "called", type=(str, int, int), hidden=True)
def main(*, count: bool, gate: bool, called: tuple[str, int, int] | None) -> None:
    """Measure how the cost of a proposal grows."""
    if called is not None:
        name, size, calls = called
        tables = CURVES[name].tables(size)
        for _ in range(calls):
            call(tables)
        return
    is_beyond = False
    for curve, points in measured(counted=count or gate):
        grows = exponent(points)
        is_beyond |= grows > curve.exponent_max
        costs = ", ".join(f"{size}: {cost}" for size, cost in points)
        click.echo(f"{curve.name} ^ {grows:.3f}, <= {curve.exponent_max}: {costs}")
    if not (count or gate):
        for threads, wall_us in thread_walls_us(BUSY_DAY):
            click.echo(f"threads {threads}: {wall_us} us")
    if gate and is_beyond:
        raise click.ClickException("time grows faster than it may")


if __name__ == "__main__":
    main()

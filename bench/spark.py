"""Measure the plan of `alloc.spark`: ``python bench/spark.py``.

::

    python bench/spark.py plan    # 10 million items in Parquet files, counted by Spark
    python bench/spark.py size    # a billion items, simulated

Needs the extra ``spark`` and a JDK.
"""

from __future__ import annotations

import heapq
import os
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alloc.spark import frames, plan_shards, session
from run import Figure, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession

SEED = 1
NAMES = ("open_items", "payments")
OPTIONS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.executor.memory": "512m",
    "spark.executorEnv.PYTHONPATH": os.pathsep.join(sys.path),
    "spark.log.level": "OFF",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def opened(master: str, options: Mapping[str, str] | None = None) -> SparkSession:
    """Open a session that says nothing."""
    return session(master, name="bench", options=OPTIONS | dict(options or {}))


def company_sizes(companies: int, items: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Items of each company: log-normal, the largest some hundred times the median."""
    drawn = np.random.default_rng(SEED).lognormal(0, 1.6, companies)
    return np.maximum((drawn / drawn.sum() * items).astype(np.int64), 1)


# --- plan ------------------------------------------------------------------------


def bench_plan() -> Iterator[Figure]:
    """Plan 10 million items of 500 companies that lie in Parquet files."""
    with tempfile.TemporaryDirectory(prefix="alloc-spark-") as folder:
        sizes = company_sizes(500, 10_000_000)
        names = pa.array([f"E{number:04d}" for number in range(500)])
        for table, counts in (("open_items", sizes), ("payments", sizes // 20 + 1)):
            at = np.repeat(np.arange(500), counts)
            np.random.default_rng(SEED).shuffle(at)
            ids = pa.array(np.arange(len(at))).cast(pa.string())
            rows = pa.table({"entity": names.take(pa.array(at)), "payment_id": ids})
            pq.write_table(rows, f"{folder}/{table}")
        spark = opened("local[2]")
        items, payments = (spark.read.parquet(f"{folder}/{table}") for table in NAMES)
        start = time.perf_counter()
        frames.checked_payments(payments)
        plan = frames.plan_of(frames.Asked(items, payments, None), 64)
        took = round((time.perf_counter() - start) * 1_000)
        spark.stop()
    yield Figure("plan of 10 million items", took, "ms", "<= 60000")
    yield Figure("plan: heaviest shard over even share", plan.skew_ppm, "ppm", "")


# --- size ------------------------------------------------------------------------


def bench_size() -> Iterator[Figure]:
    """Plan a billion items of 5,000 companies; let tasks take longer than planned."""
    sizes = company_sizes(5_000, 1_000_000_000)
    names = [f"E{number:04d}" for number in range(5_000)]
    items = pa.table({"entity": names, "count": pa.array(sizes)})
    payments = pa.table({"entity": names, "count": pa.array(sizes // 20 + 1)})
    noise = np.random.default_rng(SEED)
    for cores in (64, 256, 1_024):
        start = time.perf_counter()
        plan = plan_shards(items, payments, shards=4 * cores)
        took = round((time.perf_counter() - start) * 1_000)
        loads = np.array(plan.loads)
        slow = (loads * noise.lognormal(0, 0.3, len(loads))).astype(np.int64)
        yield Figure(f"{cores} cores: plan", took, "ms", "")
        yield Figure(
            f"{cores} cores: run over even share", spread(loads, cores), "%", ""
        )
        yield Figure(
            f"{cores} cores: same, with stragglers", spread(slow, cores), "%", ""
        )
        kept = plan.kept_together.num_rows
        yield Figure(f"{cores} cores: companies above a share", kept, "companies", "")


def spread(loads: np.ndarray[Any, np.dtype[np.int64]], cores: int) -> int:
    """How long tasks take on some cores, in percent of an even share."""
    busy = [0] * cores
    for load in sorted(loads.tolist(), reverse=True):
        heapq.heapreplace(busy, busy[0] + load)
    return int(max(busy) * cores * 100 // max(int(loads.sum()), 1))


BENCHES = {"plan": bench_plan, "size": bench_size}


def main() -> None:
    """Run the benches that are named, or all."""
    for name in sys.argv[1:] or BENCHES:
        record(f"spark {name}", BENCHES[name]())


if __name__ == "__main__":
    main()

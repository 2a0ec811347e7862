"""What Spark costs: ``python bench/spark_cost.py [ways | growth]``.

::

    python bench/spark_cost.py ways      # beside one process, in several ways
    python bench/spark_cost.py growth    # with eight times as many payments and items

The same payments are decided by one process and, in several ways, by ``local[2]``;
processor time is that of all processes until the answer is there, taken from the
kernel. Needs the extra ``spark`` and a JDK.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import alloc
from alloc.spark import decider, propose
from processes import ROOT
from run import Figure, record
from scaling import open_items, payments

sys.path.append(str(ROOT / "tests" / "spark"))
from killing import processes

from spark import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

    from alloc.engine import Proposal

COMPANIES = 48
PAYMENTS = 96_000
#: Items that each payer has open; a payment settles three, and names two.
POOL, PAYMENTS_OF_A_PAYER = 12, 3
#: What the others are held against; what is looked at more closely.
ALONE, SHUFFLED = "one process", "shuffled, quick JVM"
SIZES = (12_000, 24_000, 48_000, 96_000)
UNITS = {"peak kB": "kB", "shuffled": "bytes"}
POLICY = {"amount_only": True}
NAMES = ("open_items", "payments")
TICK = os.sysconf("SC_CLK_TCK")
#: A JVM for a job of minutes: code is compiled once, and quickly.
QUICK_JVM = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
}


def tables(paid_in_all: int) -> dict[str, pa.Table]:
    """Give each company as many payers, and these as much to pay."""
    of_each = paid_in_all // COMPANIES
    payers = -(-of_each // PAYMENTS_OF_A_PAYER)
    firsts = [(row % payers) * POOL + row // payers for row in range(of_each)]
    paid = [[at, at + 4, at + 8] for at in firsts]
    asked = payments(paid, POOL, said=True, known=True)
    words = [text[0].split()[:2] for text in asked["remittance_text"].to_pylist()]
    asked = asked.set_column(6, "remittance_text", [[[" ".join(two)] for two in words]])
    return {
        "open_items": _of_companies(open_items(payers, POOL)),
        "payments": _of_companies(asked),
    }


def _of_companies(rows: pa.Table) -> pa.Table:
    """Give each company the same rows; ids of payments are of one only."""
    parts = []
    for number in range(COMPANIES):
        part = rows.set_column(1, "entity", [[f"E{number:02d}"] * rows.num_rows])
        ids = [f"{name}-{number:02d}" for name in part[0].to_pylist()]
        parts.append(part.set_column(0, part.column_names[0], [ids]))
    return pa.concat_tables(parts)


# --- one way, in a process of its own --------------------------------------------


def alone(folder: str) -> Proposal:
    """Decide here, by one thread."""
    rows = (pq.read_table(f"{folder}/{name}") for name in NAMES)
    return alloc.propose(*rows, policy=POLICY, threads=1)


def shuffled(spark: SparkSession, folder: str, *, shards: int = 8) -> Proposal:
    """Let Spark read the files, and shuffle the rows to their shards."""
    rows = (spark.read.parquet(f"{folder}/{name}") for name in NAMES)
    return propose(spark, *rows, policy=POLICY, shards=shards).collect()


def parted(spark: SparkSession, folder: str) -> Proposal:
    """Read the files here, and hand each shard to its task."""
    rows = (pq.read_table(f"{folder}/{name}") for name in NAMES)
    return decider(spark)(*rows, policy=POLICY)


WAYS: dict[str, tuple[Callable[[SparkSession, str], Proposal], dict[str, str]]] = {
    "shuffled": (shuffled, {}),
    SHUFFLED: (shuffled, QUICK_JVM),
    "shuffled to one shard, quick JVM": (partial(shuffled, shards=1), QUICK_JVM),
    "parted by the driver": (parted, {}),
    "parted by the driver, quick JVM": (parted, QUICK_JVM),
}


def one(way: str, folder: str) -> dict[str, Any]:
    """Decide in one way; say what was answered, and what it took."""
    moved = 0
    if way == ALONE:
        answer = alone(folder)
    else:
        decide, options = WAYS[way]
        spark = opened("local[2]", options)
        answer = decide(spark, folder)
        store = spark.sparkContext._jsc.sc().statusStore()  # noqa: SLF001 - no other way
        moved = store.executorList(False).apply(0).totalShuffleWrite()  # noqa: FBT003
    took = spent()
    tables = (answer.decisions, answer.allocations, answer.adjustments)
    rows = [table.to_pylist() for table in tables]
    return {
        **took,
        "shuffled": moved,
        "answer": hashlib.sha256(repr(rows).encode()).hexdigest(),
    }


def spent() -> dict[str, int]:
    """Say what each process below this one took: milliseconds, and the most memory."""
    seen = dict(processes())
    mine = {os.getpid()}
    for _ in range(8):
        mine |= {pid for pid, (parent, _) in seen.items() if parent in mine}
    found: Counter[str] = Counter()
    for pid in mine & seen.keys():
        words = seen[pid][1]
        kind = "workers" if "pyspark.daemon" in words else "driver"
        if words.partition("\0")[0].endswith("java"):
            kind = "jvm"
            for task in Path(f"/proc/{pid}/task").iterdir():
                name = _stat(task)[0]
                if "Compiler" in name or "GC" in name or "G1" in name:
                    found["jvm compiler" if "Comp" in name else "jvm gc"] += _ms(task)
        found[kind] += _ms(Path(f"/proc/{pid}"), children=2)
        if kind == "workers":
            status = Path(f"/proc/{pid}/status").read_text()
            peak = int(status.partition("VmHWM:")[2].split()[0])
            found["peak kB"] = max(found["peak kB"], peak)
    return found


def _stat(folder: Path) -> tuple[str, list[str]]:
    name, _, rest = (folder / "stat").read_text().rpartition(")")
    return name.partition("(")[2], rest.split()


def _ms(folder: Path, *, children: int = 0) -> int:
    """Time of the processor; also of as many columns of children that ended."""
    ticks = _stat(folder)[1][11 : 13 + children]
    return sum(map(int, ticks)) * 1_000 // TICK


# --- all ways, all sizes ------------------------------------------------------------


def bench_ways(folder: str) -> Iterator[Figure]:
    """Decide in every way; the answers are the same, or the bench ends."""
    yield from _written(folder, PAYMENTS)
    answers = set()
    for way in (ALONE, *WAYS):
        start = time.perf_counter()
        found = _measured(way, folder)
        took = round((time.perf_counter() - start) * 1_000)
        answers.add(found.pop("answer"))
        total = found["all"]
        if way == ALONE:
            least = total
        share = total * 100 // least
        yield Figure(f"{way}: over one process", share, "%", "<= 250")
        yield Figure(f"{way}: clock", took, "ms", "")
        for name, value in found.items():
            yield Figure(f"{way}: {name}", value, UNITS.get(name, "ms"), "")
    if len(answers) != 1:
        sys.exit("the ways give different answers")


def bench_growth(folder: str) -> Iterator[Figure]:
    """Let Spark decide more and more; say how time grows."""
    seen: dict[str, list[int]] = {"all": [], "workers": []}
    for count in SIZES:
        yield from _written(folder, count)
        found = _measured(SHUFFLED, folder)
        for name, of_sizes in seen.items():
            of_sizes.append(found[name])
        for name in ("all", "workers", "peak kB", "shuffled"):
            unit = UNITS.get(name, "ms")
            yield Figure(f"{count} payments: {name}", found[name], unit, "")
    for name, of_sizes in seen.items():
        exponent = round(
            float(np.polyfit(np.log(SIZES), np.log(of_sizes), 1)[0]) * 1_000
        )
        yield Figure(f"exponent: {name}", exponent, "milli", "<= 1050")


def _written(folder: str, count: int) -> Iterator[Figure]:
    for name, rows in tables(count).items():
        pq.write_table(rows, f"{folder}/{name}", row_group_size=1 << 17)
        yield Figure(f"{count}: {name}", rows.num_rows, "rows", "")


def _measured(way: str, folder: str) -> dict[str, Any]:
    words = [sys.executable, __file__, "--one", way, folder]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    kinds = ("driver", "jvm", "workers")
    return {"all": sum(found.get(kind, 0) for kind in kinds)} | found


BENCHES = {"ways": bench_ways, "growth": bench_growth}


def main() -> None:
    """Run the benches that are named, or all."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(one(*sys.argv[2:])))
        return
    for name in sys.argv[1:] or BENCHES:
        with tempfile.TemporaryDirectory(prefix="alloc-spark-") as folder:
            record(f"spark {name}", BENCHES[name](folder))


if __name__ == "__main__":
    main()

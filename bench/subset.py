"""Time `alloc.subset` and what a user could install instead, on given instances.

python bench/subset.py INSTANCES [--seconds 5] [--families abcdef]

INSTANCES is a folder with `items.parquet` and `targets.parquet`. Peers that are not
installed are left out: dpss, flsss, mknapsack and ortools are no dependencies of ours.
Each runs in a process of its own, one thread, until its first answer or the limit.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow.parquet as pq

from alloc.subset import Delta, solve

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

#: Runs of our own solver; the fastest counts.
REPEATS = 20


class Instance(NamedTuple):
    """One question: amounts, target and the admissible intervals."""

    name: str
    amounts: list[int]
    target: int
    allowed: list[tuple[int, int]]


def read(folder: Path, families: str) -> list[Instance]:
    """Read the first instance of each family."""
    amounts: dict[str, list[int]] = {}
    for row in pq.read_table(folder / "items.parquet").to_pylist():
        amounts.setdefault(row["name"], []).append(row["amount"])
    rows = pq.read_table(folder / "targets.parquet").to_pylist()
    return [
        Instance(
            row["name"], amounts[row["name"]], row["T"], json.loads(row["allowed"])
        )
        for row in rows
        if row["seed"] == 1 and (not families or row["family"] in families.split(","))
    ]


def ours(instance: Instance) -> str:
    """Say what is known, with the proof."""
    deltas = [
        Delta(low_minor=low - instance.target, high_minor=high - instance.target)
        for low, high in instance.allowed
        if low != instance.target
    ]
    got = solve(instance.amounts, instance.target, deltas=deltas)
    return f"{got.outcome} by {got.proof}"


def with_dpss(instance: Instance) -> str:
    """Ask dpss for any subset."""
    import dpss  # noqa: PLC0415

    size = len(instance.amounts)
    found = dpss.find_subset(instance.amounts, instance.target, size)
    return "found" if found else "none"


def with_flsss(instance: Instance) -> str:
    """Ask flsss for one subset of any size."""
    import flsss  # noqa: PLC0415

    low, high = instance.target, instance.target
    found = flsss.FLSSS_gen(
        instance.amounts, low, high, len=0, n_solutions=1, n_threads=1
    )
    return "found" if len(found) else "none"


def with_mknapsack(instance: Instance) -> str:
    """Ask MTSL, which takes positive weights only and proves nothing."""
    import mknapsack  # noqa: PLC0415

    chosen = mknapsack.solve_subset_sum(
        instance.amounts, instance.target, method_kwargs={"require_exact": 0}
    )
    total = sum(
        amount for amount, taken in zip(instance.amounts, chosen, strict=True) if taken
    )
    return "found" if total == instance.target else "not found"


def with_cp_sat(instance: Instance) -> str:
    """Ask CP-SAT for feasibility."""
    from ortools.sat.python import cp_model  # noqa: PLC0415

    model = cp_model.CpModel()
    picks = [model.new_bool_var(str(index)) for index in range(len(instance.amounts))]
    total = cp_model.LinearExpr.weighted_sum(picks, instance.amounts)
    model.add(total == instance.target)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    return str(solver.status_name(solver.solve(model))).lower()


PEERS: dict[str, tuple[str, Callable[[Instance], str]]] = {
    "dpss": ("dpss", with_dpss),
    "flsss": ("flsss", with_flsss),
    "MTSL": ("mknapsack", with_mknapsack),
    "CP-SAT": ("ortools", with_cp_sat),
}


def answer(
    peer: Callable[[Instance], str], instance: Instance, end: Connection
) -> None:
    """Time the second of two answers (the first one imports and warms up)."""
    try:
        small = Instance("warm", [1, 2, 3, 5], 8, [(8, 8)])
        peer(small)
        start = time.perf_counter_ns()
        said = peer(instance)
        end.send((time.perf_counter_ns() - start, said))
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way
        end.send((0, f"failed: {type(error).__name__}"))


def timed(
    peer: Callable[[Instance], str], instance: Instance, seconds: float
) -> tuple[int, str]:
    """Run a peer in a process of its own, which is ended at the limit."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(peer, instance, there))
    process.start()
    got = here.recv() if here.poll(seconds) else (0, f"> {seconds:g} s")
    process.kill()
    process.join()
    return got


def main() -> None:
    """Print one line per instance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("instances", type=Path)
    parser.add_argument("--seconds", type=float, default=5, help="limit per peer")
    parser.add_argument("--families", default="", help="comma-separated; all if empty")
    arguments = parser.parse_args()
    peers = {n: p for n, (m, p) in PEERS.items() if importlib.util.find_spec(m)}
    for instance in read(arguments.instances, arguments.families):
        walls = []
        said = ""
        for _ in range(REPEATS):
            start = time.perf_counter_ns()
            said = ours(instance)
            walls.append(time.perf_counter_ns() - start)
        line = [f"{instance.name:8} n={len(instance.amounts):<5}"]
        line.append(f"alloc {min(walls) / 1e6:.3f} ms ({said})")
        for name, peer in peers.items():
            elapsed, reply = timed(peer, instance, arguments.seconds)
            line.append(f"{name} {elapsed / 1e6:.3f} ms ({reply})")
        print("  ".join(line), flush=True)


if __name__ == "__main__":
    main()

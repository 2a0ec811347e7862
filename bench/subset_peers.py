"""One peer of `alloc.subset` on one instance, in an interpreter of its own.

INTERPRETER bench/subset_peers.py PEER < instance.json

Reads ``{"amounts": [...], "target": ...}``; prints ``{"ns": ..., "said": ...}``, the
time of the second of two answers (the first one imports and warms up). `which` prints
the peers that the interpreter can import.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def with_dpss(amounts: list[int], target: int) -> str:
    """Ask dpss for any subset."""
    import dpss  # noqa: PLC0415

    return "found" if dpss.find_subset(amounts, target, len(amounts)) else "none"


def with_flsss(amounts: list[int], target: int) -> str:
    """Ask flsss for one subset of any size."""
    import flsss  # noqa: PLC0415

    found = flsss.FLSSS_gen(amounts, target, target, len=0, n_solutions=1, n_threads=1)
    return "found" if len(found) else "none"


def with_mknapsack(amounts: list[int], target: int) -> str:
    """Ask MTSL, which takes positive weights only and proves nothing."""
    import mknapsack  # noqa: PLC0415

    if min(amounts) <= 0:
        return "takes amounts above 0 only"
    options = {"require_exact": 0}
    fitting = [amount for amount in amounts if amount <= target]
    chosen = mknapsack.solve_subset_sum(fitting, target, method_kwargs=options)
    pairs = zip(fitting, chosen, strict=True)
    total = sum(amount for amount, taken in pairs if taken)
    return "found" if total == target else "not found"


def with_cp_sat(amounts: list[int], target: int) -> str:
    """Ask CP-SAT for feasibility."""
    from ortools.sat.python import cp_model  # noqa: PLC0415

    model = cp_model.CpModel()
    picks = [model.new_bool_var(str(index)) for index in range(len(amounts))]
    model.add(cp_model.LinearExpr.weighted_sum(picks, amounts) == target)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    return str(solver.status_name(solver.solve(model))).lower()


PEERS: dict[str, tuple[str, Callable[[list[int], int], str]]] = {
    "dpss": ("dpss", with_dpss),
    "flsss": ("flsss", with_flsss),
    "MTSL": ("mknapsack", with_mknapsack),
    "CP-SAT": ("ortools", with_cp_sat),
}


def main() -> None:
    """Answer one instance, or name the peers that are there."""
    if sys.argv[1] == "which":
        there = [n for n, (m, _) in PEERS.items() if importlib.util.find_spec(m)]
        print(json.dumps(there))
        return
    instance = json.load(sys.stdin)
    peer = PEERS[sys.argv[1]][1]
    peer([1, 2, 3, 5], 8)
    start = time.perf_counter_ns()
    said = peer(instance["amounts"], instance["target"])
    print(json.dumps({"ns": time.perf_counter_ns() - start, "said": said}))


if __name__ == "__main__":
    main()

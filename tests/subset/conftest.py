"""Instances with a known answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from alloc.subset import Delta

if TYPE_CHECKING:
    from pathlib import Path

    Instance = tuple[list[int], int, list[Delta], bool]


def evens_and_odd_target() -> Instance:
    return ([2 * (1 + 7_919 * i % 500) for i in range(100)], 25_001, [], False)


@pytest.fixture(scope="session")
def known_instances(root: Path, shared: Path | None) -> list[Instance]:
    """Amounts, target, deltas and feasibility: one of our own, and the shared ones."""
    known = [evens_and_odd_target()]
    folder = (shared or root) / "subsetsum"
    if not folder.is_dir():
        return known
    amounts: dict[str, list[int]] = {}
    for row in pq.read_table(folder / "items.parquet").to_pylist():
        amounts.setdefault(row["name"], []).append(row["amount"])
    for row in pq.read_table(folder / "targets.parquet").to_pylist():
        target = row["T"]
        deltas = [
            Delta(low_minor=low - target, high_minor=high - target)
            for low, high in json.loads(row["allowed"])
            if low != target
        ]
        if row["feasible"] >= 0:
            known.append((amounts[row["name"]], target, deltas, row["feasible"] == 1))
    return known

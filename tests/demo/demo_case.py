"""A written demo workspace beside the plan it was written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.demo import SIZES, Summary, Truth, generate, read_truth
from alloc.demo.plan import Plan, make_plan

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Demo:
    folder: Path
    plan: Plan
    summary: Summary
    truth: Truth

    def inbox(self, pattern: str) -> list[Path]:
        found = sorted((self.folder / "inbox").glob(pattern))
        assert found, f"no file {pattern} in the inbox"
        return found


def write_demo(folder: Path, size: str, seed: int) -> Demo:
    summary = generate(folder, SIZES[size], seed=seed)
    plan = make_plan(SIZES[size], seed)
    return Demo(folder, plan, summary, read_truth(folder / "truth"))

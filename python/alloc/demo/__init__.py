"""A car-dealer group that does not exist, for demos, tests and measurements.

``python -m alloc.demo OUT --size day --seed 1`` writes a ready workspace: settings,
mapping profiles, an inbox of bank statements and accounting exports, and (outside the
inbox) the truth: what each payment really settles. Everything is invented here; equal
size and seed give equal bytes.
"""

from __future__ import annotations

from alloc.demo.generate import Summary, generate
from alloc.demo.measure import Score, Truth, read_truth, score
from alloc.demo.sizes import SIZES, Size

__all__ = [
    "SIZES",
    "Score",
    "Size",
    "Summary",
    "Truth",
    "generate",
    "read_truth",
    "score",
]

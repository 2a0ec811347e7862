"""Worked cases of our own: data beside this file, in the words of the shared ones."""

from __future__ import annotations

from pathlib import Path

import yaml

CASES = {
    case["id"]: case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load_all(path.read_text("utf-8"))
}

SAMPLE = (
    "BAD-recovered",
    "CN-refund",
    "DEP-excess-refunded",
    "DEP-two-rates",
    "FAC-recourse",
    "FX-too-much",
    "INS-all-three",
    "INS-vat-moved-of-two",
    "OFF-part-quoted",
    "OFF-vat-and-cash",
    "PAR-second-part",
    "RTN-rebilled-with-vat",
)
"""One of each kind of entry that the shared cases do not have."""

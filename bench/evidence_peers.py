"""One peer of the reference reader on one advice, in an interpreter of its own.

INTERPRETER bench/evidence_peers.py PEER < advice.json

Reads ``{"references": [...], "written": [...]}``; prints ``{"ns": ..., "found": ...}``:
for each written number the position of the reference that is at most one edit away, -1
for none, and the time of the second of two answers. `which` prints the peers that the
interpreter can import.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Texts = list[str]


def with_cdist(references: Texts, written: Texts) -> list[int]:
    """Compare all with all, one thread."""
    from rapidfuzz import process  # noqa: PLC0415
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    found = process.cdist(
        written, references, scorer=OSA.distance, score_cutoff=1, workers=1
    )
    best = found.argmin(axis=1)
    near = zip(best, found.min(axis=1), strict=True)
    return [int(at) if distance <= 1 else -1 for at, distance in near]


def with_extract_one(references: Texts, written: Texts) -> list[int]:
    """Ask for the best reference of each."""
    from rapidfuzz import process  # noqa: PLC0415
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    found = []
    for word in written:
        best = process.extractOne(word, references, scorer=OSA.distance, score_cutoff=1)
        found.append(best[2] if best else -1)
    return found


def with_symspell(references: Texts, written: Texts) -> list[int]:
    """Ask a dictionary of deletions, built for the purpose as ours is."""
    from symspellpy import SymSpell, Verbosity  # noqa: PLC0415

    spell = SymSpell(max_dictionary_edit_distance=1, prefix_length=10)
    position = {}
    for at, reference in enumerate(references):
        spell.create_dictionary_entry(reference, 1)
        position[reference] = at
    found = []
    for word in written:
        best = spell.lookup(word, Verbosity.TOP, max_edit_distance=1)
        found.append(position[best[0].term] if best else -1)
    return found


PEERS: dict[str, tuple[str, Callable[[Texts, Texts], list[int]]]] = {
    "rapidfuzz cdist": ("rapidfuzz", with_cdist),
    "rapidfuzz extractOne": ("rapidfuzz", with_extract_one),
    "symspellpy": ("symspellpy", with_symspell),
}


def main() -> None:
    """Answer one advice, or name the peers that are there."""
    if sys.argv[1] == "which":
        there = [n for n, (m, _) in PEERS.items() if importlib.util.find_spec(m)]
        print(json.dumps(there))
        return
    advice = json.load(sys.stdin)
    peer = PEERS[sys.argv[1]][1]
    peer(["1234", "1235"], ["1234"])
    start = time.perf_counter_ns()
    found = peer(advice["references"], advice["written"])
    print(json.dumps({"ns": time.perf_counter_ns() - start, "found": found}))


if __name__ == "__main__":
    main()

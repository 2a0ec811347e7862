"""What the payments lack that the engine does not decide: `bench/record/misses.md`.

::

    python bench/misses.py SCENARIO RUN [SCENARIO RUN ...] > record/misses.md

Scenarios of the judge with partial text and the runs of `python -m judge drive` on
them. Only ledgers that may be looked at: what stands here is an answer key.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import pstdev
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Items that are listed exactly; beyond it their number is estimated.
COUNTED = 3
#: Open items beyond which a payment of some of them is hard.
FEW = 22
#: Decimal logarithm of the number of other sets that leaves no doubt.
NO_OTHERS = -3
#: Misses that are drawn.
DRAWN = 24
SEED = 2026


@dataclass(frozen=True)
class Miss:
    """A payment that was not decided."""

    scenario: str
    payment_id: str
    paid: int
    unsaid: int
    #: Amounts that the text does not name, and what of them was paid.
    rest: list[int]
    asked: int
    confidence: int

    @property
    def open_items(self) -> int:
        """How many items were open."""
        return len(self.rest) + self.paid - self.unsaid

    def others(self) -> float:
        """Count, or estimate, the other sets of as many items with that sum."""
        size, taken = len(self.rest), self.unsaid
        if taken <= COUNTED:
            return float(sets_with(self.rest, taken, self.asked) - 1)
        return 10.0 ** (log10_ways(size, taken) - log10_width(self.rest, taken))

    def kind(self) -> str:
        """Say what is missing."""
        if self.unsaid == 0:
            return "everything is named, one name misread"
        if self.unsaid == self.paid:
            return "the text names nothing"
        others = self.others()
        if self.unsaid <= COUNTED:
            alone = "no others of as many"
            found = "others of that very sum are open" if others else alone
            return f"1 to {COUNTED} unsaid, {found}"
        if others > 1:
            found = "more than one other set expected by chance"
        elif others > 10.0**NO_OTHERS:
            found = "0.001 to 1 other set expected"
        else:
            found = "fewer than 0.001 other sets expected"
        return f"{COUNTED + 1} or more unsaid, {found}"

    def row(self) -> str:
        """One line of the draw."""
        others = self.others()
        shown = f"{others:.0f}"
        if self.unsaid > COUNTED:
            shown = f"10^{math.log10(others):.1f}"
        return (
            f"| {self.scenario} | {self.payment_id} | {self.paid} of {self.open_items} "
            f"| {self.unsaid} | {shown} | {self.confidence} |"
        )


def log10_ways(size: int, taken: int) -> float:
    """Logarithm of how many sets there are."""
    return math.log10(math.comb(size, taken))


def log10_width(amounts: list[int], taken: int) -> float:
    """Logarithm of how many sums so many items share, by their spread."""
    spread = pstdev(amounts) * math.sqrt(taken * 2 * math.pi)
    return math.log10(max(1.0, spread))


def sets_with(amounts: list[int], taken: int, asked: int) -> int:
    """How many sets of so many items have this sum.

    Parameters
    ----------
    amounts
        Of the items.
    taken
        How many, up to three.
    asked
        Their sum.
    """
    if taken == 1:
        return amounts.count(asked)
    if taken == COUNTED:
        rest = range(len(amounts))
        return sum(sets_with(amounts[at + 1 :], 2, asked - amounts[at]) for at in rest)
    seen: Counter[int] = Counter()
    found = 0
    for amount in amounts:
        found += seen[asked - amount]
        seen[amount] += 1
    return found


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a table."""
    return pq.read_table(path).to_pylist()


def misses(scenario: Path, run: Path) -> tuple[int, list[Miss]]:
    """Return the size of the stratum, and its payments that were not decided."""
    decided = {row["payment_id"]: row for row in rows(run / "decisions.parquet")}
    items = {row["item_id"]: row for row in rows(scenario / "open_items.parquet")}
    payments = {row["payment_id"]: row for row in rows(scenario / "payments.parquet")}
    pools: dict[tuple[str, str], list[tuple[Any, Any, str]]] = defaultdict(list)
    windows = rows(scenario / "hidden" / "windows.parquet")
    for item, window in zip(items.values(), windows, strict=True):
        days = (window["open_from"], window["cleared_on"], item["item_id"])
        pools[item["entity"], item["customer_id"]].append(days)
    truth: dict[str, set[str]] = defaultdict(set)
    for row in rows(scenario / "hidden" / "truth.parquet"):
        truth[row["payment_id"]].add(row["item_id"])
    hard, found = 0, []
    for row in rows(scenario / "hidden" / "payments.parquet"):
        key = row["payment_id"]
        if not (row["k"] > 1 and FEW < row["pool_n"] > row["k"]):
            continue
        hard += 1
        decision = decided.get(key, {"status": "none", "confidence_ppm": 0})
        if decision["status"] == "auto":
            continue
        payment = payments[key]
        text = "".join(payment["remittance_text"]).replace(" ", "").upper()
        unsaid = {i for i in truth[key] if not is_said(items[i]["reference"], text)}
        day, pool = payment["value_date"], pools[payment["entity"], row["customer_id"]]
        still = (i for opened, closed, i in pool if opened <= day <= closed)
        rest = [i for i in still if i in unsaid or i not in truth[key]]
        found.append(
            Miss(
                scenario=scenario.name.rpartition("-")[2],
                payment_id=key,
                paid=row["k"],
                unsaid=len(unsaid),
                rest=[items[i]["amount_minor"] for i in rest],
                asked=sum(items[i]["amount_minor"] for i in unsaid),
                confidence=decision["confidence_ppm"],
            )
        )
    return hard, found


def is_said(reference: str | None, text: str) -> bool:
    """Whether the end of a number stands in a text."""
    return bool(reference) and reference[-5:].upper() in text


def report(hard: int, found: list[Miss]) -> Iterator[str]:
    """Yield the lines of the two tables."""
    share = 100 / hard
    yield "| what is missing | payments | % of the stratum |"
    yield "| --- | --- | --- |"
    decided = hard - len(found)
    yield f"| decided | {decided} | {decided * share:.1f} |"
    for kind, count in Counter(miss.kind() for miss in found).most_common():
        yield f"| {kind} | {count} | {count * share:.1f} |"
    yield ""
    yield f"Drawn with `random.Random({SEED})` from all misses:"
    yield ""
    yield "| seed | payment | paid of open | unsaid | others | confidence, ppm |"
    yield "| --- | --- | --- | --- | --- | --- |"
    drawn = list(found)
    random.Random(SEED).shuffle(drawn)
    yield from (miss.row() for miss in drawn[:DRAWN])


def main(arguments: list[str]) -> None:
    """Print the tables of all scenarios together."""
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    parts = [misses(Path(scenario), Path(run)) for scenario, run in pairs]
    found = [miss for _, part in parts for miss in part]
    print("\n".join(report(sum(hard for hard, _ in parts), found)))


if __name__ == "__main__":
    main(sys.argv[1:])

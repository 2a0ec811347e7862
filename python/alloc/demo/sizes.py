"""How much the demo writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Size:
    """One size of the demo group.

    Parameters
    ----------
    name
        What the command line calls it.
    first, last
        First and last day of the bank statements; both are booking days.
    entities, customers
        How many.
    payments
        How many bank credits of customers, exactly.
    standing
        Open items that no payment of the period settles.
    monthly_files
        One file per month instead of one per day.
    """

    name: str
    first: date
    last: date
    entities: int
    customers: int
    payments: int
    standing: int
    monthly_files: bool = False


SIZES = {
    size.name: size
    for size in (
        Size("small", date(2026, 1, 28), date(2026, 1, 30), 3, 200, 100, 150),
        Size("day", date(2026, 1, 30), date(2026, 1, 30), 60, 15_000, 900, 26_000),
        Size("month", date(2026, 1, 2), date(2026, 1, 30), 60, 15_000, 18_000, 28_000),
        Size(
            "year",
            date(2026, 1, 2),
            date(2026, 12, 31),
            60,
            15_000,
            220_000,
            34_000,
            monthly_files=True,
        ),
    )
}

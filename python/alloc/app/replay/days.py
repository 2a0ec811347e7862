"""What a replay finds on one day: its outcomes, and what else was tried."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Protocol

import msgspec
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "OUTCOMES",
    "DayFound",
    "Kept",
    "NothingKept",
    "Outcome",
    "Taken",
    "Trial",
    "outcome_table",
]

OUTCOMES = pa.schema(
    [
        ("payment_id", pa.string()),
        ("entity", pa.string()),
        ("value_date", pa.date32()),
        ("currency", pa.string()),
        ("amount_minor", pa.int64()),
        ("payer", pa.string()),
        ("customer_id", pa.string()),
        ("customer_type", pa.string()),
        ("stratum", pa.string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("rule", pa.string()),
        ("confidence_ppm", pa.int64()),
        ("lines", pa.int64()),
        ("lines_told", pa.int64()),
        ("lines_right", pa.int64()),
        ("deducted_minor", pa.int64()),
        ("decided_by", pa.string()),
    ]
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One payment that was cleared then; what the fields are says `Replay`."""

    payment_id: str
    entity: str
    value_date: dt.date
    currency: str
    amount_minor: int
    payer: str | None
    customer_id: str | None
    customer_type: str | None
    stratum: str
    verdict: str
    reason: str
    rule: str | None
    confidence_ppm: int | None
    lines: int
    lines_told: int
    lines_right: int
    deducted_minor: int
    decided_by: str


class Trial(msgspec.Struct, frozen=True):
    """A payment that was left to a person, asked again with one thing more known.

    Parameters
    ----------
    kind, name, payer
        As in `alloc.app.replay.what_if.Gain`.
    payment_id
        The payment.
    is_right
        Whether it would have been cleared as it was.
    """

    kind: str
    name: str
    payer: str
    payment_id: str
    is_right: bool


class Taken(msgspec.Struct, frozen=True):
    """What an automatic decision takes off items, and books beside it."""

    payment_id: str
    settled: dict[str, int]
    charged: list[tuple[str, str, int]]


class DayFound(msgspec.Struct, frozen=True):
    """What was found on a day.

    Parameters
    ----------
    outcomes
        Of payments of which it is known how they were cleared.
    waiting
        How many others there are.
    trials
        What would have cleared more.
    taken
        By payment; only where our own decisions move the items on.
    """

    outcomes: list[Outcome]
    waiting: int
    trials: list[Trial]
    taken: list[Taken]


class Kept(Protocol):
    """Days that were decided before, by a run that was stopped."""

    def day(self, day: dt.date) -> DayFound | None:
        """Return what was found on a day; None when it is to be decided."""

    def keep(self, day: dt.date, found: DayFound) -> None:
        """Keep what was found on a day."""


class NothingKept:
    """A run that starts anew each time."""

    def day(self, day: dt.date) -> DayFound | None:
        """Return None: each day is to be decided."""

    def keep(self, day: dt.date, found: DayFound) -> None:
        """Keep nothing."""


def outcome_table(outcomes: Iterable[Outcome]) -> pa.Table:
    """Return outcomes as a table, by value date and payment id."""
    rows = list(outcomes)
    columns = {
        field.name: pa.array([getattr(row, field.name) for row in rows], field.type)
        for field in OUTCOMES
    }
    by_day = [("value_date", "ascending"), ("payment_id", "ascending")]
    return pa.table(columns, schema=OUTCOMES).sort_by(by_day)

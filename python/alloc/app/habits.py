"""What payers usually choose among what is open, counted from what was posted."""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alloc.app.payer_memory import PayerMemory
    from alloc.settings import Settings

__all__ = ["KEPT_DAYS", "Habits", "Shown", "learned_habits", "shown_by"]

#: A payment that came so long before those that are decided shows nothing any more.
KEPT_DAYS = 365


class Habits:
    """The habits that payments are decided by.

    Parameters
    ----------
    rows
        As of `alloc.engine.observe_habits`; None: habits are not asked for.
    """

    def __init__(self, rows: pa.Table | None) -> None:
        self.rows = self._before = rows
        self._seen: deque[tuple[dt.date, pa.Table]] = deque()

    @classmethod
    def of(cls, ledger: PayerMemory, settings: Settings, payments: pa.Table) -> Habits:
        """Count what was posted before some payments, where the policy wants habits."""
        if not settings.policy.habits or not payments.num_rows:
            return cls(None)
        return cls(learned_habits(ledger, pc.min(payments["value_date"]).as_py()))

    def see(self, items: pa.Table, history: pa.Table) -> None:
        """Add what the payments of a day chose.

        Parameters
        ----------
        items
            What was open before them: `alloc.engine.schema` of ``open_items``.
        history
            What they settled: `alloc.engine.schema` of ``history``.
        """
        if self.rows is not None and history.num_rows:
            shown = engine.observe_habits(items, history)
            self._seen.append((pc.max(history["value_date"]).as_py(), shown))
            self.rows = _added_up([self.rows, shown])

    def fade(self, day: dt.date) -> None:
        """Leave out what was seen more than `KEPT_DAYS` before a day."""
        first = day - dt.timedelta(days=KEPT_DAYS)
        if not self._seen or self._seen[0][0] >= first:
            return
        while self._seen and self._seen[0][0] < first:
            self._seen.popleft()
        self.rows = _added_up([self._before, *(shown for _, shown in self._seen)])


def _added_up(counted: Sequence[pa.Table]) -> pa.Table:
    return engine.observe_habits(known=pa.concat_tables(counted))


def learned_habits(ledger: PayerMemory, day: dt.date) -> pa.Table:
    """Return the habits that count for payments of a day, by entity and payer.

    Parameters
    ----------
    ledger
        Only read.
    day
        Value date; older payments than `KEPT_DAYS` before it are left out.
    """
    choices = ledger.choices(since=day - dt.timedelta(days=KEPT_DAYS))
    return engine.observe_habits(choices.items, choices.history)


class Shown(NamedTuple):
    """One payment, and what it shows.

    Parameters
    ----------
    payment_id, value_date, items, allocated_minor
        The payment, how many items it settled, and for how much.
    habit, open_from
        What it shows, and the class of pools; empty and 0 when it had no choice.
    """

    payment_id: str
    value_date: dt.date
    items: int
    allocated_minor: int
    habit: str
    open_from: int


def shown_by(
    ledger: PayerMemory, entity: str, customer_id: str, day: dt.date
) -> list[Shown]:
    """Return the payments behind the habits of one payer, in order.

    Parameters
    ----------
    ledger
        Only read.
    entity, customer_id
        The payer.
    day
        As for `learned_habits`.
    """
    choices = ledger.choices(since=day - dt.timedelta(days=KEPT_DAYS))
    mine = pc.and_(
        pc.equal(choices.items["entity"], entity),
        pc.equal(choices.items["customer_id"], customer_id),
    )
    items = choices.items.filter(mine)
    names = set(items["item_id"].to_pylist())
    shown = []
    for rows in _by_payment(choices.history):
        settled = {row["item_id"]: row["allocated_minor"] for row in rows}
        if rows[0]["entity"] != entity or not names & settled.keys():
            continue
        history = pa.Table.from_pylist(rows, choices.history.schema)
        shown.append(_shown(rows, engine.observe_habits(items, history)))
        items = _without(items, settled)
    return shown


def _by_payment(history: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each payment; they stand together."""
    rows: list[dict[str, Any]] = []
    for row in history.to_pylist():
        if rows and rows[0]["payment_id"] != row["payment_id"]:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _shown(rows: Sequence[Mapping[str, Any]], observed: pa.Table) -> Shown:
    found = [
        row
        for row in observed.to_pylist()
        if row["count"] and row["customer_id"] is not None
    ]
    return Shown(
        payment_id=rows[0]["payment_id"],
        value_date=rows[0]["value_date"],
        items=len(rows),
        allocated_minor=sum(row["allocated_minor"] for row in rows),
        habit=found[0]["habit"] if found else "",
        open_from=found[0]["open_from"] if found else 0,
    )


def _without(items: pa.Table, settled: Mapping[str, int]) -> pa.Table:
    """Take off items what a payment settled."""
    left = [
        opened - settled.get(name, 0)
        for name, opened in zip(
            items["item_id"].to_pylist(), items["open_minor"].to_pylist(), strict=True
        )
    ]
    at = items.schema.get_field_index("open_minor")
    column = pa.array(left, pa.int64())
    items = items.set_column(at, items.schema.field(at), column)
    return items.filter(pc.not_equal(items["open_minor"], 0))

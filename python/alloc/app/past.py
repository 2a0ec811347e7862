"""What came in over some days, what it settled, and the open items followed by it."""

from __future__ import annotations

from collections import ChainMap, Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.open_book import KEY_SEPARATOR, item_keys
from alloc.app.ports import (
    OPEN_STATES,
    DecisionFilter,
    DecisionState,
    PaymentState,
)
from alloc.rules.facts import Earlier

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alloc.app.ports import Ledger
    from alloc.app.situations import ItemHistory

    Places = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["MACHINE", "Charged", "FollowedBook", "Past", "PastFinding", "Settled"]
__all__ += [
    "EXAMPLES_MAX",
    "between",
    "charged_by",
    "joined",
    "past_of_ledger",
    "receipts_between",
    "settled_by",
]

#: Who decides without a person.
MACHINE = "alloc"
#: What a payment took off items: key of the item (`item_keys`), minor units.
Settled = Counter[str]
#: Places that are named of each finding.
EXAMPLES_MAX = 5
#: What was booked beside it: role and id of the item (empty: of all), minor units.
Charged = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PastFinding:
    """What in a history cannot be compared, and is left out.

    Parameters
    ----------
    code
        Upper snake code.
    count
        How often.
    examples
        The first places.
    """

    code: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """Payments of some days, how each was cleared, and what was open before the first.

    Parameters
    ----------
    payments
        Columns of `alloc.app.ports.Ledger.payments`; amounts above zero.
    items
        Columns of `alloc.app.ports.Ledger.open_items`; ``open_minor`` as it was
        before the first of these payments.
    settled
        By payment; one that was not cleared is missing.
    charged
        By payment.
    decided_by
        By payment that was cleared.
    beside
        What else took off items, by day: set-offs, money that went back.
    earlier
        What was taken off items before the first day.
    findings
        What in the history cannot be compared.
    """

    payments: pa.Table
    items: pa.Table
    settled: Mapping[str, Settled]
    charged: Mapping[str, Charged]
    decided_by: Mapping[str, str]
    beside: Mapping[dt.date, Settled] = field(default_factory=dict)
    earlier: ItemHistory = field(default_factory=dict)
    findings: tuple[PastFinding, ...] = ()

    def days(self) -> Iterator[tuple[dt.date, pa.Table]]:
        """Days in ascending order with their payments."""
        for day in sorted(pc.unique(self.payments["value_date"]).to_pylist()):
            same = pc.equal(self.payments["value_date"], pa.scalar(day))
            yield day, self.payments.filter(same)


def joined(pasts: Sequence[Past]) -> Past:
    """Put the pasts of several entities together; there is at least one."""
    beside: dict[dt.date, Settled] = defaultdict(Counter)
    for past in pasts:
        for day, settled in past.beside.items():
            beside[day].update(settled)
    counts: Counter[str] = Counter()
    examples: dict[str, tuple[str, ...]] = {}
    for found in (found for past in pasts for found in past.findings):
        counts[found.code] += found.count
        shown = examples.get(found.code, ()) + found.examples
        examples[found.code] = shown[:EXAMPLES_MAX]
    return Past(
        payments=pa.concat_tables([past.payments for past in pasts]),
        items=pa.concat_tables([past.items for past in pasts]),
        settled=dict(ChainMap(*(dict(past.settled) for past in pasts))),
        charged=dict(ChainMap(*(dict(past.charged) for past in pasts))),
        decided_by=dict(ChainMap(*(dict(past.decided_by) for past in pasts))),
        beside=beside,
        findings=tuple(
            PastFinding(code, counts[code], examples[code]) for code in sorted(counts)
        ),
    )


class FollowedBook:
    """Open items that move on day by day with what is taken off them.

    Days are visited in ascending order. An item is visible from its issue date on
    (without one: always) and until nothing is open on it.

    Parameters
    ----------
    past
        Gives the items as they were, and what was taken off them before.
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        #: All items by date of issue, with ``key``.
        self.items = _by_issue(past.items)
        issued = self.items["issue_date"].to_numpy()
        self._dated_from = int(np.count_nonzero(np.isnat(issued)))
        self._issued = issued[self._dated_from :]
        self._open = self.items["open_minor"].to_numpy().copy()
        keys = self.items["key"].to_pylist()
        self._place_of = {key: place for place, key in enumerate(keys)}
        self._ahead: Settled = Counter()
        self._until = 0
        self._moved: set[int] = set()
        self._beside = sorted(past.beside.items(), reverse=True)
        self._earlier = dict(past.earlier)

    def visible(self, day: dt.date) -> pa.Table:
        """Items open on a day after all that was taken; `changed` starts from here.

        Returns
        -------
        pyarrow.Table
            The columns of the items, and ``key``: entity and item id in one text.
        """
        self.changed(day)
        return self.rows()

    def rows(self) -> pa.Table:
        """Items as they were at the last look."""
        return self._rows(self.places())

    def places(self) -> Places:
        """Where in `items` those are that were open at the last look."""
        return np.flatnonzero(self._open[: self._until])

    def changed(self, day: dt.date) -> tuple[pa.Table, pa.Table]:
        """Return what is gone and what came since the last look, as for a book.

        Returns
        -------
        tuple
            What is not open any more as it was, and what is open now.
        """
        while self._beside and self._beside[-1][0] < day:
            self.take(*self._beside.pop(), charged=Counter())
        seen, self._until = self._until, self._issued_until(day)
        for key in [key for key in self._ahead if self._is_issued(key)]:
            place, minor = self._place_of.get(key), self._ahead.pop(key)
            if place is not None:
                self._open[place] -= _within(minor, int(self._open[place]))
                self._moved.add(place)
        known = np.array(sorted(self._moved), np.int64)
        self._moved.clear()
        gone = known[known < seen]
        come = np.concatenate([gone, np.arange(seen, self._until)])
        return self._rows(gone), self._rows(come[self._open[come] != 0])

    def earlier(self, rows: Iterable[Mapping[str, Any]]) -> ItemHistory:
        """Return what was taken off these items before."""
        keys = {(row["entity"], row["item_id"]) for row in rows}
        return {key: self._earlier[key] for key in keys & self._earlier.keys()}

    def follow(self, day: dt.date, payment_id: str) -> None:
        """Take off what a payment really settled, as `take`."""
        nothing: Charged = Counter()
        settled = self._past.settled.get(payment_id, Counter())
        self.take(day, settled, self._past.charged.get(payment_id, nothing))

    def take(self, day: dt.date, settled: Settled, charged: Charged) -> None:
        """Take off what one payment settled, from the next look on.

        At most what is open; what is issued later when it is there.
        """
        for key, minor in settled.items():
            self._ahead[key] += minor
        _remember(self._earlier, day, settled, charged)

    def _issued_until(self, day: dt.date) -> int:
        last = np.searchsorted(self._issued, np.datetime64(day), side="right")
        return self._dated_from + int(last)

    def _is_issued(self, key: str) -> bool:
        return self._place_of.get(key, 0) < self._until

    def _rows(self, places: Places) -> pa.Table:
        rows = self.items.take(pa.array(places))
        at = rows.schema.get_field_index("open_minor")
        return rows.set_column(at, "open_minor", pa.array(self._open[places]))


def _by_issue(items: pa.Table) -> pa.Table:
    """Sort items by date of issue, those without one first; adds ``key``."""
    keyed = items.append_column("key", item_keys(items))
    order = [("issue_date", "ascending"), ("entity", "ascending"), ("key", "ascending")]
    ordered = keyed.sort_by(order)
    undated = pc.is_null(ordered["issue_date"])
    rows = [ordered.filter(undated), ordered.filter(pc.invert(undated))]
    return pa.concat_tables(rows).combine_chunks()


def past_of_ledger(
    ledger: Ledger, *, since: dt.date | None, until: dt.date | None
) -> Past:
    """Read the payments of a span of value dates as they were posted.

    Parameters
    ----------
    ledger
        Only read.
    since, until
        First and last value date; without one all payments.
    """
    tables = ledger.decisions(DecisionFilter(states=(DecisionState.POSTED,)))
    settled = settled_by(tables.allocations)
    charged = charged_by(tables.adjustments)
    days, decided_by = (
        _column(tables.decisions, name) for name in ("value_date", "decided_by")
    )
    # Whatever was settled since is given back, also by payments after the last day.
    recent = {name for name, day in days.items() if since is None or day >= since}
    earlier: dict[tuple[str, str], tuple[Earlier, ...]] = {}
    for payment_id, day in sorted(days.items(), key=lambda pair: (pair[1], pair[0])):
        if payment_id not in recent and payment_id in settled:
            of_all = charged.get(payment_id, Counter())
            _remember(earlier, day, settled[payment_id], of_all)
    settled = {name: items for name, items in settled.items() if name in recent}
    payments = receipts_between(ledger, since=since, until=until)
    beside: dict[dt.date, Settled] = defaultdict(Counter)
    for name in settled.keys() - set(payments["payment_id"].to_pylist()):
        beside[days[name]].update(settled[name])
    items = _given_back(ledger.open_items(closed=True), settled.values())
    known = set(item_keys(items).to_pylist())
    is_posted = pc.equal(payments["state"], PaymentState.POSTED.value)
    posted = set(payments["payment_id"].filter(is_posted).to_pylist())
    return Past(
        payments=payments,
        items=items,
        # Money that was parked comes out of suspense, which is no customer's item.
        settled={
            name: Counter({key: minor for key, minor in one.items() if key in known})
            for name, one in settled.items()
        },
        charged=charged,
        decided_by={name: decided_by[name] for name in recent & posted},
        beside=beside,
        earlier=earlier,
    )


def receipts_between(
    ledger: Ledger, *, since: dt.date | None, until: dt.date | None
) -> pa.Table:
    """Return what came in, cleared or not; columns of `Ledger.payments`.

    Parameters
    ----------
    ledger
        Only read.
    since, until
        First and last value date; without one all.
    """
    payments = ledger.payments(states=(*OPEN_STATES, PaymentState.POSTED))
    received = payments.filter(pc.greater(payments["amount_minor"], 0))
    return between(received, since=since, until=until)


def between(
    payments: pa.Table, *, since: dt.date | None, until: dt.date | None
) -> pa.Table:
    """Return the payments of a span of value dates.

    Parameters
    ----------
    payments
        Column value_date, and others.
    since, until
        First and last value date; without one all.
    """
    day = payments["value_date"]
    first, last = pc.min(day), pc.max(day)
    wanted = pc.and_(
        pc.greater_equal(day, first if since is None else pa.scalar(since)),
        pc.less_equal(day, last if until is None else pa.scalar(until)),
    )
    return payments.filter(wanted)


def _column(decisions: pa.Table, name: str) -> dict[str, Any]:
    """Values of a column by payment."""
    ids = decisions["payment_id"].to_pylist()
    return dict(zip(ids, decisions[name].to_pylist(), strict=True))


def settled_by(allocations: pa.Table) -> dict[str, Settled]:
    """Add up what the first proposals take off items, by payment."""
    rows, found = _first(allocations), defaultdict[str, Settled](Counter)
    columns = (rows["payment_id"], item_keys(rows), rows["allocated_minor"])
    values = (column.to_pylist() for column in columns)
    for payment_id, key, minor in zip(*values, strict=True):
        found[payment_id][key] += minor
    return dict(found)


def charged_by(adjustments: pa.Table) -> dict[str, Charged]:
    """Add up what the first proposals book beside it, by payment."""
    rows, found = _first(adjustments), defaultdict[str, Charged](Counter)
    names = ("payment_id", "role", "item_id", "amount_minor")
    columns = [rows[name].to_pylist() for name in names]
    for payment_id, role, item_id, minor in zip(*columns, strict=True):
        found[payment_id][role, item_id or ""] += minor
    return dict(found)


def _first(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.equal(rows["rank"], 0))


def _remember(
    earlier: dict[tuple[str, str], tuple[Earlier, ...]],
    day: dt.date,
    settled: Settled,
    charged: Charged,
) -> None:
    """Add a payment to what was taken off its items."""
    for key, minor in settled.items():
        entity, _, item_id = key.partition(KEY_SEPARATOR)
        roles = tuple(role for role, of in charged if of in ("", item_id))
        one = Earlier(date=day, cleared_minor=minor, roles=roles)
        earlier[entity, item_id] = (*earlier.get((entity, item_id), ()), one)


def _given_back(items: pa.Table, settled: Iterable[Settled]) -> pa.Table:
    """Give the items what was open on them before the first day."""
    sums: Settled = Counter()
    for one in settled:
        sums.update(one)
    given_back = [sums[key] for key in item_keys(items).to_pylist()]
    opened = pc.add(items["open_minor"], pa.array(given_back, pa.int64()))
    # What a payment left on account is there for the next day's payments only.
    own = pc.not_equal(items["source"], "import")
    later = pa.array(
        items["issue_date"].to_numpy() + np.timedelta64(1, "D"), pa.date32()
    )
    issued = pc.if_else(own, later, items["issue_date"])
    at = items.column_names.index
    items = items.set_column(at("open_minor"), "open_minor", opened)
    return items.set_column(at("issue_date"), "issue_date", issued)


def _within(minor: int, open_minor: int) -> int:
    """Bound what is taken off an item by what is open on it."""
    low, high = min(0, open_minor), max(0, open_minor)
    return max(low, min(high, minor))

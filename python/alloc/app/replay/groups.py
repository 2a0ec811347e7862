"""What was cleared together in the books of another system, held against statements."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from alloc.app.open_book import KEY_SEPARATOR
from alloc.app.past import EXAMPLES_MAX, Past, PastFinding, between
from alloc.app.replay.receipts import EntryKey, match_receipts, without_statements

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping

    from alloc.app.past import Settled
    from alloc.app.replay.receipts import Receipt
    from alloc.settings import Entity

__all__ = ["ClearedItem", "Findings", "Group", "ItemRows", "past_of_groups"]

#: Who decided what stands in the books of another system.
BOOKS = "books"
UNBALANCED = "LETTER_UNBALANCED"


class ClearedItem(NamedTuple):
    """An item, or a part of one, that was cleared; `key` as of `item_keys`."""

    key: str
    date: dt.date
    amount_minor: int


@dataclass(slots=True)
class Group:
    """What was cleared together: what was paid, and by which entries.

    Parameters
    ----------
    place
        File and line, for people.
    items
        What was paid.
    cash
        What each receipt is worth on the customer's account, below zero.
    """

    place: str
    items: list[ClearedItem] = field(default_factory=list)
    cash: Counter[EntryKey] = field(default_factory=Counter)

    def total(self) -> int:
        """Return what is left when all of it is added up."""
        paid = sum(self.cash.values())
        return paid + sum(item.amount_minor for item in self.items)


class Findings:
    """What cannot be compared, counted by code with the first places."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = defaultdict(list)

    def add(self, code: str, example: str) -> None:
        """Count one."""
        self._counts[code] += 1
        shown = self._examples[code]
        if len(shown) < EXAMPLES_MAX and example not in shown:
            shown.append(example)

    def told(self) -> tuple[PastFinding, ...]:
        """Return all of them, by code."""
        return tuple(
            PastFinding(code, count, tuple(self._examples[code]))
            for code, count in sorted(self._counts.items())
        )


class ItemRows:
    """The items of an entity, as they were booked.

    Parameters
    ----------
    entity
        Whose items.
    """

    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        self._rows: list[dict[str, object]] = []
        self._seen: Counter[str] = Counter()

    def add(
        self,
        name: str,
        amount_minor: int,
        issue_date: dt.date,
        *,
        customer_id: str,
        **said: object,
    ) -> ClearedItem:
        """Keep an item; a number that stands twice is two items.

        Parameters
        ----------
        name
            Number of the document.
        amount_minor
            What is owed for it; below zero: a credit note.
        issue_date
            From when on it is open.
        customer_id
            Who owes it.
        said
            More columns of `alloc.app.ports.Ledger.open_items`.
        """
        self._seen[name] += 1
        item_id = name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"
        amounts = ("open_minor", "original_minor", "imported_minor")
        self._rows.append(
            {
                "item_id": item_id,
                "entity": self._entity.id,
                "customer_id": customer_id,
                "other_references": [],
                "currency": self._entity.currency,
                "kind": "invoice" if amount_minor > 0 else "credit_note",
                "issue_date": issue_date,
                "disputed": False,
                "source": "import",
                **dict.fromkeys(amounts, amount_minor),
                **said,
            }
        )
        key = self._entity.id + KEY_SEPARATOR + item_id
        return ClearedItem(key, issue_date, amount_minor)

    def table(self, schema: pa.Schema) -> pa.Table:
        """Return the items in the columns of a schema."""
        return pa.Table.from_pylist(self._rows, schema)


def past_of_groups(
    groups: Iterable[Group],
    receipts: Mapping[EntryKey, Receipt],
    items: pa.Table,
    payments: pa.Table,
    *,
    entity: Entity,
    findings: Findings,
    since: dt.date | None,
    until: dt.date | None,
) -> Past:
    """Find the payment of each receipt, and say what it cleared.

    Parameters
    ----------
    groups
        What was cleared together; an item may be in several.
    receipts
        Of the books, by their entries.
    items
        Columns of `alloc.app.ports.Ledger.open_items`.
    payments
        Columns of `alloc.app.ports.Ledger.payments`: receipts of the statements, of
        all days.
    entity
        Whose books.
    findings
        What is known not to be comparable; more is added.
    since, until
        First and last value date: what came in on other days is not asked for, and
        what of it cannot be compared is no finding.
    """
    asked = {
        entry
        for entry, receipt in receipts.items()
        if (since or receipt.date) <= receipt.date <= (until or receipt.date)
    }
    cleared = _cleared(groups, receipts, findings, asked)
    rows = payments.to_pylist()
    found = match_receipts([receipts[key] for key in cleared.by_entry], rows, entity)
    missing = without_statements(found.not_found, rows, entity)
    for code, missed in (
        ("RECEIPT_NOT_FOUND", found.not_found),
        ("RECEIPT_AMBIGUOUS", found.ambiguous),
    ):
        for receipt in missed:
            if receipt.entry in missing and receipt.entry in asked:
                findings.add("STATEMENTS_MISSING", missing[receipt.entry])
            elif receipt.entry in asked:
                findings.add(code, receipt.place)
            cleared.put_beside(receipt)
    payments = between(payments, since=since, until=until)
    played = set(payments["payment_id"].to_pylist())
    settled = {}
    for payment_id, receipt in found.pairs.items():
        if payment_id in played:
            settled[payment_id] = cleared.by_entry[receipt.entry]
        else:
            cleared.put_beside(receipt)
    return Past(
        payments=payments,
        items=items,
        settled=settled,
        charged={},
        decided_by=dict.fromkeys(settled, BOOKS),
        beside=cleared.beside,
        findings=findings.told(),
    )


@dataclass(slots=True)
class _Cleared:
    """What each receipt cleared, and what was cleared without one that is known."""

    by_entry: dict[EntryKey, Settled] = field(default_factory=dict)
    beside: dict[dt.date, Settled] = field(default_factory=dict)

    def put_beside(self, receipt: Receipt) -> None:
        """Count what a receipt cleared among what nobody is asked for."""
        self.add_beside(receipt.date, self.by_entry.pop(receipt.entry, Counter()))

    def add_beside(self, day: dt.date, settled: Settled) -> None:
        self.beside.setdefault(day, Counter()).update(settled)


def _cleared(
    groups: Iterable[Group],
    receipts: Mapping[EntryKey, Receipt],
    findings: Findings,
    asked: Collection[EntryKey],
) -> _Cleared:
    """Say what each receipt cleared; what is not clear of some is a finding."""
    cleared, unclear = _Cleared(), set[EntryKey]()
    for group in groups:
        code = _fault(group, receipts)
        if code:
            if not group.cash or any(entry in asked for entry in group.cash):
                findings.add(code, group.place)
            unclear.update(group.cash)
        if not code and group.cash:
            _share_out(group, cleared)
        elif code != UNBALANCED:
            _close(group, receipts, cleared)
    for entry in sorted(unclear & cleared.by_entry.keys()):
        cleared.put_beside(receipts[entry])
    silent = receipts.keys() - cleared.by_entry.keys() - unclear
    for entry in sorted(silent.intersection(asked)):
        findings.add("NO_LETTER", receipts[entry].place)
    return cleared


def _fault(group: Group, receipts: Mapping[EntryKey, Receipt]) -> str:
    if group.cash and any(
        item.date > receipts[entry].date for item in group.items for entry in group.cash
    ):
        return "CLEARED_BEFORE_ISSUED"
    if len(group.items) == 1 and group.cash:
        # Paid in parts: each takes its own, and something may be left.
        return "" if group.total() >= 0 else UNBALANCED
    if group.total():
        return UNBALANCED
    return "LETTER_SEVERAL_RECEIPTS" if len(group.cash) > 1 else ""


def _share_out(group: Group, cleared: _Cleared) -> None:
    for entry, amount in group.cash.items():
        settled = cleared.by_entry.setdefault(entry, Counter())
        if len(group.items) == 1:
            settled[group.items[0].key] -= amount
        else:
            settled.update({item.key: item.amount_minor for item in group.items})


def _close(
    group: Group, receipts: Mapping[EntryKey, Receipt], cleared: _Cleared
) -> None:
    """Take a group off the items once its last line is there."""
    dates = [item.date for item in group.items]
    dates += [receipts[entry].date for entry in group.cash]
    settled = Counter({item.key: item.amount_minor for item in group.items})
    cleared.add_beside(max(dates), settled)

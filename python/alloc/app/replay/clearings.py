"""How payments were cleared, read from another system's export of its clearings."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.replay.groups import Findings, Group, ItemRows, past_of_groups
from alloc.app.replay.receipts import EntryKey, Receipt

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from alloc.app.past import Past
    from alloc.app.replay.groups import ClearedItem
    from alloc.settings import Entity

    Row = Mapping[str, Any]

__all__ = ["CLEARINGS", "past_of_clearings"]

CLEARINGS = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("entity", pa.string()),
        ("customer_id", pa.string()),
        ("customer_name", pa.string()),
        ("currency", pa.string()),
        ("item_id", pa.string()),
        ("reference", pa.string()),
        ("issue_date", pa.date32()),
        ("kind", pa.string()),
        ("amount_minor", pa.int64()),
        ("deduction_minor", pa.int64()),
        ("clearing", pa.string()),
        ("clearing_date", pa.date32()),
        ("payment", pa.string()),
        ("payment_date", pa.date32()),
        ("payment_minor", pa.int64()),
        ("payment_account", pa.string()),
    ]
)
"""Rows of the exports. With ``payment_date`` a row says what one payment cleared of one
item, or of another document when its ``kind`` says that no payment did; without, it is
a document, and rows of one ``clearing`` were cleared together."""

PAYMENT = "payment"
"""The kind of document that came in at the bank."""


def past_of_clearings(
    rows: pa.Table,
    payments: pa.Table,
    *,
    entity: Entity,
    known: pa.Table,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> Past:
    """Read what payments cleared from exports of another system.

    Parameters
    ----------
    rows
        `CLEARINGS`: all rows of an entity.
    payments
        As for `alloc.app.replay.letters.past_of_letters`.
    entity
        Whose.
    known
        Columns of `alloc.app.ports.Ledger.open_items`: items that no row names were
        open beside those that are, and what a row clears a part of amounts to this.
    since, until
        First and last value date.

    Returns
    -------
    Past
        The findings are those of letters, and ``CLEARED_ABROAD``: a row in another
        currency than the books.
    """
    findings, export = Findings(), _Export(entity)
    told: list[Row] = []
    for row in rows.to_pylist():
        if row["currency"] == entity.currency:
            told.append(row)
        else:
            findings.add("CLEARED_ABROAD", _place(row))
    of_entity = pc.equal(known["entity"], entity.id)
    mine = known.filter(pc.and_(of_entity, pc.equal(known["source"], "import")))
    export.read_documents(row for row in told if row["payment_date"] is None)
    export.read_pairs(
        [row for row in told if row["payment_date"] is not None], _whole(mine)
    )
    items = pa.concat_tables([export.items.table(known.schema), _rest(mine, export)])
    return past_of_groups(
        *(export.groups, export.receipts, items, payments),
        entity=entity,
        findings=findings,
        since=since,
        until=until,
    )


def _whole(items: pa.Table) -> dict[str, int]:
    """Return what each item amounts to as it was imported, by name."""
    whole = pc.coalesce(items["original_minor"], items["imported_minor"])
    return dict(zip(items["item_id"].to_pylist(), whole.to_pylist(), strict=True))


def _rest(items: pa.Table, export: _Export) -> pa.Table:
    """Return the items that no row names, as they were imported."""
    named = pa.array(sorted(export.named), pa.string())
    others = items.filter(pc.invert(pc.is_in(items["item_id"], value_set=named)))
    at = others.schema.get_field_index("open_minor")
    return others.set_column(at, others.schema.field(at), others["imported_minor"])


class _Export:
    """The rows of an entity: receipts, items, and the groups that clear them."""

    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        self._accounts = {bank.identifier: bank.account for bank in entity.banks}
        self.items = ItemRows(entity)
        self.named: set[str] = set()
        self.receipts: dict[EntryKey, Receipt] = {}
        self.groups: list[Group] = []

    def read_documents(self, rows: Iterable[Row]) -> None:
        """Read documents: those of one clearing were cleared together."""
        groups: dict[tuple[object, ...], Group] = {}
        for row in rows:
            is_receipt = row["kind"] == PAYMENT and row["amount_minor"] < 0
            if is_receipt:
                entry = EntryKey(row["file"], "", row["item_id"], row["issue_date"])
                self._receive(row, entry, -row["amount_minor"] - _deducted(row))
            else:
                item = self._item(row, row["item_id"], row["amount_minor"])
            if row["clearing"] is None:
                continue
            said = ("file", "customer_id", "clearing", "clearing_date")
            code = tuple(row[name] for name in said)
            group = groups.setdefault(code, Group(_place(row)))
            if is_receipt:
                group.cash[entry] += row["amount_minor"]
            else:
                group.items.append(item)
        self.groups += groups.values()

    def read_pairs(self, rows: Sequence[Row], known: Mapping[str, int]) -> None:
        """Read what each payment, or another document, cleared of an item.

        What documents clear of each other on the day of one payment of theirs is part
        of what that payment cleared.
        """
        parts: dict[EntryKey, Counter[str]] = defaultdict(Counter)
        paid_on: dict[tuple[str, dt.date], set[EntryKey]] = defaultdict(set)
        for row in rows:
            if not _is_offset(row):
                entry = self._paid(row)
                parts[entry].update(_parts(row))
                paid_on[row["item_id"], _day(row)].add(entry)
        loose: list[tuple[str, Counter[str]]] = []
        for row in filter(_is_offset, rows):
            both = _parts(row)
            beside = set[EntryKey]()
            for name in both:
                beside |= paid_on.get((name, _day(row)), set())
            if len(beside) == 1:
                parts[beside.pop()].update(both)
            else:
                loose.append((_place(row), both))
        items = self._paid_items(rows, known)

        def of(cleared: Counter[str]) -> list[ClearedItem]:
            return [
                items[name]._replace(amount_minor=minor)
                for name, minor in cleared.items()
            ]

        for entry, cleared in parts.items():
            cash = Counter({entry: -cleared.total()})
            self.groups.append(Group(self.receipts[entry].place, of(cleared), cash))
        self.groups += [Group(place, of(cleared)) for place, cleared in loose]

    def _paid(self, row: Row) -> EntryKey:
        said = row["payment_minor"]
        number = row["payment"] or str(said or "")
        account = row["payment_account"] or ""
        entry = EntryKey(row["file"], account, number, row["payment_date"])
        if said is None:
            return self._receive(row, entry, row["amount_minor"] - _deducted(row))
        return self._receive(row, entry, 0 if entry in self.receipts else said)

    def _receive(self, row: Row, entry: EntryKey, cash_minor: int) -> EntryKey:
        """Add to what came in by an entry."""
        known = self.receipts.get(entry)
        account = row["payment_account"] or ""
        self.receipts[entry] = Receipt(
            entry=entry,
            date=entry.date,
            account=self._accounts.get(account, account),
            amount_minor=cash_minor + (known.amount_minor if known else 0),
            place=known.place if known else _place(row),
        )
        return entry

    def _paid_items(
        self, rows: Iterable[Row], known: Mapping[str, int]
    ) -> dict[str, ClearedItem]:
        """Return the items by name: what was cleared of each, or what is known."""
        totals: Counter[str] = Counter()
        said: dict[str, Row] = {}
        for row in rows:
            totals.update(_parts(row))
            said.setdefault(row["item_id"], row)
            if _is_offset(row):
                day = row["payment_date"]
                of_document = {"issue_date": day, "reference": None}
                said.setdefault(_document(row), {**row, **of_document})
        items = {}
        for name, row in said.items():
            cleared, whole = totals[name], known.get(name, 0)
            is_more = abs(whole) > abs(cleared) and (whole > 0) == (cleared > 0)
            items[name] = self._item(row, name, whole if is_more else cleared)
        return items

    def _item(self, row: Row, name: str, amount_minor: int) -> ClearedItem:
        self.named.add(name)
        return self.items.add(
            *(name, amount_minor, row["issue_date"]),
            customer_id=row["customer_id"],
            customer_name=row["customer_name"],
            reference=row["reference"] or name,
            account=self._entity.accounts["customer"],
        )


def _is_offset(row: Row) -> bool:
    """Say whether a document that is no payment cleared the item of a pair."""
    return row["kind"] not in (None, PAYMENT)


def _document(row: Row) -> str:
    return row["payment"] or _place(row)


def _parts(row: Row) -> Counter[str]:
    """Return what a pair takes off items, by name."""
    parts = Counter({row["item_id"]: row["amount_minor"]})
    if _is_offset(row):
        parts[_document(row)] -= row["amount_minor"]
    return parts


def _day(row: Row) -> dt.date:
    day: dt.date = row["clearing_date"] or max(row["issue_date"], row["payment_date"])
    return day


def _deducted(row: Row) -> int:
    return row["deduction_minor"] or 0


def _place(row: Row) -> str:
    return f"{row['file']}:{row['line']}"

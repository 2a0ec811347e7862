"""How payments were cleared, read from the lettered lines of customers' accounts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from alloc.app.open_book import KEY_SEPARATOR
from alloc.app.past import EXAMPLES_MAX, Past, PastFinding, between
from alloc.app.replay.receipts import EntryKey, Receipt, bare, match_receipts

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping

    from alloc.app.past import Settled
    from alloc.settings import Entity

__all__ = ["past_of_letters", "with_customers_of"]

#: Digits that the customers' accounts have in common.
PREFIX_DIGITS = 3
#: Who decided what stands in the books of another system.
BOOKS = "books"
UNBALANCED = "LETTER_UNBALANCED"


def past_of_letters(
    lines: pa.Table,
    payments: pa.Table,
    *,
    entity: Entity,
    items: pa.Schema,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> Past:
    """Read what payments cleared from the books of another system.

    Parameters
    ----------
    lines
        Columns of `alloc.export.fec_lines.FEC_LINES`: all lines of an entity.
    payments
        Columns of `alloc.app.ports.Ledger.payments`: receipts of its statements, of
        all days.
    entity
        What an entry books on one of its bank accounts came in.
    items
        Schema of `alloc.app.ports.Ledger.open_items`.
    since, until
        First and last value date: what came in on other days is not asked for, and
        what of it cannot be compared is no finding.

    Returns
    -------
    Past
        Its items are the lines of the customers' accounts that are no receipts, open
        from the day of their entry. Left out, and named among the findings:
        ``BANK_ACCOUNT_UNKNOWN`` (money came in on an account that alloc.toml does not
        name), ``LETTER_UNBALANCED`` (lines of one code that do not add up to zero),
        ``LETTER_SEVERAL_RECEIPTS`` (nobody can tell which of them paid what),
        ``CLEARED_BEFORE_ISSUED``, ``NO_LETTER`` (a receipt that cleared nothing),
        ``RECEIPT_NOT_FOUND`` and ``RECEIPT_AMBIGUOUS`` (no entry of the statements,
        or several, can be it).
    """
    books = _Books(lines.to_pylist(), entity)
    findings = _Findings()
    asked = {
        entry
        for entry, receipt in books.receipts.items()
        if (since or receipt.date) <= receipt.date <= (until or receipt.date)
    }
    for place in books.unknown_banks:
        findings.add("BANK_ACCOUNT_UNKNOWN", place)
    cleared = books.cleared(findings, asked)
    receipts = [books.receipts[entry] for entry in cleared.by_entry]
    found = match_receipts(receipts, payments.to_pylist(), entity)
    for code, missed in (
        ("RECEIPT_NOT_FOUND", found.not_found),
        ("RECEIPT_AMBIGUOUS", found.ambiguous),
    ):
        for receipt in missed:
            if receipt.entry in asked:
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
        items=books.item_table(items),
        settled=settled,
        charged={},
        decided_by=dict.fromkeys(settled, BOOKS),
        beside=cleared.beside,
        findings=findings.told(),
    )


def with_customers_of(items: pa.Table, known: pa.Table) -> pa.Table:
    """Add the customers of items that the ledger does not know.

    Parameters
    ----------
    items
        As in `Past`.
    known
        Columns of `alloc.app.ports.Ledger.customers`.
    """
    ids = set(known["customer_id"].to_pylist())
    names = zip(
        items["customer_id"].to_pylist(),
        items["customer_name"].to_pylist(),
        strict=True,
    )
    new = [
        {"customer_id": customer_id, "name": name or customer_id}
        for customer_id, name in dict(names).items()
        if customer_id not in ids
    ]
    return pa.concat_tables([known, pa.Table.from_pylist(new, known.schema)])


class _Item(NamedTuple):
    """A line that is to be paid."""

    key: str
    date: dt.date
    amount_minor: int


@dataclass(slots=True)
class _Group:
    """Lines that bear one code: what was paid, and by which entries."""

    place: str
    items: list[_Item] = field(default_factory=list)
    cash: Counter[EntryKey] = field(default_factory=Counter)

    def total(self) -> int:
        paid = sum(self.cash.values())
        return paid + sum(item.amount_minor for item in self.items)


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


class _Findings:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = defaultdict(list)

    def add(self, code: str, example: str) -> None:
        self._counts[code] += 1
        if len(self._examples[code]) < EXAMPLES_MAX:
            self._examples[code].append(example)

    def told(self) -> tuple[PastFinding, ...]:
        return tuple(
            PastFinding(code, count, tuple(self._examples[code]))
            for code, count in sorted(self._counts.items())
        )


class _Books:
    """The lines of an entity: receipts, items, and the groups that clear them."""

    def __init__(self, rows: list[Mapping[str, Any]], entity: Entity) -> None:
        self._entity = entity
        self._prefix = entity.accounts["customer"][:PREFIX_DIGITS]
        self.unknown_banks = self._unknown_banks(rows)
        self.receipts = self._receipts(rows)
        self._rows: list[dict[str, Any]] = []
        self._groups: dict[tuple[str, ...], _Group] = {}
        seen: Counter[str] = Counter()
        self._first: dict[str, dt.date] = {}
        for row in rows:
            day = self._first.get(row["file"], row["date"])
            self._first[row["file"]] = min(day, row["date"])
        self._carried: dict[tuple[object, ...], list[tuple[str, _Item]]] = {}
        for row in sorted(rows, key=lambda row: self._first[row["file"]]):
            if not row["account"].startswith(self._prefix):
                continue
            customer_id = row["auxiliary"] or row["account"]
            is_cash = _entry(row) in self.receipts
            item = None if is_cash else self._item(row, customer_id, seen)
            if not row["letter"]:
                continue
            code = (row["file"], row["account"], customer_id, row["letter"])
            group = self._groups.setdefault(code, _Group(_place(row)))
            if is_cash:
                group.cash[_entry(row)] += row["amount_minor"]
            elif item is not None:
                group.items.append(item)

    def _unknown_banks(self, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return where money came in on an account that is no bank's of the entity."""
        banks = {bare(bank.account) for bank in self._entity.banks}
        prefix = self._entity.accounts["bank"][:PREFIX_DIGITS]
        return [
            _place(row)
            for row in rows
            if row["account"].startswith(prefix)
            and row["amount_minor"] > 0
            and bare(row["account"]) not in banks
        ]

    def _receipts(self, rows: Iterable[Mapping[str, Any]]) -> dict[EntryKey, Receipt]:
        banks = {bare(bank.account) for bank in self._entity.banks}
        found: dict[EntryKey, Receipt] = {}
        for row in rows:
            if bare(row["account"]) not in banks:
                continue
            known = found.get(_entry(row))
            found[_entry(row)] = Receipt(
                entry=_entry(row),
                date=row["date"],
                account=row["account"],
                amount_minor=row["amount_minor"] + (known.amount_minor if known else 0),
                place=_place(row),
            )
        return {key: one for key, one in found.items() if one.amount_minor > 0}

    def _item(
        self, row: Mapping[str, Any], customer_id: str, seen: Counter[str]
    ) -> _Item | None:
        """Keep a line that is to be paid; a line of nothing is none."""
        if not row["amount_minor"]:
            return None
        same = (row["account"], customer_id, row["piece"], row["amount_minor"])
        before = self._carried.setdefault(same, []) if row["piece"] else []
        if row["date"] == self._first[row["file"]]:
            # The opening balance of a year repeats what the year before left open.
            for at, (file, item) in enumerate(before):
                if self._first[file] < row["date"]:
                    before[at] = (row["file"], item)
                    return item
        name = row["piece"] or row["entry_no"]
        seen[name] += 1
        item_id = name if seen[name] == 1 else f"{name}#{seen[name]}"
        amount = row["amount_minor"]
        self._rows.append(
            {
                "item_id": item_id,
                "entity": self._entity.id,
                "customer_id": customer_id,
                "customer_name": row["auxiliary_name"],
                "reference": row["piece"],
                "other_references": [],
                "currency": self._entity.currency,
                "kind": "invoice" if amount > 0 else "credit_note",
                "account": row["account"],
                "issue_date": row["date"],
                "disputed": False,
                "source": "import",
                **dict.fromkeys(
                    ("open_minor", "original_minor", "imported_minor"), amount
                ),
            }
        )
        item = _Item(self._entity.id + KEY_SEPARATOR + item_id, row["date"], amount)
        before.append((row["file"], item))
        return item

    def item_table(self, schema: pa.Schema) -> pa.Table:
        return pa.Table.from_pylist(self._rows, schema)

    def cleared(self, findings: _Findings, asked: Collection[EntryKey]) -> _Cleared:
        """Say what each receipt cleared; what is not clear of some is a finding."""
        cleared, unclear = _Cleared(), set[EntryKey]()
        for group in self._groups.values():
            code = self._fault(group)
            if code:
                if not group.cash or any(entry in asked for entry in group.cash):
                    findings.add(code, group.place)
                unclear.update(group.cash)
            if not code and group.cash:
                self._share_out(group, cleared)
            elif code != UNBALANCED:
                self._close(group, cleared)
        for entry in sorted(unclear & cleared.by_entry.keys()):
            cleared.put_beside(self.receipts[entry])
        silent = self.receipts.keys() - cleared.by_entry.keys() - unclear
        for entry in sorted(silent.intersection(asked)):
            findings.add("NO_LETTER", self.receipts[entry].place)
        return cleared

    def _fault(self, group: _Group) -> str:
        if group.cash and any(
            item.date > self.receipts[entry].date
            for item in group.items
            for entry in group.cash
        ):
            return "CLEARED_BEFORE_ISSUED"
        if len(group.items) == 1 and group.cash:
            # Paid in parts: each takes its own, and something may be left.
            return "" if group.total() >= 0 else UNBALANCED
        if group.total():
            return UNBALANCED
        return "LETTER_SEVERAL_RECEIPTS" if len(group.cash) > 1 else ""

    def _share_out(self, group: _Group, cleared: _Cleared) -> None:
        for entry, amount in group.cash.items():
            settled = cleared.by_entry.setdefault(entry, Counter())
            if len(group.items) == 1:
                settled[group.items[0].key] -= amount
            else:
                settled.update({item.key: item.amount_minor for item in group.items})

    def _close(self, group: _Group, cleared: _Cleared) -> None:
        """Take a group off the items once its last line is there."""
        dates = [item.date for item in group.items]
        dates += [self.receipts[entry].date for entry in group.cash]
        settled = Counter({item.key: item.amount_minor for item in group.items})
        cleared.add_beside(max(dates), settled)


def _entry(row: Mapping[str, Any]) -> EntryKey:
    return EntryKey(
        row["file"], row["journal"] or "", row["entry_no"] or "", row["date"]
    )


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['file']}:{row['line']}"

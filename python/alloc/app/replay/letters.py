"""How payments were cleared, read from the lettered lines of customers' accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alloc.app.replay.groups import Findings, Group, ItemRows, past_of_groups
from alloc.app.replay.receipts import EntryKey, Receipt, bare

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from alloc.app.past import Past
    from alloc.app.replay.groups import ClearedItem
    from alloc.settings import Entity

__all__ = ["past_of_letters", "with_customers_of"]

#: Digits that the customers' accounts have in common.
PREFIX_DIGITS = 3


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
    books, findings = _Books(lines.to_pylist(), entity), Findings()
    for place in books.unknown_banks:
        findings.add("BANK_ACCOUNT_UNKNOWN", place)
    return past_of_groups(
        *(books.groups.values(), books.receipts, books.items.table(items), payments),
        entity=entity,
        findings=findings,
        since=since,
        until=until,
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


class _Books:
    """The lines of an entity: receipts, items, and the groups that clear them."""

    def __init__(self, rows: list[Mapping[str, Any]], entity: Entity) -> None:
        self._entity = entity
        self._prefix = entity.accounts["customer"][:PREFIX_DIGITS]
        self.unknown_banks = self._unknown_banks(rows)
        self.receipts = self._receipts(rows)
        self.items = ItemRows(entity)
        self.groups: dict[tuple[str, ...], Group] = {}
        self._first: dict[str, dt.date] = {}
        for row in rows:
            day = self._first.get(row["file"], row["date"])
            self._first[row["file"]] = min(day, row["date"])
        self._carried: dict[tuple[object, ...], list[tuple[str, ClearedItem]]] = {}
        for row in sorted(rows, key=lambda row: self._first[row["file"]]):
            if not row["account"].startswith(self._prefix):
                continue
            customer_id = row["auxiliary"] or row["account"]
            is_cash = _entry(row) in self.receipts
            item = None if is_cash else self._item(row, customer_id)
            if not row["letter"]:
                continue
            code = (row["file"], row["account"], customer_id, row["letter"])
            group = self.groups.setdefault(code, Group(_place(row)))
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

    def _item(self, row: Mapping[str, Any], customer_id: str) -> ClearedItem | None:
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
        item = self.items.add(
            *(row["piece"] or row["entry_no"], row["amount_minor"], row["date"]),
            customer_id=customer_id,
            customer_name=row["auxiliary_name"],
            reference=row["piece"],
            account=row["account"],
        )
        before.append((row["file"], item))
        return item


def _entry(row: Mapping[str, Any]) -> EntryKey:
    return EntryKey(
        row["file"], row["journal"] or "", row["entry_no"] or "", row["date"]
    )


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['file']}:{row['line']}"

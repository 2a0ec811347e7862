from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from store_books import NOW, Books, Line, Plan, entry_id, items_table, source

if TYPE_CHECKING:
    from alloc.app.shared_ledger import SharedLedger

LINES = (Line("B1", 4_000), Line("B2", 5_000), Line("B3", 700), Line("B4", 900))
B1, B2, B3, B4 = (entry_id(line) for line in LINES)


class Follower:
    """What is open, read once and then only by what changed."""

    def __init__(self, books: Books) -> None:
        self._ledger: SharedLedger = books.ledger
        self._position = self._ledger.position()
        self._open = _by_id(self._ledger.open_items(entity="E1"))

    def check(self) -> list[str]:
        """Follow, compare with all that is open, and tell which items were read."""
        position = self._ledger.position()
        changed = self._ledger.items_changed(self._position, entity="E1")
        self._open |= _by_id(changed)
        self._open = {
            item_id: row for item_id, row in self._open.items() if row["open_minor"]
        }
        self._position = position
        assert self._open == _by_id(self._ledger.open_items(entity="E1"))
        ids: list[str] = changed["item_id"].to_pylist()
        return ids


def _by_id(items: pa.Table) -> dict[str, Any]:
    # What an item's group comes to is no matter of the item.
    items = items.drop_columns(["letter_group", "group_open_minor"])
    return {row["item_id"]: row for row in items.to_pylist()}


def test_what_is_imported_is_a_change_and_what_stays_is_none(books: Books) -> None:
    follower = Follower(books)
    books.due({"F1": 10_000, "F2": 500, "F3": 700})
    assert follower.check() == ["F1", "F2", "F3"]
    books.due({"F1": 10_000, "F2": 400})
    assert follower.check() == ["F2"]
    disputed = items_table({"F3": 700}).append_column("disputed", pa.array([True]))
    books.due(disputed)
    assert follower.check() == ["F3"]
    books.due({"F1": 10_000}, snapshot_of=("E1",))
    assert follower.check() == ["F2", "F3"]
    books.due({"X1": 100}, entity="E2")
    assert follower.check() == []


def test_what_is_posted_and_undone_is_a_change(books: Books) -> None:
    books.receive(*LINES)
    books.due({"F1": 10_000, "F2": 500, "F3": 700, "F4": 900})
    follower = Follower(books)
    assert follower.check() == []
    books.post(Plan(B1, {"F1": 4_000}), Plan(B4, kind="suspense"))
    assert follower.check() == ["F1"]
    # 45 euros stay on account: an item that the entry creates.
    books.post(Plan(B2, {"F2": 500}))
    (on_account,) = set(follower.check()) - {"F2"}
    books.reverse(books.decision_of(B2))
    assert follower.check() == sorted({on_account, "F2"})
    books.post(Plan(B4, {"F4": 900}, kind="release"))
    assert follower.check() == ["F4"]
    books.propose(Plan(B3, {"F3": 700}))
    assert follower.check() == []


def test_customers_change_by_an_import_of_customers_alone(books: Books) -> None:
    ledger: SharedLedger = books.ledger
    before = ledger.position()
    books.due({"F1": 10_000})
    assert not ledger.customers_changed(before)
    names = pa.table({"customer_id": ["C-A"], "name": ["Garage Martin"]})
    ledger.import_customers(source("c", "customers"), names, now=NOW)
    assert ledger.customers_changed(before)
    assert not ledger.customers_changed(ledger.position())

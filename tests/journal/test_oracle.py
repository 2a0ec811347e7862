"""Random batches against the simplest drafting there is: sums in dictionaries."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from journal_book import Book

Key = tuple[str, str | None]
ITEMS = st.integers(0, 7)
OPEN = st.lists(st.integers(-900, 900).filter(bool), min_size=8, max_size=8)


@st.composite
def batches(draw: st.DrawFn) -> Book:
    """Up to four payments on eight items of two customers, some already grouped."""
    open_minor = draw(OPEN)
    groups = draw(st.lists(st.sampled_from([None, 1, 2]), min_size=8, max_size=8))
    left = list(open_minor)
    book = Book()
    for number in range(draw(st.integers(1, 4))):
        payment_id, total = f"B{number}", 0
        for item in draw(st.lists(ITEMS, unique=True, max_size=6)):
            if left[item] == 0:
                continue
            share = draw(st.integers(1, abs(left[item])))
            amount = share if left[item] > 0 else -share
            left[item] -= amount
            total += amount
            group = groups[item]
            customer = f"C-{item % 2}"
            book.allocate(
                payment_id,
                f"F{item}",
                (amount, open_minor[item]),
                customer_id=customer,
                letter_group=None if group is None else group * 10 + item % 2,
            )
        amount_minor = max(total, 0) + draw(st.integers(0, 50))
        book.payment(payment_id, amount_minor, "C-9")
    return book


def naive_left(book: Book) -> dict[str, int]:
    """What is open on each item after the batch."""
    left: dict[str, int] = {}
    for row in book.allocations:
        left.setdefault(row["item_id"], row["open_minor"])
        left[row["item_id"]] -= row["allocated_minor"]
    return left


def naive_lines(
    book: Book, payment: dict[str, Any]
) -> dict[tuple[str, str | None], int]:
    """Net amount by account and customer."""
    sums: dict[tuple[str, str | None], int] = defaultdict(int)
    sums["512000", None] += payment["amount_minor"]
    rest = payment["amount_minor"]
    for row in book.allocations:
        if row["payment_id"] == payment["payment_id"]:
            sums["411000", row["customer_id"]] -= row["allocated_minor"]
            rest -= row["allocated_minor"]
    sums["411000", "C-9"] -= rest
    return {key: amount for key, amount in sums.items() if amount}


def group_sets(book: Book) -> list[set[str]]:
    """Items of each existing group, and every item by itself."""
    by_group: dict[int, set[str]] = defaultdict(set)
    for row in book.allocations:
        if row["letter_group"] is not None:
            by_group[row["letter_group"]].add(row["item_id"])
    return [{row["item_id"]} for row in book.allocations] + list(by_group.values())


def posting_sets(book: Book) -> list[set[str]]:
    """Items that share a posting: settled for good apart from what stays open."""
    left: dict[str, int] = {}
    parts: dict[tuple[str, str], tuple[list[dict[str, Any]], list[dict[str, Any]]]]
    parts = defaultdict(lambda: ([], []))
    for row in book.allocations:
        item = row["item_id"]
        left[item] = left.get(item, row["open_minor"]) - row["allocated_minor"]
        part = parts[row["payment_id"], row["customer_id"]]
        part[left[item] != 0].append(row)
    sets = []
    for pair in parts.values():
        totals = [sum(row["allocated_minor"] for row in rows) for rows in pair]
        joined = [pair[0] + pair[1]] if totals[0] * totals[1] < 0 else list(pair)
        sets += [{row["item_id"] for row in rows} for rows in joined if rows]
    return sets


def merged(sets: list[set[str]]) -> set[frozenset[str]]:
    """Join sets that share an item until nothing moves."""
    pairs = (
        (first, second)
        for first in range(len(sets))
        for second in range(first + 1, len(sets))
        if sets[first] & sets[second]
    )
    found = next(pairs, None)
    if found is None:
        return {frozenset(items) for items in sets}
    first, second = found
    sets[first] |= sets.pop(second)
    return merged(sets)


@given(batches())
def test_random_batches_are_drafted_as_the_naive_book_says(book: Book) -> None:
    drafts = book.draft()
    left = naive_left(book)
    got: dict[str, dict[Key, int]] = defaultdict(lambda: defaultdict(int))
    ids = drafts.entries["payment_id"].to_pylist()
    for line in drafts.postings.to_pylist():
        key = (line["account"], line["customer_id"])
        got[ids[line["draft_index"]]][key] += line["amount_minor"]
    for payment in book.payments:
        lines = {
            key: amount for key, amount in got[payment["payment_id"]].items() if amount
        }
        assert lines == naive_lines(book, payment)
    members: dict[int, set[str]] = defaultdict(set)
    for row in drafts.letter_members.to_pylist():
        members[row["letter_index"]].add(row["item_id"])
    assert {frozenset(items) for items in members.values()} == merged(
        group_sets(book) + posting_sets(book)
    )
    for index, letter in enumerate(drafts.letters.to_pylist()):
        open_items = [left[item] for item in members[index]]
        assert letter["balance_minor"] == sum(open_items)
        assert (letter["kind"] == "full") == (not any(open_items))
    for line in drafts.postings.to_pylist():
        if line["letter_index"] is not None:
            letter = drafts.letters.to_pylist()[line["letter_index"]]
            assert letter["account"] == line["account"]
            assert letter["customer_id"] == line["customer_id"]


@given(batches())
def test_equal_batches_give_equal_tables(book: Book) -> None:
    first, second = book.draft(), book.draft()
    for name in ("entries", "postings", "letters", "letter_members", "residuals"):
        assert getattr(first, name).equals(getattr(second, name))

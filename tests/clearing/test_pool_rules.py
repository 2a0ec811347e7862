"""What rules say of a payment that is proposed is what they say when it is cleared."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from clearing_book import NOW, Book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_rules_when_clearing import SHORT, rebate, rule, withheld

from alloc import engine
from alloc.app.clear import contract
from alloc.app.pool_rules import PoolRules
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.propose import OpenPool
from alloc.app.review import Items, accept, refuse
from alloc.store import open_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.app.propose import InTurn
    from alloc.rules import Rule

TABLES = ("decisions", "allocations", "adjustments")


def pool_of(book: Book, rules: Sequence[Rule]) -> OpenPool:
    source = PoolRules(rules, lambda: contextlib.nullcontext(book.ledger))
    return OpenPool(*(book.ledger, book.settings, "E1"), now=lambda: NOW, rules=source)


def asked(pool: OpenPool | InTurn, book: Book, *names: str) -> list[dict[str, Any]]:
    """Return all that is proposed for payments, in an order of our own."""
    payments = book.ledger.payments(
        payment_ids=[book.payment_id(name) for name in names] if names else None
    )
    proposal = pool.propose(
        contract(payments, "payments"), engine.schema("remittances").empty_table()
    )
    return in_order(getattr(proposal, name).to_pylist() for name in TABLES)


def in_order(tables: Any) -> list[dict[str, Any]]:
    return sorted((row for rows in tables for row in rows), key=str)


def decided(book: Book, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Clear for real, and return what the ledger has of the payments."""
    payments = book.ledger.payments()["payment_id"].to_pylist()
    book.clear(rules=rules)
    latest = (DecisionState.PROPOSED, DecisionState.POSTED)
    found = book.ledger.decisions(DecisionFilter(states=latest, payment_ids=payments))
    return in_order(
        getattr(found, name).select(engine.schema(name).names).to_pylist()
        for name in TABLES
    )


def fallback() -> Rule:
    body = 'fallback = true\n[component.rest]\nrole = "service_rebate"\nrate = "10%"\n'
    return rule("rest", body)


SETS = {
    "one posts": [withheld()],
    "two fit": [withheld(), rebate()],
    "one waits for a click": [withheld("one_click")],
    "one only shows": [withheld("never")],
    "the last one": [rebate(), fallback()],
    "none": [],
}
PAGES = {
    "it is short": SHORT,
    "it names nothing": SHORT.replace("PAYMENT INV-1042", "VIR"),
    "it is paid in full": SHORT.replace("114.00", "120.00"),
    "nobody knows the payer": SHORT.replace("from C-LAC  ", "from NEMO  "),
    "another item makes it up": SHORT + "\n    item     INV-1043  114.00 EUR  of C-LAC",
    "it names items of two customers": SHORT.replace(
        'from C-LAC  "PAYMENT', 'from NEMO  "INV-1077'
    )
    + "\n    item     INV-1077  30.00 EUR  of C-VAL",
    "two want the same": SHORT
    + '\n    payment  B2  108.00 EUR  on 2026-03-06  from C-LAC  "INV-1042"',
    "one after the other": SHORT
    + '\n    payment  B2  120.00 EUR  on 2026-03-09  from C-LAC  "INV-1042"',
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("rules", SETS.values(), ids=SETS.keys())
def test_rules_are_proposed_as_they_are_cleared(
    book: Book, rules: list[Rule], page: str
) -> None:
    book.write(page)
    mine = asked(pool_of(book, rules), book)
    assert mine == decided(book, rules)


def test_a_payment_alone_is_told_what_it_is_told_among_others(book: Book) -> None:
    book.write(SHORT)
    pool = pool_of(book, [withheld()])
    (row,) = contract(book.ledger.payments(), "payments").to_pylist()
    alone = pool.decide(dict.fromkeys(engine.schema("payments").names) | row, [])
    assert in_order(alone) == asked(pool, book)
    (decision,) = alone.decisions
    assert [decision[name] for name in ("status", "rule", "reason")] == [
        *("auto", "tax@3", "RULE")
    ]
    assert [line["role"] for line in alone.adjustments] == ["foreign_tax"]
    assert book.entries() == "", "a proposal posts nothing"


def test_a_large_payment_waits_for_two_people_whatever_a_rule_says(book: Book) -> None:
    limit = '[[entity]]\nfour_eyes_above = "100.00"'
    book.toml = book.toml.replace("[[entity]]", limit)
    book.write(SHORT)
    mine = asked(pool_of(book, [withheld()]), book)
    assert mine[0]["reason"] == "FOUR_EYES"
    assert mine == decided(book, [withheld()])


def test_what_a_person_refused_no_rule_proposes_again(book: Book) -> None:
    book.write(SHORT).clear()
    refuse(
        *(book.ledger, book.payment_id("B1")), decided_by="ada", reason="NO", now=NOW
    )
    assert asked(pool_of(book, [withheld()]), book) == decided(book, [withheld()])


def test_a_rule_sees_the_items_of_the_moment(book: Book) -> None:
    book.write(SHORT)
    pool = pool_of(book, [withheld()])
    book.write("""
        item     INV-9  50.00 EUR  of C-LAC
        payment  B2     50.00 EUR  on 2026-03-06  from C-LAC  "VIR"
    """)
    chosen = Items({"INV-1042": 5_000})
    accept(
        *(book.ledger, book.settings, book.payment_id("B2"), chosen),
        decided_by="ada",
        now=NOW,
    )
    pool.follow(book.ledger)
    mine = asked(pool, book, "B1")
    assert not any(row.get("rule") == "tax@3" for row in mine), "70.00 is open of it"
    assert mine == decided(book, [withheld()])


def test_what_a_rule_clears_is_not_open_to_the_next_lot(book: Book) -> None:
    book.write(PAGES["two want the same"])
    turn = pool_of(book, [withheld()]).in_turn()
    first, second = asked(turn, book, "B1"), asked(turn, book, "B2")
    assert first == asked(pool_of(book, [withheld()]), book, "B1")
    assert any(row.get("reason") == "RULE" for row in first)
    assert not any(row.get("item_id") == "INV-1042" for row in second)


ITEMS = ("INV-1001", "INV-1002", "INV-1003", "INV-1004")
paid = st.tuples(
    st.sets(st.integers(0, 3), min_size=1, max_size=3),
    st.sampled_from([0, 500, 1_000]),
    st.sampled_from(["C-LAC", "C-VAL"]),
    st.booleans(),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cents=st.lists(st.sampled_from([10_000, 12_000, 20_000]), min_size=4, max_size=4),
    payments=st.lists(paid, min_size=1, max_size=5),
    rules=st.sampled_from(list(SETS.values())),
)
def test_whatever_comes_in_on_a_day_is_proposed_as_it_is_cleared(
    empty_book: Path,
    tmp_path: Path,
    cents: list[int],
    payments: list[tuple[set[int], int, str, bool]],
    rules: list[Rule],
) -> None:
    page = [
        f"item  {name}  {minor // 100}.00 EUR  of {('C-LAC', 'C-VAL')[at % 2]}"
        for at, (name, minor) in enumerate(zip(ITEMS, cents, strict=True))
    ]
    for number, (chosen, less_bps, payer, is_named) in enumerate(payments):
        total = sum(cents[at] for at in chosen)
        cash = total - total * less_bps // 10_000
        text = " ".join(ITEMS[at] for at in sorted(chosen)) if is_named else "VIR"
        page.append(
            f"payment  B{number}  {cash // 100}.{cash % 100:02} EUR"
            f'  on 2026-03-02  from {payer}  "{text}"'
        )
    path = shutil.copy(empty_book, tmp_path / f"{time.monotonic_ns()}.db")
    with open_ledger(str(path), write=True) as ledger:
        book = Book(ledger)
        book.write("\n".join(page))
        mine = asked(pool_of(book, rules), book)
        assert mine == decided(book, rules)

"""Payments of one day that want the same items, and payments of several days."""

from __future__ import annotations

import itertools

from book import book, propose, proposed, tables, told

import alloc


def test_two_payments_for_one_invoice_go_to_a_person_both() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        payment  P-2       100.00 EUR  says "INV-1001"
        payment  P-1       100.00 EUR  says "INV-1001"
    """) == book("""
        P-1 review ITEM_CONTESTED
        P-1 -> INV-1001  100.00
        P-2 review ITEM_CONTESTED
        P-2 -> INV-1001  100.00
    """)


def test_the_earlier_payment_of_two_days_clears_the_invoice() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        payment  P-1       100.00 EUR  on 2026-02-02  says "INV-1001"
        payment  P-2       100.00 EUR  on 2026-02-01  says "INV-1001"
    """) == book("""
        P-2 auto REFERENCES
        P-2 -> INV-1001  100.00
        P-1 review NO_OPEN_ITEMS
        P-1 on_account  -100.00
    """)


def test_equal_payments_share_out_items_that_nothing_tells_apart() -> None:
    assert proposed(
        """
        item     RENT-A  812.37 EUR  ref RENT  due 2026-01-05
        item     RENT-B  812.37 EUR  ref RENT  due 2026-01-05
        payment  P-1     812.37 EUR  says "RENT"
        payment  P-2     812.37 EUR  says "RENT"
    """,
        policy={"max_wrong_ppm": 500},
    ) == book("""
        P-1 auto REFERENCES
        P-1 -> RENT-A  812.37
        P-2 auto REFERENCES
        P-2 -> RENT-B  812.37
    """)


def test_parts_of_one_invoice_may_be_paid_on_one_day() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        payment  P-1        60.00 EUR
        advice   P-1       INV-1001  60.00
        payment  P-2        40.00 EUR
        advice   P-2       INV-1001  40.00
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> INV-1001  60.00
        P-2 auto ADVICE_LINES
        P-2 -> INV-1001  40.00
    """)


def test_parts_that_are_more_than_the_invoice_are_contested() -> None:
    statuses = propose("""
        item     INV-1001  100.00 EUR
        payment  P-1        60.00 EUR
        advice   P-1       INV-1001  60.00
        payment  P-2        50.00 EUR
        advice   P-2       INV-1001  50.00
    """).decisions["reason"]
    assert statuses.to_pylist() == ["ITEM_CONTESTED", "ITEM_CONTESTED"]


def test_the_order_of_the_rows_changes_nothing() -> None:
    page = tables("""
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        item     INV-1003   70.00 EUR
        payment  P-1       100.00 EUR  says "INV-1001"
        payment  P-2       150.00 EUR  says "INV-1001 INV-1002"
        payment  P-3        70.00 EUR  says "INV-1003"
    """)
    answers = set()
    for order in itertools.permutations(range(3)):
        shuffled = {**page}
        for name in ("open_items", "payments"):
            shuffled[name] = page[name].take(list(order))
        answers.add(told(alloc.propose(**shuffled)))
    assert answers == {
        book("""
        P-1 review ITEM_CONTESTED
        P-1 -> INV-1001  100.00
        P-2 review ITEM_CONTESTED
        P-2 -> INV-1001  100.00
        P-2 -> INV-1002  50.00
        P-3 auto REFERENCES
        P-3 -> INV-1003  70.00
    """)
    }


def test_what_one_payment_names_is_no_choice_for_another() -> None:
    page = """
        item     INV-1001  812.37 EUR  due 2026-01-05
        item     INV-2002  812.37 EUR  due 2026-02-05
        item     INV-3003  977.13 EUR  due 2026-03-05
        payment  P-1       812.37 EUR  says "INV-1001"
        payment  P-2       812.37 EUR
    """
    got = told(propose(page, policy={"amount_only": True}))
    assert got == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  812.37
        P-2 auto UNIQUE_ITEM
        P-2 -> INV-2002  812.37
    """)


def test_a_sure_payment_keeps_what_a_guess_wants_at_any_budget() -> None:
    page = """
        item     INV-470001  812.37 EUR  due 2026-01-05
        item     INV-561102  977.13 EUR  due 2026-03-05
        item     INV-652203  145.20 EUR  due 2026-04-05
        payment  P-1       812.37 EUR  says "INV-470001"
        payment  P-2       812.37 EUR
    """
    for budget in (100, 1_000, 10_000):
        policy = {"amount_only": True, "max_wrong_ppm": budget}
        got = propose(page, policy=policy).decisions
        assert got["status"].to_pylist() == ["auto", "review"]
        assert got["reason"].to_pylist()[0] == "REFERENCES"


def test_what_an_automatic_decision_might_have_been_is_free_for_others() -> None:
    page = """
        item     INV-470001  812.37 EUR  due 2026-01-05
        item     INV-561102  300.00 EUR  due 2026-03-05
        item     INV-561103  512.37 EUR  due 2026-03-06
        item     INV-561104   99.99 EUR  due 2026-03-07
        item     INV-561105   12.99 EUR  due 2026-03-08
        payment  P-1       812.37 EUR
        payment  P-2       300.00 EUR  says "INV-561102"
    """
    got = propose(page, policy={"amount_only": True, "max_wrong_ppm": 300_000})
    assert set(got.allocations["rank"].to_pylist()) == {0, 1}
    assert got.decisions["status"].to_pylist() == ["auto", "auto"]


def test_what_two_payments_contest_is_no_way_out_for_a_third() -> None:
    page = """
        item     INV-1001  812.37 EUR  due 2026-01-05
        item     INV-2002  812.37 EUR  due 2026-02-05
        item     INV-3003  977.13 EUR  due 2026-03-05
        payment  P-1       812.37 EUR  says "INV-1001"
        payment  P-2       812.37 EUR  says "INV-1001"
        payment  P-3       812.37 EUR
        payment  P-4       812.37 EUR  says "INV-2002"
    """
    got = propose(page, policy={"amount_only": True})
    assert got.decisions.select(["payment_id", "reason"]).to_pylist() == [
        {"payment_id": "P-1", "reason": "ITEM_CONTESTED"},
        {"payment_id": "P-2", "reason": "ITEM_CONTESTED"},
        {"payment_id": "P-3", "reason": "ITEM_CONTESTED"},
        {"payment_id": "P-4", "reason": "REFERENCES"},
    ]

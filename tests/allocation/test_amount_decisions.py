"""Amounts decide only with permission, and only when nothing else has that amount."""

from __future__ import annotations

import pyarrow.compute as pc
from book import AMOUNTS_MAY_DECIDE, book, major, propose, proposed, told


def test_without_permission_an_amount_only_proposes() -> None:
    assert proposed("""
        item     INV-1001  123.45 EUR
        payment  P-1       123.45 EUR
    """) == book("""
        P-1 review AMOUNT_ONLY
        P-1 -> INV-1001  123.45
    """)


def test_the_whole_balance_is_cleared() -> None:
    assert proposed(
        """
        item     INV-1001  123.45 EUR
        item     INV-1002  100.00 EUR
        item     AV-2001   -50.00 EUR  kind credit_note
        payment  P-1       173.45 EUR
    """,
        **AMOUNTS_MAY_DECIDE,
    ) == book("""
        P-1 auto WHOLE_BALANCE
        P-1 -> AV-2001  -50.00
        P-1 -> INV-1001  123.45
        P-1 -> INV-1002  100.00
    """)


def test_the_only_item_of_that_amount_is_cleared() -> None:
    assert proposed(
        """
        item     INV-1001  9123.47 EUR
        item     INV-1002  5000.00 EUR
        item     INV-1003   777.77 EUR
        payment  P-1       9123.47 EUR
    """,
        **AMOUNTS_MAY_DECIDE,
    ) == book("""
        P-1 auto UNIQUE_ITEM
        P-1 -> INV-1001  9123.47
    """)


def test_a_round_amount_proves_less_than_an_odd_one() -> None:
    page = """
        item     INV-1001  5000.00 EUR
        item     INV-1002  9123.47 EUR
    """
    strict = {"amount_only": True, "max_wrong_ppm": 10}
    assert proposed(f"{page}\npayment P-1 5000.00 EUR", policy=strict) == book("""
        P-1 review OVER_ERROR_BUDGET
        P-1 -> INV-1001  5000.00
    """)
    assert proposed(f"{page}\npayment P-1 9123.47 EUR", policy=strict) == book("""
        P-1 auto UNIQUE_ITEM
        P-1 -> INV-1002  9123.47
    """)


def test_two_ways_to_the_amount_are_both_shown() -> None:
    got = propose(
        """
        item     INV-1001  300.07 EUR
        item     INV-1002  100.03 EUR
        item     INV-1003  200.04 EUR
        payment  P-1       300.07 EUR
    """,
        **AMOUNTS_MAY_DECIDE,
    )
    assert got.decisions["explanations_count"].to_pylist() == [2]
    assert told(got) == book("""
        P-1 review AMBIGUOUS
        P-1 -> INV-1001  300.07
    """)
    assert told(got, rank=1) == book("""
        P-1 -> INV-1002  100.03
        P-1 -> INV-1003  200.04
    """)


def test_of_items_that_nothing_tells_apart_the_oldest_class_member_is_taken() -> None:
    assert proposed(
        """
        item     RENT-B  812.37 EUR  ref RENT  due 2026-01-05
        item     RENT-A  812.37 EUR  ref RENT  due 2026-01-05
        payment  P-1     812.37 EUR  says "RENT"
    """,
        policy={"amount_only": True, "max_wrong_ppm": 500},
    ) == book("""
        P-1 auto REFERENCES
        P-1 -> RENT-A  812.37
    """)


def test_a_different_due_date_makes_equal_amounts_ambiguous() -> None:
    assert proposed(
        """
        item     RENT-1  812.37 EUR  due 2026-01-05
        item     RENT-2  812.37 EUR  due 2026-02-05
        payment  P-1     812.37 EUR
    """,
        **AMOUNTS_MAY_DECIDE,
    ) == book("""
        P-1 review AMBIGUOUS
        P-1 -> RENT-1  812.37
    """)


def test_what_is_not_issued_yet_is_not_paid_by_amount() -> None:
    assert proposed(
        """
        item     INV-1001  812.37 EUR  issued 2026-03-01
        payment  P-1       812.37 EUR  on 2026-01-31
    """,
        **AMOUNTS_MAY_DECIDE,
    ) == book("""
        P-1 review NO_EXPLANATION
        P-1 on_account  -812.37
    """)


def test_references_and_a_remainder_by_amount_need_the_permission_too() -> None:
    page = """
        item     INV-1001  812.37 EUR
        item     INV-1002  9123.46 EUR
        item     INV-1003  4711.00 EUR
        payment  P-1       9935.83 EUR  says "INV-1001"
    """
    cleared = """
        P-1 -> INV-1001  812.37
        P-1 -> INV-1002  9123.46
    """
    assert proposed(page) == book(f"P-1 review AMOUNT_ONLY{cleared}")
    assert proposed(page, **AMOUNTS_MAY_DECIDE) == book(
        f"P-1 auto REFERENCES_AND_AMOUNT{cleared}"
    )


def test_a_budget_of_nothing_lets_nothing_pass() -> None:
    assert proposed(
        """
        item     INV-1001  123.45 EUR
        payment  P-1       123.45 EUR  says "INV-1001"
    """,
        policy={"max_wrong_ppm": 0},
    ) == book("""
        P-1 review OVER_ERROR_BUDGET
        P-1 -> INV-1001  123.45
    """)


#: Sixty large amounts of which no few add up, and more sets than anyone can try.
LARGE = [10**10 + 7**17 * number % 2**44 for number in range(1, 61)]
LARGE_LEDGER = "\n".join(
    f"item INV-{1000 + number} {major(amount)} EUR"
    for number, amount in enumerate(LARGE, 1)
)


def test_a_search_that_ran_out_of_work_says_so() -> None:
    """Not found and not there are different: nobody says that nothing explains it."""
    received = sum(LARGE) // 2 + 1
    page = f"{LARGE_LEDGER}\npayment P-1 {major(received)} EUR"
    got = propose(page, **AMOUNTS_MAY_DECIDE)
    assert told(got) == book(f"""
        P-1 review COMBINATIONS_OVER_LIMIT
        P-1 on_account  -{major(received)}
    """)
    assert got.decisions["proof"].to_pylist() == ["over_budget"]
    assert got.decisions["confidence_ppm"].to_pylist() == [0]


def test_a_search_among_named_items_that_ran_out_of_work_says_so() -> None:
    received = sum(LARGE) // 2 + 1
    said = " ".join(str(1000 + number) for number in range(1, 61))
    page = f'{LARGE_LEDGER}\npayment P-1 {major(received)} EUR says "{said}"'
    got = propose(page, **AMOUNTS_MAY_DECIDE)
    assert told(got).startswith("P-1 review COMBINATIONS_OVER_LIMIT\n")
    assert got.decisions["proof"].to_pylist() == ["over_budget"]


def test_of_many_named_items_the_ones_that_are_paid_are_found() -> None:
    """Forty numbers of which half are paid: too many for a list of all their sets."""
    paid = LARGE[:20]
    said = " ".join(str(1000 + number) for number in range(1, 41))
    page = f'{LARGE_LEDGER}\npayment P-1 {major(sum(paid))} EUR says "{said}"'
    got = propose(page, **AMOUNTS_MAY_DECIDE)
    chosen = got.allocations.filter(pc.equal(got.allocations["rank"], 0))
    assert chosen["allocated_minor"].to_pylist() == paid

"""Sets of items that nothing names are weighed by how payers choose."""

from __future__ import annotations

from book import AMOUNTS_MAY_DECIDE, book, propose, proposed, told

#: Twelve items of one customer, oldest first, in odd amounts.
AMOUNTS = [
    "1234.57",
    "2871.13",
    "919.29",
    "4410.83",
    "1777.01",
    "652.39",
    "3021.47",
    "1499.53",
    "2210.71",
    "845.97",
    "1930.09",
    "3666.61",
]
LEDGER = "\n".join(
    f"item INV-{number} {amount} EUR due 2026-01-{number - 1000:02}"
    for number, amount in enumerate(AMOUNTS, 1001)
)


def test_the_oldest_items_are_cleared_by_their_sum() -> None:
    page = f"{LEDGER}\npayment P-1 9435.82 EUR"
    assert proposed(page, **AMOUNTS_MAY_DECIDE) == book("""
        P-1 auto UNIQUE_AMOUNT
        P-1 -> INV-1001  1234.57
        P-1 -> INV-1002  2871.13
        P-1 -> INV-1003  919.29
        P-1 -> INV-1004  4410.83
    """)


def test_the_older_of_two_equal_items_is_proposed_and_never_posted() -> None:
    page = """
        item     INV-7  812.37 EUR  due 2026-01-20
        item     INV-8  812.37 EUR  due 2026-01-05
        item     INV-9  911.41 EUR  due 2026-01-07
        payment  P-1    812.37 EUR
    """
    got = propose(page, **AMOUNTS_MAY_DECIDE)
    assert told(got) == book("P-1 review AMBIGUOUS\nP-1 -> INV-8  812.37")
    assert told(got, rank=1) == book("P-1 -> INV-7  812.37")
    confidence = got.decisions["confidence_ppm"].to_pylist()[0]
    assert 400_000 < confidence < 600_000


def test_a_run_by_age_is_preferred_to_scattered_items_of_the_same_sum() -> None:
    page = """
        item     INV-1  100.01 EUR  due 2026-01-01
        item     INV-2  200.02 EUR  due 2026-01-02
        item     INV-3  300.03 EUR  due 2026-01-03
        item     INV-4  431.17 EUR  due 2026-01-04
        item     INV-5  117.29 EUR  due 2026-01-05
        item     INV-6  168.89 EUR  due 2026-01-06
        item     INV-7  985.85 EUR  due 2026-01-07
        payment  P-1    600.06 EUR
    """
    assert told(propose(page, **AMOUNTS_MAY_DECIDE)) == book("""
        P-1 review AMBIGUOUS
        P-1 -> INV-1  100.01
        P-1 -> INV-2  200.02
        P-1 -> INV-3  300.03
    """)


def test_of_two_equal_items_the_one_beside_what_is_named_is_proposed() -> None:
    page = f"""
        {LEDGER}
        item     INV-1013  919.29 EUR  due 2026-01-13
        payment  P-1  6515.99 EUR  says "INV-1011 INV-1012"
    """
    got = propose(page, **AMOUNTS_MAY_DECIDE)
    assert told(got) == book("""
        P-1 review AMBIGUOUS
        P-1 -> INV-1011  1930.09
        P-1 -> INV-1012  3666.61
        P-1 -> INV-1013  919.29
    """)
    assert told(got, rank=1) == book("""
        P-1 -> INV-1003  919.29
        P-1 -> INV-1011  1930.09
        P-1 -> INV-1012  3666.61
    """)


def test_a_run_around_what_is_named_is_cleared_among_many_items() -> None:
    amounts = [100_000 + 7_919_113 * i * i % 9_000_011 for i in range(120)]
    shown = [f"{amount // 100}.{amount % 100:02}" for amount in amounts]
    items = "\n".join(
        f"item INV-{5000 + number} {amount} EUR" for number, amount in enumerate(shown)
    )
    paid = sum(amounts[60:67])
    cash = f"{paid // 100}.{paid % 100:02}"
    page = f'{items}\npayment P-1 {cash} EUR says "INV-5060 INV-5063 INV-5066"'
    settled = "\n".join(f"P-1 -> INV-{5000 + n}  {shown[n]}" for n in range(60, 67))
    wanted = book(f"P-1 auto REFERENCES_AND_AMOUNT\n{settled}")
    assert proposed(page, **AMOUNTS_MAY_DECIDE) == wanted


def test_what_a_text_names_is_in_every_explanation_of_the_rest() -> None:
    page = f"""
        {LEDGER}
        payment  P-1  4105.70 EUR  says "INV-1002"
    """
    assert proposed(page, **AMOUNTS_MAY_DECIDE) == book("""
        P-1 auto REFERENCES_AND_AMOUNT
        P-1 -> INV-1001  1234.57
        P-1 -> INV-1002  2871.13
    """)


def test_credit_notes_may_be_left_aside() -> None:
    page = """
        item     INV-1  431.17 EUR  due 2026-01-04
        item     INV-2  117.29 EUR  due 2026-01-05
        item     AV-1   -30.00 EUR  due 2026-01-05  kind credit_note
        payment  P-1    548.46 EUR
    """
    assert proposed(page, **AMOUNTS_MAY_DECIDE) == book("""
        P-1 auto UNIQUE_AMOUNT
        P-1 -> INV-1  431.17
        P-1 -> INV-2  117.29
    """)


def test_an_amount_that_other_customers_owe_too_proves_less() -> None:
    page = "item INV-1 49.90 EUR\nitem INV-2 77.13 EUR\n"
    others = "\n".join(f"item RENT-{n} 49.90 EUR of C2" for n in range(40))
    paid = "\npayment P-1 49.90 EUR"
    alone = propose(page + paid, **AMOUNTS_MAY_DECIDE)
    among = propose(page + others + paid, **AMOUNTS_MAY_DECIDE)
    confidence = [got.decisions["confidence_ppm"][0].as_py() for got in (alone, among)]
    assert confidence[1] < confidence[0]


def test_a_large_pool_is_decided_only_as_far_as_a_bound_reaches() -> None:
    many = "\n".join(
        f"item INV-{number} {(number * number * 7919 % 899_981) / 100 + 50:.2f} EUR"
        for number in range(1001, 1061)
    )
    one = f"{(1017 * 1017 * 7919 % 899_981) / 100 + 50:.2f}"
    policy = {"amount_only": True, "max_wrong_ppm": 10_000}
    got = propose(f"{many}\npayment P-1 {one} EUR", policy=policy)
    assert got.decisions["proof"].to_pylist() == ["dominant"]
    assert told(got) == book(f"P-1 auto UNIQUE_ITEM\nP-1 -> INV-1017  {one}")

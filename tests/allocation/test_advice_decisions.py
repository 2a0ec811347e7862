"""Lines of an advice decide payments."""

from __future__ import annotations

from book import book, propose, proposed


def test_an_advice_clears_what_it_lists_with_credits_of_either_sign() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        item     AV-2001   -20.00 EUR  kind credit_note
        item     AV-2002    -5.00 EUR  kind credit_note
        payment  P-1       125.00 EUR
        advice   P-1       INV-1001  100.00
        advice   P-1       1002       50.00
        advice   P-1       INV1002    50.00
        advice   P-1       AV-2001    20.00
        advice   P-1       AV-2002    -5.00
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> AV-2001  -20.00
        P-1 -> AV-2002  -5.00
        P-1 -> INV-1001  100.00
        P-1 -> INV-1002  50.00
    """)


def test_a_line_of_something_that_is_not_open_does_not_disturb() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        item     INV-1003   70.00 EUR
        payment  P-1       150.00 EUR
        advice   P-1       INV-1001  100.00
        advice   P-1       INV-0999   33.00
        advice   P-1       INV-1002   50.00
        advice   P-1       TOTAL     150.00
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> INV-1001  100.00
        P-1 -> INV-1002  50.00
    """)


def test_a_part_payment_is_one_when_the_advice_says_so() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        payment  P-1       130.00 EUR
        advice   P-1       INV-1001  100.00
        advice   P-1       INV-1002   30.00
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> INV-1001  100.00
        P-1 -> INV-1002  30.00
    """)


def test_a_small_shortfall_may_be_a_discount_and_waits_for_a_person() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        payment  P-1       148.00 EUR
        advice   P-1       INV-1001   98.00
        advice   P-1       INV-1002   50.00
    """) == book("""
        P-1 review DEDUCTION_SUSPECTED
        P-1 -> INV-1001  98.00
        P-1 -> INV-1002  50.00
    """)


def test_a_deduction_that_the_advice_names_waits_for_a_rule() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        payment  P-1       140.00 EUR
        advice   P-1       INV-1001   90.00  keeps 10.00
        advice   P-1       INV-1002   50.00
    """) == book("""
        P-1 review DEDUCTION_NEEDS_RULE
        P-1 -> INV-1001  100.00
        P-1 -> INV-1002  50.00
        P-1 deduction  10.00
    """)


def test_a_misread_line_is_found_by_its_amount() -> None:
    got = propose("""
        item     5107832560  100.00 EUR
        item     5107832561   35.50 EUR
        item     5107832570   44.44 EUR
        payment  P-1         135.50 EUR
        advice   P-1         5107832560  100.00
        advice   P-1         5107832S61   35.50
    """)
    assert got.decisions["status"].to_pylist() == ["auto"]
    assert got.allocations["item_id"].to_pylist() == ["5107832560", "5107832561"]


def test_the_order_of_the_lines_changes_nothing() -> None:
    page = """
        item     INV-1001  100.00 EUR
        item     INV-1002   50.00 EUR
        payment  P-1       130.00 EUR
    """
    lines = ["INV-1001  100.00", "INV-1002  30.00", "INV-1002  50.00", "INV-7  1.00"]
    answers = {
        proposed(page + "".join(f"\nadvice P-1 {line}" for line in order))
        for order in (lines, lines[::-1], lines[2:] + lines[:2])
    }
    assert len(answers) == 1


def test_an_advice_beyond_the_limit_is_not_read_and_says_so() -> None:
    page = "item INV-1001 100.00 EUR\npayment P-1 100.00 EUR\n"
    page += "\n".join(f"advice P-1 INV-{number} 1.00" for number in range(10_001))
    assert proposed(page) == "P-1 review ADVICE_OVER_LIMIT"


def test_a_misread_line_is_no_part_payment_of_the_item_it_happens_to_name() -> None:
    assert proposed("""
        item     1900002342  38000.00 EUR
        item     1900020342    303.45 EUR
        payment  P-1           303.45 EUR
        advice   P-1           1900002342  303.45
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> 1900020342  303.45
    """)


def test_references_that_differ_by_a_dot_alone_are_told_apart_as_printed() -> None:
    page = """
        item     A  35.00 EUR  ref "SERVICES BLDG."
        item     B  35.00 EUR  ref "SERVICES BLDG"
        item     C  99.00 EUR  ref OTHER-1
        payment  P-1  35.00 EUR
    """
    assert proposed(f'{page}\nadvice P-1 "SERVICES BLDG" 35.00') == book("""
        P-1 auto ADVICE_LINES
        P-1 -> B  35.00
    """)
    assert proposed(f"{page}\nadvice P-1 SERVICESBLDG 35.00") == book("""
        P-1 review AMBIGUOUS
        P-1 -> A  35.00
    """)


def test_equal_lines_take_equal_items_one_each() -> None:
    assert proposed("""
        item     A  50.00 EUR  ref RENT-01  due 2026-01-05
        item     B  50.00 EUR  ref RENT-01  due 2026-01-05
        item     C  50.00 EUR  ref RENT-01  due 2026-01-05
        payment  P-1  100.00 EUR
        advice   P-1  RENT-01  50.00
        advice   P-1  RENT-01  50.00
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> A  50.00
        P-1 -> B  50.00
    """)


def test_lines_that_add_up_to_an_item_pay_it() -> None:
    assert proposed("""
        item     A  100.00 EUR  ref INV-20260417
        item     B  55.30 EUR  ref INV-20260533
        payment  P-1  155.30 EUR
        advice   P-1  INV-20260417  60.00
        advice   P-1  INV-20260533  55.30
        advice   P-1  INV20260417  40.00
    """) == book("""
        P-1 auto ADVICE_LINES
        P-1 -> A  100.00
        P-1 -> B  55.30
    """)

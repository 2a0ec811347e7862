"""References and advice lines decide payments."""

from __future__ import annotations

import pytest
from book import AMOUNTS_MAY_DECIDE, book, propose, proposed


def test_a_payment_that_names_its_invoice_clears_it() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR  due 2026-01-10
        item     INV-1002   50.00 EUR  due 2026-01-20
        payment  P-1       100.00 EUR  says "FACT INV-1001"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  100.00
    """)


@pytest.mark.parametrize(
    "says",
    [
        "INV-0012345",
        "inv 12345",
        "FACTURE 0012345",
        "Facture n°12345.",
        "FACT0012345 MERCI",
        "VIR INV 001 2345",
        "12345/CDE 4512",
        "REF:12345",
    ],
)
def test_an_invoice_number_is_read_as_people_write_it(says: str) -> None:
    assert proposed(f"""
        item     INV-0012345  100.00 EUR
        item     INV-0012346  100.00 EUR
        payment  P-1          100.00 EUR  says "{says}"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-0012345  100.00
    """)


@pytest.mark.parametrize(
    "says", ["9912345", "123456", "12345X7", "1234", "INV-0912345", "TEL 0612345678"]
)
def test_digits_of_a_longer_number_name_nothing(says: str) -> None:
    decision = propose(f"""
        item     INV-0012345  100.00 EUR
        item     INV-0099999  777.00 EUR
        payment  P-1          250.00 EUR  says "{says}"
    """).decisions.to_pylist()[0]
    assert (decision["status"], decision["reason"]) == ("review", "NO_EXPLANATION")


def test_a_reference_that_the_bank_cut_in_two_lines_is_read() -> None:
    assert proposed("""
        item     5110138428  100.00 EUR
        item     5110138429   70.00 EUR
        payment  P-1         170.00 EUR  says "VIR 5110138428 51101" says "38429"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> 5110138428  100.00
        P-1 -> 5110138429  70.00
    """)


def test_a_credit_note_is_taken_off() -> None:
    assert proposed("""
        item     INV-2001  100.00 EUR
        item     AV-3001   -30.00 EUR  kind credit_note
        item     INV-2002   70.00 EUR
        payment  P-1        70.00 EUR  says "INV-2001 MOINS AV-3001"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> AV-3001  -30.00
        P-1 -> INV-2001  100.00
    """)


def test_a_range_names_every_invoice_in_it() -> None:
    assert proposed("""
        item     INV-1001  10.00 EUR
        item     INV-1002  20.00 EUR
        item     INV-1003  40.00 EUR
        item     INV-1004  80.00 EUR
        payment  P-1       70.00 EUR  says "INV1001 A 1003"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  10.00
        P-1 -> INV-1002  20.00
        P-1 -> INV-1003  40.00
    """)


def test_a_list_of_suffixes_names_its_invoices() -> None:
    assert proposed("""
        item     5100081  10.00 EUR
        item     5100082  20.00 EUR
        item     5100085  40.00 EUR
        payment  P-1      70.00 EUR  says "FACT 5100081/82/85"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> 5100081  10.00
        P-1 -> 5100082  20.00
        P-1 -> 5100085  40.00
    """)


def test_a_slip_is_forgiven_when_the_amounts_close() -> None:
    got = propose("""
        item     5107832560  100.00 EUR
        item     5107832570   35.00 EUR
        item     5107111111   44.44 EUR
        payment  P-1         135.00 EUR  says "5107832560 5107832S70"
    """)
    assert got.decisions["status"].to_pylist() == ["auto"]
    evidence = got.allocations["evidence"].to_pylist()
    assert evidence == [
        "REFERENCE_PRINTED,AMOUNT,PAYER_GIVEN",
        "REFERENCE_NEAR,AMOUNT,PAYER_GIVEN",
    ]


def test_a_shared_reference_is_told_apart_by_the_amount() -> None:
    assert proposed(
        """
        item     RATE-1  33.31 EUR  ref LEASE-2025  due 2026-01-01
        item     RATE-2  47.77 EUR  ref LEASE-2025  due 2026-02-01
        payment  P-1     47.77 EUR  says "LEASE-2025"
    """,
        policy={"max_wrong_ppm": 200},
    ) == book("""
        P-1 auto REFERENCES
        P-1 -> RATE-2  47.77
    """)


def test_a_structured_creditor_reference_names_its_invoice() -> None:
    assert proposed("""
        item     INV-9     100.00 EUR  ref 539007547034
        payment  P-1       100.00 EUR  creditor "RF18 5390 0754 7034"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-9  100.00
    """)


def test_a_short_payment_is_proposed_but_not_posted() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR  due 2026-01-10
        item     INV-1002   50.00 EUR  due 2026-01-20
        payment  P-1       130.00 EUR  says "INV-1001 INV-1002"
    """) == book("""
        P-1 review AMOUNT_LESS
        P-1 -> INV-1001  100.00
        P-1 -> INV-1002  30.00
    """)


def test_an_overpayment_is_proposed_with_its_rest_on_account() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     INV-1002   51.00 EUR
        payment  P-1       120.00 EUR  says "INV-1001"
    """) == book("""
        P-1 review AMOUNT_MORE
        P-1 -> INV-1001  100.00
        P-1 on_account  -20.00
    """)


def test_another_currency_is_never_matched() -> None:
    assert proposed("""
        item     INV-1001  100.00 USD
        payment  P-1       100.00 EUR  says "INV-1001"
    """) == book("""
        P-1 review NO_OPEN_ITEMS
        P-1 on_account  -100.00
    """)


def test_a_disputed_invoice_waits_for_a_person() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR  disputed yes
        payment  P-1       100.00 EUR  says "INV-1001"
    """) == book("""
        P-1 review ITEM_DISPUTED
        P-1 -> INV-1001  100.00
    """)


def test_an_offset_with_a_payable_waits_for_a_person() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR
        item     SUP-4001  -40.00 EUR  kind payable
        payment  P-1        60.00 EUR  says "INV-1001 SUP-4001"
    """) == book("""
        P-1 review ITEM_KIND_NEEDS_REVIEW
        P-1 -> INV-1001  100.00
        P-1 -> SUP-4001  -40.00
    """)


def test_somebody_pays_for_another_customer_where_the_item_says_so() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR  of DRIVER  payer INSURER
        payment  P-1       100.00 EUR  of INSURER  says "SINISTRE INV-1001"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  100.00
    """)


def test_references_of_another_entity_say_nothing() -> None:
    assert proposed("""
        item     INV-1001  100.00 EUR  in E2
        payment  P-1       100.00 EUR  in E1  says "INV-1001"
    """) == book("""
        P-1 review NO_OPEN_ITEMS
        P-1 on_account  -100.00
    """)


def test_a_number_that_several_items_share_does_not_name_them_all() -> None:
    assert proposed("""
        item     A  421.45 EUR  ref 1600456022  due 2026-01-01
        item     B  421.45 EUR  ref 1600456022  due 2026-02-01
        item     C  421.45 EUR  ref 1600456023
        payment  P-1  842.90 EUR  says "FACT1600456022/23"
    """) == book("""
        P-1 review AMBIGUOUS
        P-1 -> A  421.45
        P-1 -> C  421.45
    """)


def test_a_shared_name_means_as_many_items_as_it_stands_there() -> None:
    page = """
        item     A  64.00 EUR  ref "CHARLES ANDERSON"  due 2026-01-01
        item     B  64.00 EUR  ref "CHARLES ANDERSON"  due 2026-01-01
        item     C  64.00 EUR  ref "ZARRICK STURGIS"
        payment  P-1  {paid} EUR  says "CHARLES ANDERSON"
    """
    assert proposed(page.format(paid="64.00")) == book("""
        P-1 auto REFERENCES
        P-1 -> A  64.00
    """)
    assert proposed(page.format(paid="128.00")).startswith("P-1 review")


def test_a_shared_name_may_mean_a_smaller_item_and_one_more() -> None:
    page = """
        item     A  3100.74 EUR  ref "MONTHLY LEASE"  due 2026-01-01
        item     B  3067.00 EUR  ref "MONTHLY LEASE"  due 2026-02-01
        item     C  {other} EUR  ref "MONTHLY LEASE"  due 2026-03-01
        payment  P-1  3100.74 EUR  says "MONTHLY LEASE"
    """
    assert proposed(page.format(other="35.74")).startswith("P-1 auto REFERENCES")
    assert proposed(page.format(other="33.74")).startswith("P-1 review")


def test_an_amount_does_not_decide_against_a_full_number() -> None:
    page = """
        item     A  1005.90 EUR  ref 5109171001
        item     B  144.42 EUR  ref 5109290105
        item     C  310.07 EUR  ref 5109200171
        payment  P-1  1005.90 EUR  says "{said}"
    """
    said = proposed(page.format(said="VIREMENT"), **AMOUNTS_MAY_DECIDE)
    assert said.startswith("P-1 auto UNIQUE_ITEM")
    said = proposed(page.format(said="FACT 5109290105"), **AMOUNTS_MAY_DECIDE)
    assert said.startswith("P-1 review")


def test_items_that_cancel_each_other_may_have_been_settled_unsaid() -> None:
    page = """
        item     A  250.17 EUR  ref 5108769628
        item     B  3235.00 EUR  ref 5108768967
        item     C  {credit} EUR  ref 5108768966
        payment  P-1  250.17 EUR  says "5108769628"
    """
    assert proposed(page.format(credit="-3230.00")).startswith("P-1 auto REFERENCES")
    assert proposed(page.format(credit="-3235.00")) == book("""
        P-1 review OVER_ERROR_BUDGET
        P-1 -> A  250.17
    """)


def test_everything_that_nothing_names_may_have_been_settled_together() -> None:
    page = """
        item     A  250.17 EUR  ref 5108769628
        item     B  3235.00 EUR  ref 5108768967
        item     C  1126.40 EUR  ref 5108768971
        item     D  {credit} EUR  ref 5108768966
        payment  P-1  250.17 EUR  says "5108769628"
    """
    assert proposed(page.format(credit="-4361.41")).startswith("P-1 auto REFERENCES")
    got = propose(page.format(credit="-4361.40"))
    assert got.decisions["status"].to_pylist() == ["review"]
    assert 700_000 < got.decisions["confidence_ppm"][0].as_py() <= 750_000


def test_an_amount_is_less_sure_beside_a_misread_name_that_it_leaves_aside() -> None:
    page = """
        item     5109510277   758.77 EUR
        item     5109510280   305.11 EUR
        item     5109510332   780.03 EUR
        item     5109539990  1651.78 EUR
        payment  P-1  1063.88 EUR  says "5109510280 {said}"
    """

    def confidence(said: str) -> int:
        got = propose(page.format(said=said), **AMOUNTS_MAY_DECIDE)
        items = {line["item_id"] for line in got.allocations.to_pylist()}
        assert items >= {"5109510277", "5109510280"}
        return got.decisions["confidence_ppm"][0].as_py()

    assert confidence("5109510532") < confidence("")


def test_a_number_that_stands_there_as_often_as_it_is_shared_names_them_all() -> None:
    assert proposed("""
        item     A  421.45 EUR  ref 1600456022  due 2026-01-01
        item     B  100.00 EUR  ref 1600456022  due 2026-02-01
        payment  P-1  521.45 EUR  says "1600456022, 1600456022"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> A  421.45
        P-1 -> B  100.00
    """)


def test_an_invoice_and_its_credit_in_a_range_are_cleared_with_it() -> None:
    assert proposed("""
        item     1600664561  100.00 EUR
        item     1600664562   40.00 EUR
        item     1600664563  -40.00 EUR  kind credit_note
        payment  P-1         100.00 EUR  says "1600664561 a 1600664563"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> 1600664561  100.00
        P-1 -> 1600664562  40.00
        P-1 -> 1600664563  -40.00
    """)


def test_one_misread_number_means_one_invoice() -> None:
    assert proposed("""
        item     601132008  888.01 EUR
        item     601132009  888.02 EUR
        item     601139999  500.00 EUR
        payment  P-1       2276.03 EUR  says "601139999, 601132007"
    """) == book("""
        P-1 review AMOUNT_ONLY
        P-1 -> 601132008  888.01
        P-1 -> 601132009  888.02
        P-1 -> 601139999  500.00
    """)

"""A difference is booked when exactly one deduction explains it, and may be booked."""

from __future__ import annotations

import pytest
from book import book, propose, proposed

import alloc
from alloc.engine import DEDUCTIONS
from alloc.errors import AllocError, InputError

ALL = {"policy": {"deductions": DEDUCTIONS}}
ITEM = "item INV-1001 1234.57 EUR ref FA-20260417"


def paid(amount: str, says: str = "FA-20260417") -> str:
    return f'{ITEM}\npayment P-1 {amount} EUR says "{says}"'


def test_without_permission_an_explained_difference_is_only_proposed() -> None:
    assert proposed(paid("1209.88")) == book("""
        P-1 review DEDUCTION_SUSPECTED
        P-1 -> INV-1001  1234.57
        P-1 discount_granted  24.69
    """)


@pytest.mark.parametrize(
    ("amount", "adjusted"),
    [
        ("1209.88", "P-1 discount_granted  24.69"),
        ("1219.57", "P-1 bank_charges  15.00"),
        ("1234.50", "P-1 rounding_loss  0.07"),
        ("1234.60", "P-1 rounding_gain  -0.03"),
        ("1300.00", "P-1 on_account  -65.43"),
        (
            "1190.13",
            "P-1 commission  37.04\n        P-1 vat_awaiting_invoice  7.41",
        ),
    ],
)
def test_one_deduction_explains_the_difference(amount: str, adjusted: str) -> None:
    if "commission" in adjusted:
        amount = "1190.12"
    assert proposed(paid(amount), **ALL) == book(f"""
        P-1 auto DEDUCTION_EXPLAINED
        P-1 -> INV-1001  1234.57
        {adjusted}
    """)


def test_the_tax_on_a_commission_is_that_of_the_company() -> None:
    ours = {"deductions": DEDUCTIONS, "vat_rates_ppm": [190_000, 70_000]}
    assert proposed(paid("1190.49"), policy=ours) == book("""
        P-1 auto DEDUCTION_EXPLAINED
        P-1 -> INV-1001  1234.57
        P-1 commission  37.04
        P-1 vat_awaiting_invoice  7.04
    """)
    assert "P-1 review AMOUNT_LESS" in proposed(paid("1190.49"), **ALL)


def test_a_rate_of_tax_is_a_share() -> None:
    for rates, reason in (
        ([1_000_001], "VAT_RATE_OUT_OF_RANGE"),
        ([200_000] * 17, "VAT_RATES_OVER_LIMIT"),
        (["20%"], "POLICY_TYPE_WRONG"),
    ):
        with pytest.raises(AllocError) as caught:
            propose(paid("1.00"), policy={"vat_rates_ppm": rates})
        assert caught.value.reason == reason


def test_a_permission_is_for_one_kind() -> None:
    fees = {"policy": {"deductions": ["bank_fee"]}}
    assert "P-1 auto DEDUCTION_EXPLAINED" in proposed(paid("1219.57"), **fees)
    assert "P-1 review DEDUCTION_SUSPECTED" in proposed(paid("1209.88"), **fees)


def test_a_discount_may_be_rounded_per_item() -> None:
    page = """
        item     INV-1001  100.25 EUR
        item     INV-1002  200.75 EUR
        item     INV-1003  300.75 EUR
        payment  P-1       589.70 EUR  says "INV-1001 INV-1002 INV-1003"
    """
    got = propose(page, **ALL)
    assert got.adjustments.select(["role", "amount_minor", "rate_ppm"]).to_pylist() == [
        {"role": "discount_granted", "amount_minor": 1205, "rate_ppm": 20_000}
    ]


def test_a_part_payment_leaves_the_rest_on_the_item() -> None:
    assert proposed(paid("700.00"), **ALL) == book("""
        P-1 auto DEDUCTION_EXPLAINED
        P-1 -> INV-1001  700.00
    """)


def test_which_of_two_items_is_paid_short_nobody_knows() -> None:
    page = """
        item     INV-1001  812.37 EUR
        item     INV-2002  911.41 EUR
        payment  P-1      1500.00 EUR  says "INV-1001 INV-2002"
    """
    assert "P-1 review AMOUNT_LESS" in proposed(page, **ALL)


def test_two_kinds_for_one_difference_go_to_a_person() -> None:
    page = """
        item     INV-1001  600.00 EUR
        payment  P-1       588.00 EUR  says "INV-1001"
    """
    got = propose(page, **ALL)
    assert got.decisions["reason"].to_pylist() == ["OVER_ERROR_BUDGET"]
    roles = got.adjustments.select(["rank", "role"]).to_pylist()
    assert roles == [
        {"rank": 0, "role": "discount_granted"},
        {"rank": 1, "role": "bank_charges"},
    ]


def test_a_shortfall_that_no_kind_explains_stays_open() -> None:
    assert "P-1 review AMOUNT_LESS" in proposed(paid("1171.11"), **ALL)


def test_an_item_that_makes_up_the_difference_goes_before_a_surplus() -> None:
    page = """
        item     INV-1001  1234.57 EUR
        item     INV-2002    65.43 EUR
        payment  P-1       1300.00 EUR  says "INV-1001"
    """
    got = propose(page, policy={"deductions": DEDUCTIONS, "amount_only": True})
    items = [
        line["item_id"] for line in got.allocations.to_pylist() if line["rank"] == 0
    ]
    assert items == ["INV-1001", "INV-2002"]


def test_a_surplus_may_be_a_part_of_an_item_that_nothing_names() -> None:
    got = propose(paid("1290.03") + "\nitem INV-9009 880.00 EUR", **ALL)
    assert got.decisions["status"].to_pylist() == ["review"]
    ranks = [(line["rank"], line["item_id"]) for line in got.allocations.to_pylist()]
    assert {(0, "INV-1001"), (1, "INV-1001"), (1, "INV-9009")} <= {*ranks}
    alone = propose(paid("1290.03") + "\nitem INV-9009 55.46 EUR", **ALL)
    assert alone.decisions["status"].to_pylist() == ["review"]  # to the cent
    assert "P-1 auto DEDUCTION_EXPLAINED" in proposed(paid("1290.03"), **ALL)


@pytest.mark.parametrize("amount", ["1300.00", "1240.57", "700.00"])
def test_money_that_names_nothing_is_no_part_or_surplus_of_the_only_item(
    amount: str,
) -> None:
    policy = {"deductions": DEDUCTIONS, "amount_only": True}
    got = propose(f"{ITEM}\npayment P-1 {amount} EUR", policy=policy)
    assert got.decisions["status"].to_pylist() == ["review"]
    assert got.decisions["confidence_ppm"][0].as_py() <= 500_000
    assert got.allocations["item_id"].to_pylist()[:1] == ["INV-1001"]


def test_equal_ways_come_by_the_ids_of_their_items() -> None:
    items = ["item INV-470001 0.01 EUR", "item INV-470002 0.01 EUR"]
    payment = 'payment P-1 0.04 EUR says "INV-470001 INV-470002"'
    policy = {"deductions": DEDUCTIONS, "amount_only": True}
    told = [
        propose("\n".join([*page, payment]), policy=policy)
        for page in (items, items[::-1])
    ]
    assert told[0].decisions == told[1].decisions
    assert told[0].allocations == told[1].allocations
    assert told[0].adjustments == told[1].adjustments
    assert told[0].allocations["rank"].to_pylist()[-1] > 0


def test_a_name_that_has_many_neighbours_does_not_prove_a_part_payment() -> None:
    named = """
        item     INV-1001  1234.57 EUR
        payment  P-1        700.00 EUR  says "INV-1001"
    """
    near = [f"item INV-100{digit} {870 + digit}.13 EUR\n" for digit in range(2, 10)]
    one, many = (propose(named + "".join(page), **ALL) for page in (near[:1], near))
    assert one.decisions["status"].to_pylist() == ["auto"]
    assert many.decisions["status"].to_pylist() == ["review"]
    assert one.decisions["confidence_ppm"][0].as_py() < 999_990


def test_each_line_of_an_advice_must_show_the_discount() -> None:
    items = "item INV-1001 1000.00 EUR\nitem INV-2002 500.00 EUR\n"
    net = (
        items
        + """
        payment P-1 1470.00 EUR
        advice  P-1 INV-1001 980.00
        advice  P-1 INV-2002 490.00
    """
    )
    assert "P-1 auto DEDUCTION_EXPLAINED" in proposed(net, **ALL)
    one = (
        items
        + """
        payment P-1 1470.00 EUR
        advice  P-1 INV-1001 970.00
        advice  P-1 INV-2002 500.00
    """
    )
    assert "P-1 review DEDUCTION_SUSPECTED" in proposed(one, **ALL)


def test_cash_and_adjustments_are_what_is_allocated_in_every_rank() -> None:
    got = propose(paid("588.00").replace("1234.57", "600.00"), **ALL)
    for rank in (0, 1):
        settled = sum(
            line["allocated_minor"]
            for line in got.allocations.to_pylist()
            if line["rank"] == rank
        )
        adjusted = sum(
            line["amount_minor"]
            for line in got.adjustments.to_pylist()
            if line["rank"] == rank
        )
        assert 58_800 + adjusted == settled


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(InputError) as caught:
        propose(paid("1.00"), policy={"deductions": ["gift"]})
    assert caught.value.reason == "DEDUCTION_UNKNOWN"
    assert caught.value.metadata["value"] == "gift"
    with pytest.raises(InputError) as caught:
        propose(paid("1.00"), policy={"deductions": "discount"})
    assert caught.value.reason == "POLICY_TYPE_WRONG"
    assert alloc.engine.DEDUCTIONS == DEDUCTIONS


def test_a_payer_known_by_the_reference_alone_deducts_before_a_person_only() -> None:
    one = f'{ITEM}\npayment P-1 1209.88 EUR of nobody says "FA-20260417"'
    assert "P-1 review DEDUCTION_SUSPECTED" in proposed(one, **ALL)


def test_a_line_too_many_is_no_part_payment() -> None:
    said = proposed(
        """
        item     A  300.00 EUR  ref "OPEN PO FOR MSBOA"
        item     B  180.00 EUR  ref "OPEN PO FOR MSBOA"
        payment  P-1  300.00 EUR
        advice   P-1  "OPEN PO FOR MSBOA"  300.00
        advice   P-1  "OPEN PO FOR MSBOA"  180.00
        """,
        **ALL,
    )
    assert said.startswith("P-1 review")


TERMS = "discount 35000 until 2026-01-31"


def test_a_discount_that_the_terms_agree_to_needs_no_permission() -> None:
    """3.5 % is none of the usual rates, and no deduction is permitted."""
    page = f'{ITEM} {TERMS}\npayment P-1 1191.36 EUR on 2026-01-31 says "FA-20260417"'
    assert proposed(page) == book("""
        P-1 auto DEDUCTION_EXPLAINED
        P-1 -> INV-1001  1234.57
        P-1 discount_granted  43.21
    """)


def test_a_discount_taken_too_late_is_no_discount() -> None:
    page = f'{ITEM} {TERMS}\npayment P-1 1191.36 EUR on 2026-02-01 says "FA-20260417"'
    assert "P-1 review AMOUNT_LESS" in proposed(page)


def test_each_item_has_the_discount_of_its_own_terms() -> None:
    page = """
        item     INV-1001 1234.57 EUR ref FA-20260417 discount 35000 until 2026-01-31
        item     INV-1002 2000.00 EUR ref FA-20260533 discount 20000 until 2026-02-15
        item     INV-1003  500.00 EUR ref FA-20260648
        payment  P-1      3651.36 EUR says "FA-20260417 FA-20260533 FA-20260648"
    """
    got = propose(page)
    assert got.decisions["status"].to_pylist() == ["auto"]
    assert got.adjustments.to_pylist() == [
        {
            "payment_id": "P-1",
            "rank": 0,
            "role": "discount_granted",
            "amount_minor": 8_321,
            "item_id": None,
            "rate_ppm": None,
        }
    ]


def test_terms_that_explain_less_than_the_gap_explain_nothing() -> None:
    page = f'{ITEM} {TERMS}\npayment P-1 1191.35 EUR says "FA-20260417"'
    assert "P-1 review AMOUNT_LESS" in proposed(page)


def test_a_surplus_may_be_for_smaller_items_that_nothing_names() -> None:
    page = paid("1300.00")
    for others in (["40.00"], ["9.00", "8.00"], ["900.00", "40.00"]):
        items = [f"\nitem INV-{9000 + n} {x} EUR" for n, x in enumerate(others)]
        assert "P-1 review OVER_ERROR_BUDGET" in proposed(page + "".join(items), **ALL)
    assert "P-1 auto" in proposed(page + "\nitem INV-9000 900.00 EUR", **ALL)


def test_a_rate_that_a_part_payment_meets_by_accident_is_not_sure() -> None:
    """5.95 % is a commission of 5 % with its tax: of 355.00 one amount of few."""

    def confidence(amount: str, cash: str) -> int:
        page = f'item INV-1001 {amount} EUR\npayment P-1 {cash} EUR says "INV-1001"'
        ours = {"deductions": DEDUCTIONS, "vat_rates_ppm": [190_000]}
        got = propose(page, policy=ours)
        assert got.adjustments["role"][0].as_py() == "commission"
        return got.decisions["confidence_ppm"][0].as_py()

    small, large = confidence("35.50", "33.38"), confidence("35500.00", "33387.75")
    assert small < 999_900
    assert large > 999_990


def test_a_fee_beyond_a_tenth_speaks_against_a_part_payment() -> None:
    page = 'item INV-1001 81.33 EUR\npayment P-1 {} EUR says "INV-1001"'
    assert "P-1 auto DEDUCTION_EXPLAINED" in proposed(page.format("62.37"), **ALL)
    assert "P-1 review AMOUNT_LESS" in proposed(page.format("62.33"), **ALL)


def test_an_item_that_a_line_pays_in_full_is_not_paid_short() -> None:
    page = "item INV-1001 1234.57 EUR\npayment P-1 700.00 EUR\nadvice P-1 INV-1001 {}"
    assert "P-1 auto ADVICE_LINES" in proposed(page.format("700.00"), **ALL)
    assert "P-1 review AMOUNT_LESS" in proposed(page.format("1234.57"), **ALL)


def test_a_line_that_means_nothing_open_is_no_surplus() -> None:
    page = """
        item     INV-1001  10000.00 EUR
        payment  P-1       10512.34 EUR
        advice   P-1       INV-1001  10000.00
    """
    assert "P-1 auto DEDUCTION_EXPLAINED" in proposed(page, **ALL)
    page += "\nadvice P-1 XY-77 512.34"
    assert "P-1 review" in proposed(page, **ALL)


def test_a_line_that_shows_what_was_kept_back_is_read() -> None:
    items = "item INV-1001 1000.00 EUR\nitem INV-2002 500.00 EUR\n"
    lines = "advice P-1 INV-1001 1000.00\nadvice P-1 INV-2002 500.00\n"
    page = f"{items}payment P-1 1470.00 EUR\n{lines}"
    shown = "advice P-1 ESCOMPTE -30.00\n"
    assert "P-1 auto DEDUCTION_EXPLAINED" in proposed(page + shown, **ALL)
    alien = "advice P-1 XY-77 77.00\nadvice P-1 XY-78 33.10\n"
    assert "P-1 review" in proposed(page + shown + alien, **ALL)


def test_a_suspected_deduction_is_no_more_than_half_sure() -> None:
    page = """
        item     INV-1001  1000.00 EUR
        item     INV-2002   500.00 EUR
        payment  P-1       1470.00 EUR
        advice   P-1       INV-1001  970.00
        advice   P-1       INV-2002  500.00
    """
    got = propose(page, **ALL)
    assert got.decisions["reason"].to_pylist() == ["DEDUCTION_SUSPECTED"]
    assert got.decisions["confidence_ppm"][0].as_py() <= 500_000


def test_ends_of_numbers_name_what_was_deducted_from() -> None:
    page = """
        item     5109294496   710.50 EUR
        item     5109294512   483.00 EUR
        item     5109295547  3695.10 EUR
        item     5109307441   459.00 EUR
        payment  P-1         4864.60 EUR  says "4496 4512 5547"
    """
    got = propose(page, policy={"deductions": DEDUCTIONS, "amount_only": True})
    assert got.decisions["status"].to_pylist() == ["review"]


def test_an_amount_is_less_sure_where_a_deduction_from_everything_explains_it() -> None:
    """2 % off everything, 4,000.00, is what the items but two of them make up."""

    def confidence(one: str, other: str) -> int:
        page = f"""
            item     A  1234.57 EUR
            item     B  {one} EUR
            item     C   890.11 EUR
            item     D  {other} EUR
            item     E  1795.32 EUR
            payment  P-1  3920.00 EUR
        """
        got = propose(page, policy={"amount_only": True})
        items = [line["item_id"] for line in got.allocations.to_pylist()]
        assert items[:3] == ["A", "C", "E"]
        return got.decisions["confidence_ppm"][0].as_py()

    assert confidence("33.37", "46.63") < confidence("33.37", "46.61") - 1_000


def test_an_amount_is_less_sure_beside_a_shared_name_that_a_fee_explains() -> None:
    def confidence(shared: str) -> int:
        page = f"""
            item     A  {shared} EUR  ref "LUNCH REFUND"
            item     B  12.34 EUR  ref "LUNCH REFUND"
            item     C  25.07 EUR  ref "LUNCH REFUND"
            item     D  17.93 EUR  ref "TRIP"
            payment  P-1  43.00 EUR  says "LUNCH REFUND"
        """
        got = propose(page, policy={"amount_only": True})
        items = {line["item_id"] for line in got.allocations.to_pylist()}
        assert items >= {"C", "D"}
        return got.decisions["confidence_ppm"][0].as_py()

    assert confidence("46.00") < confidence("46.01")

"""One advice may cover several payments, and several advices one payment."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_import_files import ACCOUNT, BATCH, IBAN, STATEMENT, Desk, camt, entry
from test_import_files import desk as desk  # noqa: PLC0414 - a fixture
from test_import_files import empty as empty  # noqa: PLC0414 - a fixture

from alloc.app.advice_groups import GROUP_MAX, only_subset, share_out
from alloc.app.advices import unclear_advices
from alloc.app.verify import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

MARTIN, LEROY = "FR7612345987650123456789014", "FR7630004000031234567890143"
HEADER = "advice,payer_iban,payment_date,payment_reference,reference,amount,total"
ONE_ADVICE = f"""\
{HEADER},currency
1,{MARTIN},2026-03-02,,FA-260001,700.00,1500.00,EUR
1,,,,FA-260002,300.00,,EUR
1,,,,FA-260003,500.00,,EUR
"""


def bank(*credits_: str) -> str:
    """Write credits as ``amount payer_iban reference text``."""
    head = "account,booking_date,amount,currency,counterparty_iban,bank_reference"
    rows = []
    for credit in credits_:
        amount, payer, reference, text = credit.split(" ", 3)
        rows.append(f"{IBAN},2026-03-02,{amount},EUR,{payer},{reference},{text}\n")
    return f"{head},remittance_text\n" + "".join(rows)


TWO_PAYMENTS = bank(f"1000.00 {MARTIN} B1 ACOMPTE", f"500.00 {MARTIN} B2 SOLDE")


def lines_by_payment(desk: Desk) -> dict[int, list[str]]:
    """What each payment is for: its amount in cents -> the references."""
    amounts = {
        row["payment_id"]: row["amount_minor"]
        for row in desk.ledger.payments().to_pylist()
    }
    found: dict[int, list[str]] = {}
    for row in desk.ledger.remittances().to_pylist():
        found.setdefault(amounts[row["payment_id"]], []).append(row["reference"])
    assert verify(desk.ledger).findings == ()
    return found


def notices(desk: Desk, *texts: str) -> list[str]:
    return [notice.code for report in desk.take(*texts) for notice in report.notices]


# One advice, several payments


@pytest.mark.parametrize("order", list(permutations([ONE_ADVICE, TWO_PAYMENTS])))
def test_the_payments_of_one_payer_that_make_up_an_advice_share_its_lines(
    desk: Desk, order: tuple[str, str]
) -> None:
    assert notices(desk, *order) == []
    assert lines_by_payment(desk) == {
        100_000: ["FA-260001", "FA-260002"],
        50_000: ["FA-260003"],
    }
    assert desk.ledger.counts().advices_linked == 1


def test_the_second_payment_may_come_days_after_the_advice_was_read(
    desk: Desk,
) -> None:
    first, second = TWO_PAYMENTS.splitlines(keepends=True)[1:]
    head = TWO_PAYMENTS.partition("\n")[0] + "\n"
    desk.take(ONE_ADVICE, head + first)
    assert lines_by_payment(desk) == {}
    desk.take(head + second.replace("2026-03-02", "2026-03-06"))
    assert lines_by_payment(desk) == {
        100_000: ["FA-260001", "FA-260002"],
        50_000: ["FA-260003"],
    }


def test_money_of_another_payer_is_not_counted_in(desk: Desk) -> None:
    other = bank(f"1000.00 {MARTIN} B1 ACOMPTE", f"500.00 {LEROY} B2 SOLDE")
    assert notices(desk, ONE_ADVICE, other) == []
    assert lines_by_payment(desk) == {}


def test_two_ways_to_make_up_an_advice_leave_it_open(desk: Desk) -> None:
    three = bank(
        f"1000.00 {MARTIN} B1 ACOMPTE",
        f"500.00 {MARTIN} B2 SOLDE",
        f"500.00 {MARTIN} B3 SOLDE",
    )
    assert notices(desk, ONE_ADVICE, three) == []
    assert lines_by_payment(desk) == {}


def test_two_advices_that_want_the_same_payments_both_stay_open(desk: Desk) -> None:
    other = ONE_ADVICE.replace("FA-26", "FB-26")
    desk.take(ONE_ADVICE, other, TWO_PAYMENTS)
    assert lines_by_payment(desk) == {}
    assert desk.ledger.counts().advices_linked == 0


def test_payments_long_after_the_advice_are_not_its_own(desk: Desk) -> None:
    late = TWO_PAYMENTS.replace("2026-03-02", "2026-03-13")
    desk.take(ONE_ADVICE, late)
    assert lines_by_payment(desk) == {}
    near = TWO_PAYMENTS.replace("2026-03-02", "2026-03-12").replace(",B", ",C")
    desk.take(near)
    assert len(lines_by_payment(desk)) == 2


def test_a_name_alone_needs_a_date_near_the_payments(desk: Desk) -> None:
    head = "account,booking_date,amount,currency,counterparty_name,bank_reference\n"
    money = head + "".join(
        f"{IBAN},2026-03-02,{amount},EUR,Martin SARL,B{amount}\n"
        for amount in ("1000.00", "500.00")
    )
    advice = ONE_ADVICE.replace("payer_iban", "payer_name").replace(
        MARTIN, "MARTIN SARL"
    )
    undated = advice.replace("2026-03-02", "")
    desk.take(undated, money)
    assert lines_by_payment(desk) == {}
    desk.take(advice)
    assert lines_by_payment(desk)[50_000] == ["FA-260003"]


def test_a_reference_in_the_text_tells_equal_lines_apart(desk: Desk) -> None:
    advice = ONE_ADVICE.replace("700.00", "500.00").replace("300.00", "500.00")
    money = bank(
        f"1000.00 {MARTIN} B1 FA 260001 ET FA 260003", f"500.00 {MARTIN} B2 VIR"
    )
    desk.take(advice, money)
    assert lines_by_payment(desk) == {
        100_000: ["FA-260001", "FA-260003"],
        50_000: ["FA-260002"],
    }


def test_lines_that_fit_several_ways_leave_the_advice_whole_and_say_so(
    desk: Desk,
) -> None:
    advice = ONE_ADVICE.replace("700.00", "500.00").replace("300.00", "500.00")
    desk.take(advice)
    (report,) = desk.take(TWO_PAYMENTS)
    (notice,) = report.notices
    assert notice.code == "ADVICE_SPLIT_UNCLEAR"
    assert "1500.00 EUR" in notice.message
    assert "(1000.00 EUR)" in notice.message
    assert "(500.00 EUR)" in notice.message
    assert "which line is for which payment is not certain" in notice.message
    assert lines_by_payment(desk) == {}
    for payment_id in desk.ledger.payments()["payment_id"].to_pylist():
        (row,) = unclear_advices(desk.ledger, payment_id)
        assert row["reason"] == "ADVICE_SPLIT_UNCLEAR"
        assert len(row["payments"]) == 2


def test_lines_that_do_not_make_the_total_are_told_with_both_figures(
    desk: Desk,
) -> None:
    wrong = ONE_ADVICE.replace("300.00", "310.00")
    first, second = desk.take(wrong, TWO_PAYMENTS)
    assert [notice.code for notice in first.notices] == ["ADVICE_TOTAL_DIFFERS"]
    assert "make 1510.00 EUR, it says 1500.00 EUR" in first.notices[0].message
    (notice,) = second.notices
    assert notice.code == "ADVICE_TOTAL_DIFFERS"
    assert "1500.00 EUR" in notice.message
    assert "its lines make 1510.00 EUR" in notice.message
    assert lines_by_payment(desk) == {}


def test_what_was_kept_back_is_taken_off_when_lines_are_gross(desk: Desk) -> None:
    gross = f"""\
advice,payer_iban,payment_date,reference,amount,deduction,total,currency
1,{MARTIN},2026-03-02,FA-260001,720.00,20.00,1500.00,EUR
1,,,FA-260002,300.00,,,EUR
1,,,FA-260003,500.00,,,EUR
"""
    desk.take(gross, TWO_PAYMENTS)
    assert lines_by_payment(desk)[100_000] == ["FA-260001", "FA-260002"]


def test_an_advice_whose_reference_one_payment_has_goes_on_to_the_next(
    desk: Desk,
) -> None:
    advice = ONE_ADVICE.replace("2026-03-02,,", "2026-03-02,PAY-77,")
    first = bank(f"1000.00 {MARTIN} PAY-77 ACOMPTE")
    (_, report) = desk.take(advice, first)
    assert [notice.code for notice in report.notices] == ["ADVICE_AMOUNT_DIFFERS"]
    assert len(lines_by_payment(desk)[100_000]) == 3
    assert notices(desk, bank(f"500.00 {MARTIN} B2 SOLDE")) == []
    assert lines_by_payment(desk) == {
        100_000: ["FA-260001", "FA-260002"],
        50_000: ["FA-260003"],
    }


def test_payments_with_the_reference_of_the_advice_need_no_other_tie(
    desk: Desk,
) -> None:
    advice = ONE_ADVICE.replace(f"{MARTIN},2026-03-02,,", ",2026-03-02,PAY-77,")
    money = bank(f"1000.00 {MARTIN} PAY-77 A", f"500.00 {LEROY} PAY-77 B")
    desk.take(advice, money)
    assert lines_by_payment(desk) == {
        100_000: ["FA-260001", "FA-260002"],
        50_000: ["FA-260003"],
    }


def test_each_section_with_its_own_reference_and_date_is_for_its_own_payment(
    desk: Desk,
) -> None:
    sections = f"""\
payer_iban,payment_date,payment_reference,reference,amount,currency
{MARTIN},2026-03-02,B1,FA-260001,500.00,EUR
{MARTIN},2026-03-02,B1,FA-260002,500.00,EUR
{MARTIN},2026-03-03,B2,FA-260003,500.00,EUR
"""
    desk.take(sections, TWO_PAYMENTS)
    assert lines_by_payment(desk) == {
        100_000: ["FA-260001", "FA-260002"],
        50_000: ["FA-260003"],
    }


# Several advices, one payment


TWO_ADVICES = f"""\
{HEADER},currency
1,{MARTIN},2026-03-02,,FA-260001,700.00,700.00,EUR
2,{MARTIN},2026-03-03,,FA-260002,300.00,300.00,EUR
3,{MARTIN},2026-03-03,,FA-260009,40.00,40.00,EUR
4,{LEROY},2026-03-03,,FA-260004,960.00,960.00,EUR
"""


@pytest.mark.parametrize(
    "order", list(permutations([TWO_ADVICES, bank(f"1000.00 {MARTIN} B1 VIR")]))
)
def test_the_advices_of_one_payer_that_make_up_a_payment_are_for_it(
    desk: Desk, order: tuple[str, str]
) -> None:
    desk.take(*order)
    assert sorted(lines_by_payment(desk)[100_000]) == ["FA-260001", "FA-260002"]
    assert desk.ledger.counts().advices_linked == 2


def test_advices_that_make_up_a_payment_in_two_ways_stay_open(desk: Desk) -> None:
    more = TWO_ADVICES.replace("40.00,40.00", "300.00,300.00")
    desk.take(more, bank(f"1000.00 {MARTIN} B1 VIR"))
    assert lines_by_payment(desk) == {}


# Notifications


@pytest.mark.parametrize("reference", ["B77", "OTHER", ""])
@pytest.mark.parametrize("first", ["notification", "statement"])
def test_the_details_of_a_notified_batch_are_for_the_one_entry_of_the_statement(
    desk: Desk, reference: str, first: str
) -> None:
    tag = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    told = entry(BATCH).replace("<AcctSvcrRef>B77</AcctSvcrRef>", tag)
    notification = camt("054", f"<Ntfctn><Id>N</Id>{ACCOUNT}{told}</Ntfctn>")
    texts = [notification, STATEMENT]
    desk.take(*(texts if first == "notification" else texts[::-1]))
    assert sorted(lines_by_payment(desk)[9_500]) == ["F1", "F2"]
    assert desk.ledger.counts().advices_linked == 2


# The two sums that it rests on


def naive_subsets(amounts: Sequence[int], total: int) -> list[tuple[int, ...]]:
    places = range(len(amounts))
    sets = [
        tuple(place for place in places if mask >> place & 1)
        for mask in range(1 << len(amounts))
    ]
    return [
        one for one in sets if len(one) > 1 and sum(amounts[i] for i in one) == total
    ]


@settings(deadline=None)
@given(st.lists(st.integers(-4, 9), max_size=7), st.integers(0, 20))
def test_a_set_counts_only_if_it_is_the_only_one(
    amounts: list[int], total: int
) -> None:
    sets = naive_subsets(amounts, total)
    assert only_subset(amounts, total) == (sets[0] if len(sets) == 1 else None)


def test_too_many_payments_are_not_tried() -> None:
    assert only_subset([1] * (GROUP_MAX + 1), GROUP_MAX + 1) is None


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.lists(st.integers(0, 1), min_size=5, max_size=5),
    st.dictionaries(st.integers(0, 4), st.integers(0, 1), max_size=2),
)
def test_lines_are_shared_out_only_in_the_only_way(
    lines: list[int], truth: list[int], told: dict[int, int]
) -> None:
    count = len(lines)
    known = {place: part for place, part in told.items() if place < count}
    totals = [
        sum(line for line, part in zip(lines, truth, strict=False) if part == which)
        for which in (0, 1)
    ]
    ways = []
    for mask in range(1 << count):
        parts = tuple(mask >> place & 1 for place in range(count))
        sums = [
            sum(lines[i] for i in range(count) if parts[i] == which) for which in (0, 1)
        ]
        if sums == totals and all(parts[i] == part for i, part in known.items()):
            ways.append(parts)
    assert share_out(lines, totals, known) == (ways[0] if len(ways) == 1 else None)


def test_lines_without_amounts_are_shared_out_by_references_alone() -> None:
    assert share_out([None, 5], [7, 5], {0: 0, 1: 1}) == (0, 1)
    assert share_out([None, 5], [7, 5], {0: 0}) is None

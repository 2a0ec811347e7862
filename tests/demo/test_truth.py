from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from alloc.demo import SIZES, score
from alloc.demo.behaviours import INDEX
from alloc.demo.measure import Truth
from alloc.demo.plan import make_plan

if TYPE_CHECKING:
    from demo_case import Demo

    from alloc.demo.plan import Plan


@pytest.fixture(scope="module")
def month() -> Plan:
    return make_plan(SIZES["month"], 7)


def test_the_truth_adds_up_to_the_cent(demo: Demo) -> None:
    settled = Counter[str]()
    for row in demo.truth.allocations.to_pylist():
        settled[row["payment_id"]] += row["allocated_minor"]
    for row in demo.truth.payments.to_pylist():
        expected = settled[row["payment_id"]] - row["deduction_minor"]
        assert row["amount_minor"] == expected + row["on_account_minor"]
        assert row["amount_minor"] > 0


def test_every_payment_has_an_id_of_its_own(demo: Demo) -> None:
    ids = demo.truth.payments["payment_id"].to_pylist()
    assert len(set(ids)) == len(ids) == demo.summary.payments


def test_no_item_is_paid_beyond_what_is_open(month: Plan) -> None:
    paid = np.zeros(len(month.items), dtype=np.int64)
    np.add.at(paid, month.links.item, np.abs(month.links.allocated))
    assert (paid <= np.abs(month.items.open)).all()


def test_no_item_is_paid_on_its_day_of_issue_or_before(month: Plan) -> None:
    paying = month.links.allocated != 0
    day = np.array([day.toordinal() - 719_163 for day in month.days])
    paid_on = day[month.payments.day[month.links.payment[paying]]]
    assert (month.items.issue[month.links.item[paying]] < paid_on).all()


def test_invoices_of_one_series_have_different_numbers_in_order(month: Plan) -> None:
    assert len(set(month.references)) == len(month.references)
    items = month.items
    last: dict[tuple[int, int], int] = {}
    order = np.lexsort((items.number, items.kind, items.entity))
    for row in order.tolist():
        key = (int(items.entity[row]), int(items.kind[row]))
        assert int(items.issue[row]) >= last.get(key, 0)
        last[key] = int(items.issue[row])


def test_a_balance_payer_pays_all_that_is_open(month: Plan) -> None:
    day = [day.toordinal() - 719_163 for day in month.days]
    balance = np.flatnonzero(month.payments.behaviour == INDEX["whole_balance"])
    assert len(balance) > 1000
    paid_on = {
        int(month.links.item[row]): day[int(month.payments.day[payment])]
        for payment in balance.tolist()
        for row in month.named_items(payment)
    }
    items = month.items
    for payment in balance[:300].tolist():
        today = day[int(month.payments.day[payment])]
        customer = int(month.payments.customer[payment])
        open_today = [
            row
            for row in np.flatnonzero(items.customer == customer).tolist()
            if items.issue[row] <= today and paid_on.get(row, today) >= today
        ]
        assert sum(int(items.open[row]) for row in open_today) == int(
            month.payments.amount[payment]
        )


def test_the_first_day_has_an_advice_of_612_invoices(demo: Demo) -> None:
    advices = [
        path.read_text("utf-8").splitlines()
        for path in demo.inbox(f"{demo.summary.first}_5_advice_*.csv")
    ]
    assert 612 in [len(lines) - 1 for lines in advices]


def test_twins_differ_in_nothing_but_their_count(demo: Demo) -> None:
    twins = [
        row for row in demo.truth.payments.to_pylist() if row["behaviour"] == "twins"
    ]
    pairs = Counter(
        (
            row["account"],
            row["booking_date"],
            row["amount_minor"],
            row["bank_reference"],
        )
        for row in twins
    )
    assert set(pairs.values()) == {2}
    assert sorted(row["occurrence"] for row in twins) == sorted([1, 2] * len(pairs))


def test_a_duplicate_repeats_an_earlier_payment(month: Plan) -> None:
    payments = month.payments
    duplicates = np.flatnonzero(payments.behaviour == INDEX["duplicate"])
    repeats = 0
    for payment in duplicates.tolist():
        (row,) = month.named_items(payment)
        assert int(month.links.allocated[row]) == 0
        item = int(month.links.item[row])
        if month.items.hidden[item]:
            continue
        first = np.flatnonzero((month.links.item == item) & (month.links.allocated > 0))
        earlier = int(month.links.payment[first[0]])
        assert payments.day[earlier] < payments.day[payment]
        assert payments.amount[earlier] == payments.amount[payment]
        repeats += 1
    assert repeats > len(duplicates) // 2


def test_bank_charges_are_whole_euros_however_small_the_invoice(month: Plan) -> None:
    kept = month.payments.deduction[month.payments.behaviour == INDEX["charges"]]
    assert (kept % 100 == 0).all()
    assert 100 <= int(kept.min()) <= int(kept.max()) <= 2_500


def test_a_part_payment_does_not_look_like_a_discount(month: Plan) -> None:
    of_short = month.payments.behaviour[month.links.payment] == INDEX["short"]
    paid = month.links.allocated[of_short]
    owed = month.items.open[month.links.item[of_short]]
    short = paid < owed
    percents = np.arange(101)[:, None]
    is_even = (owed[short] * percents // 100 == paid[short]).any(axis=0)
    assert len(is_even) > 400
    assert is_even.sum() * 50 < len(is_even)


def test_payments_are_in_the_order_of_their_days(month: Plan) -> None:
    assert all(a <= b for a, b in pairwise(month.payments.day.tolist()))


def table(**columns: list[object]) -> pa.Table:
    return pa.table(columns)


TRUTH = Truth(
    payments=table(
        payment_id=["P1", "P2", "P3", "P4", "P5"],
        behaviour=["reference", "reference", "twins", "twins", "duplicate"],
        amount_minor=[100, 250, 70, 70, 100],
    ),
    allocations=table(
        payment_id=["P1", "P2", "P2", "P3", "P4"],
        entity=["D01"] * 5,
        item_id=["I1", "I2", "I3", "I4", "I5"],
        allocated_minor=[100, 200, 50, 70, 70],
        twin=[0, 0, 0, 9, 9],
    ),
)


def verdicts(**columns: list[object]) -> dict[str, tuple[int, int, int]]:
    scores = score(table(**columns), TRUTH)
    return {s.behaviour: (s.correct, s.wrong, s.review) for s in scores}


def test_what_equals_the_truth_is_correct_and_twins_may_swap() -> None:
    found = verdicts(
        payment_id=["P2", "P1", "P2", "P3", "P4"],
        entity=["D01"] * 5,
        item_id=["I3", "I1", "I2", "I5", "I4"],
        allocated_minor=[50, 100, 200, 70, 70],
    )
    assert found == {
        "duplicate": (0, 0, 1),
        "reference": (2, 0, 0),
        "twins": (2, 0, 0),
        "all": (4, 0, 1),
    }


@pytest.mark.parametrize(
    ("payment", "item", "allocated"),
    [("P1", "I2", 100), ("P1", "I1", 99), ("P2", "I2", 200), ("P5", "I1", 100)],
    ids=["another item", "another amount", "an item missing", "nothing is owed"],
)
def test_what_differs_from_the_truth_is_wrong(
    payment: str, item: str, allocated: int
) -> None:
    found = verdicts(
        payment_id=[payment],
        entity=["D01"],
        item_id=[item],
        allocated_minor=[allocated],
    )
    assert found["all"] == (0, 1, 4)


def test_amounts_are_scored_beside_counts() -> None:
    scores = score(
        table(
            payment_id=["P1"],
            entity=["D01"],
            item_id=["I1"],
            allocated_minor=[100],
        ),
        TRUTH,
    )
    whole = scores[-1]
    assert (whole.behaviour, whole.payments) == ("all", 5)
    assert (whole.correct_minor, whole.wrong_minor, whole.review_minor) == (100, 0, 490)

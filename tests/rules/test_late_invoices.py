"""What a late invoice is charged follows from what was paid and charged before."""

from __future__ import annotations

import datetime as dt

import pytest

from alloc.rules import Earlier, Item, Payment, Situation, explain, library

DUE = dt.date(2026, 1, 31)
(FIRST,) = [rule for rule in library() if rule.id == "late-interest-first"]


def charged(day: dt.date, opened: int, *earlier: Earlier) -> dict[str, int] | str:
    """Charge a payment of what is open of an invoice of 1,000.00 that was due."""
    item = Item(
        item_id="A",
        customer_id="C",
        open_minor=opened,
        total_minor=100_000,
        due_date=DUE,
        earlier=earlier,
    )
    payment = Payment(payment_id="P", entity="E1", amount_minor=opened, date=day)
    outcome = explain(FIRST, Situation(payment=payment, items=(item,)))
    if outcome.status != "explained":
        return outcome.reason
    (way,) = outcome.explanations
    return {line.role: -line.amount_minor for line in way.lines}


def test_a_part_paid_in_time_bears_nothing_and_makes_the_capital_smaller():
    in_time = Earlier(date=dt.date(2026, 1, 15), cleared_minor=40_000)
    # 600.00 for 60 days at 12.15 %.
    assert charged(dt.date(2026, 4, 1), 60_000, in_time) == {
        "late_interest": 1_198,
        "recovery_indemnity": 4_000,
    }


def test_interest_runs_on_what_was_left_on_each_day():
    late = Earlier(date=dt.date(2026, 3, 2), cleared_minor=40_000)
    # 1,000.00 for 30 days and 600.00 for 30 days, nothing charged so far.
    assert charged(dt.date(2026, 4, 1), 60_000, late) == {
        "late_interest": 1_598,
        "recovery_indemnity": 4_000,
    }


def test_what_was_charged_with_a_part_is_not_charged_again():
    roles = ("late_interest", "recovery_indemnity")
    late = Earlier(date=dt.date(2026, 3, 2), cleared_minor=40_000, roles=roles)
    assert charged(dt.date(2026, 4, 1), 60_000, late) == {"late_interest": 599}
    assert charged(dt.date(2026, 3, 2), 60_000, late) == "GAP_DIFFERS"


@pytest.mark.parametrize("known", [(), (Earlier(date=DUE, cleared_minor=1),)])
def test_a_part_of_which_nobody_knows_is_not_charged(known: tuple[Earlier, ...]):
    assert charged(dt.date(2026, 4, 1), 60_000, *known) == "HISTORY_UNKNOWN"

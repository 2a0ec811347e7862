"""How sure a rate is: payers, not payments, are drawn again."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloc.app.replay.curve import told_at
from alloc.app.replay.days import Outcome, outcome_table
from alloc.app.replay.drift import drift
from alloc.app.replay.intervals import (
    RESAMPLES,
    drawn,
    right_and_wrong,
    share_interval,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = dt.date(2026, 1, 5)


def outcome(number: int, payer: str, verdict: str, **said: Any) -> Outcome:
    facts = {
        "payment_id": f"P{number:05}",
        "entity": "E1",
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": 100,
        "payer": payer,
        "customer_id": None,
        "customer_type": None,
        "stratum": "one_item",
        "verdict": verdict,
        "reason": "REFERENCES",
        "rule": None,
        "confidence_ppm": 999_900,
        "lines": 1,
        "lines_told": 1,
        "lines_right": 1,
        "deducted_minor": 0,
        "decided_by": "ada",
    }
    return Outcome(**(facts | said))


def of_payers(said: Iterable[tuple[str, str, int]]) -> pa.Table:
    """So many payments of a payer with one verdict."""
    rows = [(payer, verdict) for payer, verdict, often in said for _ in range(often)]
    return outcome_table(
        outcome(number, payer, verdict) for number, (payer, verdict) in enumerate(rows)
    )


def test_payments_of_one_payer_say_less_than_those_of_many():
    alone = of_payers((f"C{at}", "left" if at % 4 else "right", 1) for at in range(400))
    alike = of_payers((f"C{at}", "left" if at % 4 else "right", 10) for at in range(40))
    (single, _), (grouped, _) = right_and_wrong(alone), right_and_wrong(alike)
    assert single.rate_ppm == grouped.rate_ppm == 250_000
    assert (single.payers, grouped.payers) == (400, 40)
    width = single.high_ppm - single.low_ppm
    # As if each payer had paid once: ten times fewer, the square root of ten wider.
    assert 25 * width < 10 * (grouped.high_ppm - grouped.low_ppm) < 40 * width
    assert not grouped.has_few_payers


def test_none_wrong_is_not_never_wrong():
    (_, wrong) = right_and_wrong(of_payers((f"C{at}", "right", 1) for at in range(300)))
    assert (wrong.rate_ppm, wrong.low_ppm) == (0, 0)
    # The rule of three, for both sides of 95 %: 3.69 of 300.
    assert wrong.high_ppm == 12_221


def test_a_payer_who_pays_often_is_one_payer():
    once = [(f"C{at}", "right", 1) for at in range(100)]
    (_, wrong) = right_and_wrong(of_payers([*once, ("BIG", "right", 900)]))
    (_, fewer) = right_and_wrong(of_payers(once))
    assert wrong.high_ppm > 900_000 > fewer.high_ppm, "it might be wrong each time"


def test_one_wrong_never_promises_more_than_none_did():
    once = [(f"C{at}", "right", 1) for at in range(299)]
    (_, one) = right_and_wrong(of_payers([*once, ("ODD", "wrong", 1)]))
    assert one.rate_ppm == 3_334
    assert one.low_ppm == 0
    assert one.high_ppm >= 12_221


def test_nothing_automatic_says_nothing():
    (right, wrong) = right_and_wrong(of_payers([("C1", "left", 5)]))
    assert (wrong.whole, wrong.low_ppm, wrong.high_ppm) == (0, 0, 1_000_000)
    assert right.rate_ppm == 0
    assert right_and_wrong(of_payers([]))[0].whole == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_draws_are_whole_payers_and_the_same_each_time(pairs: list[tuple[int, int]]):
    counts = np.array(pairs, np.int64)
    sums = drawn(counts)
    assert sums.shape == (RESAMPLES, 2)
    assert (sums == drawn(counts)).all()
    assert (sums.min(axis=0) >= counts.min(axis=0) * len(counts)).all()
    assert (sums.max(axis=0) <= counts.max(axis=0) * len(counts)).all()


@given(st.integers(0, 50), st.randoms(use_true_random=False))
def test_the_rate_lies_in_its_interval_whatever_the_order(
    wrong: int, chance: random.Random
):
    said = [(f"C{at % 30}", "wrong" if at < wrong else "right") for at in range(60)]
    rows = [outcome(at, *one) for at, one in enumerate(said)]
    table = outcome_table(rows)
    chance.shuffle(rows)
    for interval in right_and_wrong(table):
        assert 0 <= interval.low_ppm <= interval.rate_ppm <= interval.high_ppm
    assert right_and_wrong(pa.Table.from_pylist(table.to_pylist()[::-1], table.schema))
    assert right_and_wrong(outcome_table(rows)) == right_and_wrong(table)


def test_the_interval_holds_the_true_rate_about_as_often_as_it_says():
    chance = random.Random(7)
    held = 0
    for _ in range(100):
        pairs = []
        for _ in range(60):
            often = chance.choice((1, 2, 8))
            share = chance.choice((0.05, 0.35))
            pairs.append((sum(chance.random() < share for _ in range(often)), often))
        found = share_interval(np.array(pairs, np.int64))
        held += found.low_ppm <= 200_000 <= found.high_ppm
    assert 88 <= held <= 100


def test_a_threshold_is_judged_on_what_it_would_have_posted():
    rows = [outcome(at, f"C{at}", "right") for at in range(40)]
    rows += [outcome(40 + at, f"D{at}", "proposed") for at in range(30)]
    rows += [outcome(70 + at, f"E{at}", "left") for at in range(10)]
    rows += [outcome(80, "F", "left", confidence_ppm=10)]
    rows += [outcome(81, "F", "left", lines_told=0)]
    told, wrong = told_at(outcome_table(rows), 999_900)
    assert (told.part, told.whole) == (80, 82)
    assert (wrong.part, wrong.whole) == (10, 80)


def months(*right: int, payers: int = 60) -> pa.Table:
    """For each month, how many of the payers' payments were cleared as they were."""
    return outcome_table(
        outcome(
            *(100 * month + at, f"C{at}", "right" if at < count else "left"),
            value_date=DAY + dt.timedelta(days=31 * month),
        )
        for month, count in enumerate(right)
        for at in range(payers)
    )


def test_a_month_that_chance_does_not_explain_is_told():
    found = drift(months(40, 41, 39, 10))
    assert [period.is_shift for period in found] == [False, False, False, True]
    assert [period.shift_ppm for period in found][:2] == [None, 16_667]
    assert found[-1].name == "2026-W15"
    assert found[0].stated_wrong_milli == 40 * 100 // 1_000


def test_few_payers_prove_no_shift():
    found = drift(months(20, 20, 0, payers=20))
    assert not any(period.is_shift for period in found)


def test_a_long_history_is_told_by_month():
    rows = [
        outcome(at, f"C{at}", "right", value_date=DAY + dt.timedelta(days=7 * at))
        for at in range(30)
    ]
    names = [period.name for period in drift(outcome_table(rows))]
    assert names[:2] == ["2026-01", "2026-02"]
    assert drift(outcome_table([])) == []


@pytest.mark.parametrize("right", [(0, 0), (60, 60)])
def test_what_never_changes_is_no_shift(right: tuple[int, int]):
    assert not any(period.is_shift for period in drift(months(*right)))

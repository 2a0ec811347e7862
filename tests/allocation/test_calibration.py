"""Outcomes are held against the confidence that was stated, and may only lower it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from book import AMOUNTS_MAY_DECIDE, propose

from alloc.calibration import calibrated, confidence_report

ONE_ITEM = "item INV-1 812.37 EUR\npayment P-1 812.37 EUR"


def report(*outcomes: tuple[int, int, int]) -> pa.Table:
    """Confidence, decisions, and how many of them were wrong."""
    rows = [
        {"confidence_ppm": confidence, "correct": number >= wrong}
        for confidence, decisions, wrong in outcomes
        for number in range(decisions)
    ]
    schema = pa.schema([("confidence_ppm", pa.int64()), ("correct", pa.bool_())])
    return confidence_report(pa.Table.from_pylist(rows, schema=schema))


def test_a_class_that_is_wrong_more_often_than_stated_is_named() -> None:
    got = report((999_950, 1_000, 0), (960_000, 100, 20), (600_000, 10, 4))
    rows = {row["confidence_from_ppm"]: row for row in got.to_pylist()}
    assert list(rows) == [500_000, 950_000, 999_900]
    assert [row["holds"] for row in rows.values()] == [True, False, True]
    assert rows[950_000]["expected_wrong_milli"] == 4_000
    # Clopper-Pearson of 20 in 100, two-sided 95 %: 12.67 % to 29.18 %.
    assert rows[950_000]["wrong_low_ppm"] == pytest.approx(126_655, abs=2)


@pytest.mark.parametrize(
    ("wrong", "decisions", "least"),
    [(0, 50, 0), (1, 1, 25_000), (1, 50, 506), (50, 50, 928_878), (3, 12, 54_861)],
)
def test_the_lower_bound_is_that_of_the_tables(
    wrong: int, decisions: int, least: int
) -> None:
    row = report((999_950, decisions, wrong)).to_pylist()[0]
    assert row["wrong_low_ppm"] == pytest.approx(least, abs=2)


def test_no_outcomes_say_nothing_and_change_nothing() -> None:
    nothing = report()
    assert nothing.num_rows == 0
    proposal = propose(ONE_ITEM, **AMOUNTS_MAY_DECIDE)
    assert calibrated(proposal, nothing).decisions.equals(proposal.decisions)


def test_what_was_stated_too_high_is_lowered_and_goes_to_a_person() -> None:
    proposal = propose(ONE_ITEM, **AMOUNTS_MAY_DECIDE)
    (before,) = proposal.decisions.to_pylist()
    assert before["status"] == "auto"
    got = calibrated(proposal, report((999_990, 1_000, 500)))
    (after,) = got.decisions.to_pylist()
    assert (after["status"], after["reason"]) == ("review", "OVER_ERROR_BUDGET")
    assert after["confidence_ppm"] < before["confidence_ppm"]
    assert got.allocations is proposal.allocations


def test_right_decisions_raise_nothing() -> None:
    proposal = propose(ONE_ITEM, **AMOUNTS_MAY_DECIDE)
    right = report(*((low, 1_000, 0) for low in (999_990, 950_000, 500_000, 0)))
    assert calibrated(proposal, right).decisions.equals(proposal.decisions)


def test_one_wrong_decision_of_few_changes_less_than_many() -> None:
    proposal = propose(ONE_ITEM, **AMOUNTS_MAY_DECIDE)

    def confidence(decisions: int, wrong: int) -> int:
        got = calibrated(proposal, report((999_990, decisions, wrong)))
        return int(got.decisions["confidence_ppm"][0].as_py())

    stated = int(proposal.decisions["confidence_ppm"][0].as_py())
    assert stated > confidence(10, 1) > confidence(1_000, 100)


def test_a_lower_confidence_never_ends_above_a_higher_one() -> None:
    """The class from 99.9 % was badly wrong, the one below it was right."""
    mixed = report((999_500, 1_000, 300), (995_000, 1_000, 0))
    proposal = propose(ONE_ITEM, **AMOUNTS_MAY_DECIDE)
    (row,) = proposal.decisions.to_pylist()
    stated = [999_950, 999_000, 995_000, 960_000, 100]
    rows = [{**row, "confidence_ppm": ppm} for ppm in stated]
    schema = proposal.decisions.schema
    decisions = pa.Table.from_pylist(rows, schema=schema)
    many = type(proposal)(decisions, proposal.allocations, proposal.adjustments)
    got = calibrated(many, mixed).decisions["confidence_ppm"].to_pylist()
    assert got == sorted(got, reverse=True)
    assert got[0] == stated[0]
    assert got[2] < stated[2]
    assert all(low <= high for low, high in zip(got, stated, strict=True))

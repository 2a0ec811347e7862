"""Laws that every proposal keeps, whatever the data."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import alloc
from alloc import engine

FAST = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
DAY = dt.date(2026, 1, 31)
WORDS = ["FACT", "VIREMENT", "MERCI", "12/03/2026", "0612345678", "45,00", "INV"]

numbers = st.integers(1, 40)
customers = st.sampled_from(["C1", "C2", "C3"])


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    columns = {key for row in rows for key in row}
    contract = engine.schema(name)
    fields = [field for field in contract if not rows or field.name in columns]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in draw(st.lists(numbers, unique=True, max_size=14)):
        amount = draw(st.integers(-3_000, 9_000).filter(bool))
        found.append(
            {
                "item_id": f"I{number}",
                "entity": draw(st.sampled_from(["E1", "E2"])),
                "customer_id": draw(customers),
                "reference": f"INV-{470000 + number % 20}",
                "currency": draw(st.sampled_from(["EUR", "EUR", "EUR", "USD"])),
                "open_minor": amount,
                "due_date": DAY + dt.timedelta(days=number % 5),
            }
        )
    return found


@st.composite
def payments(draw: st.DrawFn, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(1, 6))):
        paid = draw(st.lists(st.sampled_from(found), max_size=4)) if found else []
        amount = sum(item["open_minor"] for item in paid) + draw(
            st.sampled_from([0, 0, 0, 1, -250, -1_500, 700])
        )
        says = [item["reference"] for item in paid if draw(st.booleans())]
        says += draw(st.lists(st.sampled_from(WORDS), max_size=3))
        rows.append(
            {
                "payment_id": f"P{number}",
                "entity": "E1",
                "value_date": DAY + dt.timedelta(days=draw(st.integers(0, 1))),
                "currency": "EUR",
                "amount_minor": amount if amount > 0 else 5_000,
                "customer_id": draw(st.sampled_from(["C1", "C2", None])),
                "remittance_text": [" ".join(says)],
            }
        )
    return rows


@st.composite
def days(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    found = draw(items())
    paid = draw(payments(found))
    lines = []
    for row in paid:
        for number, item in enumerate(found[: draw(st.integers(0, 3))]):
            lines.append(
                {
                    "payment_id": row["payment_id"],
                    "line_no": number,
                    "reference": item["reference"],
                    "amount_minor": item["open_minor"]
                    - draw(st.sampled_from([0, 100])),
                    "deduction_minor": draw(st.sampled_from([None, None, 100])),
                }
            )
    return {"open_items": found, "payments": paid, "remittances": lines}


def propose(
    day: dict[str, list[dict[str, Any]]],
    *,
    max_wrong_ppm: int = 100_000,
    **options: Any,
) -> alloc.Proposal:
    policy = {
        "amount_only": True,
        "max_wrong_ppm": max_wrong_ppm,
        "deductions": engine.DEDUCTIONS,
    }
    tables = {name: table(name, rows) for name, rows in day.items()}
    return alloc.propose(**tables, policy=policy, **options)


def content(got: alloc.Proposal) -> list[list[dict[str, Any]]]:
    parts = (got.decisions, got.allocations, got.adjustments)
    return [part.to_pylist() for part in parts]


@FAST
@given(days())
def test_cash_and_adjustments_are_what_is_allocated(
    day: dict[str, list[dict[str, Any]]],
) -> None:
    got = propose(day)
    amounts = {row["payment_id"]: row["amount_minor"] for row in day["payments"]}
    rests: dict[tuple[str, int], int] = defaultdict(int)
    for row in got.allocations.to_pylist():
        rests[row["payment_id"], row["rank"]] += row["allocated_minor"]
    for row in got.adjustments.to_pylist():
        rests[row["payment_id"], row["rank"]] -= row["amount_minor"]
    for (payment_id, _), total in rests.items():
        assert total == amounts[payment_id]


@FAST
@given(days())
def test_every_payment_is_decided_once_in_order(
    day: dict[str, list[dict[str, Any]]],
) -> None:
    rows = [(row["value_date"], row["payment_id"]) for row in day["payments"]]
    decided = propose(day).decisions["payment_id"].to_pylist()
    assert decided == [payment_id for _, payment_id in sorted(rows)]


@FAST
@given(days())
def test_no_item_is_cleared_beyond_what_is_open(
    day: dict[str, list[dict[str, Any]]],
) -> None:
    got = propose(day)
    auto = {
        row["payment_id"]
        for row in got.decisions.to_pylist()
        if row["status"] == "auto"
    }
    taken: dict[tuple[str, str], int] = defaultdict(int)
    for row in got.allocations.to_pylist():
        if row["payment_id"] in auto and row["rank"] == 0:
            taken[row["entity"], row["item_id"]] += row["allocated_minor"]
    for item in day["open_items"]:
        cleared = taken[item["entity"], item["item_id"]]
        assert abs(cleared) <= abs(item["open_minor"])
        assert cleared * item["open_minor"] >= 0


@FAST
@given(days())
def test_only_items_of_the_payments_entity_and_currency_are_proposed(
    day: dict[str, list[dict[str, Any]]],
) -> None:
    items = {(item["entity"], item["item_id"]): item for item in day["open_items"]}
    for row in propose(day).allocations.to_pylist():
        assert row["entity"] == "E1"
        assert items["E1", row["item_id"]]["currency"] == "EUR"


@FAST
@given(days(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(
    day: dict[str, list[dict[str, Any]]], order: Any
) -> None:
    shuffled = {name: list(rows) for name, rows in day.items()}
    for rows in shuffled.values():
        order.shuffle(rows)
    assert content(propose(shuffled)) == content(propose(day))


@FAST
@given(days())
def test_an_equal_call_gives_equal_answers_with_any_number_of_threads(
    day: dict[str, list[dict[str, Any]]],
) -> None:
    assert content(propose(day, threads=1)) == content(propose(day, threads=8))


def test_many_payments_of_one_day_are_the_same_with_any_number_of_threads() -> None:
    rows = range(400)
    items = [
        {
            "item_id": f"I{row}",
            "entity": "E1",
            "customer_id": f"C{row % 37}",
            "reference": f"INV-{470000 + row}",
            "currency": "EUR",
            "open_minor": 1_000 + 7 * row,
        }
        for row in rows
    ]
    payments = [
        {
            "payment_id": f"P{row}",
            "entity": "E1",
            "value_date": DAY,
            "currency": "EUR",
            "amount_minor": 1_000 + 7 * row,
            "customer_id": f"C{row % 37}",
            "remittance_text": [f"INV {470000 + row}"] if row % 3 else [],
        }
        for row in rows
    ]
    day = {"open_items": items, "payments": payments, "remittances": []}
    answers = [content(propose(day, threads=threads)) for threads in (1, 2, 8, None)]
    assert all(answer == answers[0] for answer in answers)
    assert {row["status"] for row in answers[0][0]} >= {"auto"}


@FAST
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8, unique=True),
    st.lists(st.sampled_from(WORDS), max_size=4),
    st.sampled_from(["", "FACT ", "fact n°"]),
    st.sampled_from([", ", " ", " + ", " / "]),
)
def test_clean_references_with_the_right_amount_are_always_cleared(
    numbers: list[int], decoys: list[str], label: str, joiner: str
) -> None:
    items = [
        {
            "item_id": f"I{number}",
            "entity": "E1",
            "customer_id": "C1",
            "reference": f"INV-{10_000_000 + number}",
            "currency": "EUR",
            "open_minor": 100 + number,
        }
        for number in [*numbers, *(number + 10**6 for number in numbers)]
    ]
    says = joiner.join(f"{label}INV-{10_000_000 + number}" for number in numbers)
    payment = {
        "payment_id": "P1",
        "entity": "E1",
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": sum(100 + number for number in numbers),
        "customer_id": "C1",
        "remittance_text": [" ".join([says, *decoys])],
    }
    got = alloc.propose(table("open_items", items), table("payments", [payment]))
    assert got.decisions["status"].to_pylist() == ["auto"]
    cleared = set(got.allocations["item_id"].to_pylist())
    assert cleared == {f"I{number}" for number in numbers}


@pytest.mark.parametrize("word", WORDS)
def test_a_decoy_word_changes_no_decision(word: str) -> None:
    items = [
        {
            "item_id": f"I{number}",
            "entity": "E1",
            "customer_id": "C1",
            "reference": f"INV-{470000 + number}",
            "currency": "EUR",
            "open_minor": 1_000 + number,
        }
        for number in range(9)
    ]
    answers = []
    for says in ("INV-470003 470005", f"{word} INV-470003 470005"):
        payment = {
            "payment_id": "P1",
            "entity": "E1",
            "value_date": DAY,
            "currency": "EUR",
            "amount_minor": 2_008,
            "customer_id": "C1",
            "remittance_text": [says],
        }
        day = {"open_items": items, "payments": [payment], "remittances": []}
        answers.append(content(propose(day)))
    assert answers[0] == answers[1]
    assert answers[0][0][0]["status"] == "auto"


@FAST
@given(days(), st.lists(st.integers(0, 200_000), min_size=2, max_size=2))
def test_a_larger_budget_never_clears_fewer_payments(
    day: dict[str, list[dict[str, Any]]], budgets: list[int]
) -> None:
    low, high = (
        propose(day, max_wrong_ppm=budget).decisions["status"].to_pylist()
        for budget in sorted(budgets)
    )
    assert low.count("auto") <= high.count("auto")

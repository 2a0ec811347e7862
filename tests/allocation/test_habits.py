"""What payers chose is counted, listed, and enters the next answer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from book import AMOUNTS_MAY_DECIDE, CUSTOMER, ENTITY, book, propose, tables, told

import alloc
from alloc import engine
from alloc.errors import InputError

DAY = dt.date(2026, 1, 31)
LEDGER = "\n".join(f"item INV-{n} {n}.37 EUR" for n in range(1001, 1011))


def settled(*payments: str, day: dt.date = DAY) -> pa.Table:
    """What some payments settled: ``INV-1001 INV-1002``, one text per payment."""
    items = tables(LEDGER)["open_items"].to_pylist()
    open_minor = {item["item_id"]: item["open_minor"] for item in items}
    rows: list[dict[str, Any]] = [
        {
            "payment_id": f"P-{day}-{number}",
            "value_date": day,
            "entity": ENTITY,
            "customer_id": CUSTOMER,
            "item_id": item_id,
            "amount_minor": open_minor[item_id],
            "allocated_minor": open_minor[item_id],
        }
        for number, said in enumerate(payments)
        for item_id in said.split()
    ]
    return pa.Table.from_pylist(rows, schema=engine.schema("history"))


def observed(*payments: str) -> pa.Table:
    return alloc.observe_habits(tables(LEDGER)["open_items"], settled(*payments))


def shown(habits: pa.Table) -> list[tuple[str | None, str, int, int]]:
    """Payer, habit, count and of, where there is any."""
    rows = habits.filter(pc.greater(habits["count"], 0)).to_pylist()
    return [(r["customer_id"], r["habit"], r["count"], r["of"]) for r in rows]


def test_what_a_payer_chose_is_counted_and_listed() -> None:
    got = observed("INV-1001 INV-1002")
    assert shown(got) == [
        (None, "oldest_items", 1, 1),
        (CUSTOMER, "oldest_items", 1, 1),
    ]
    row = got.filter(pc.equal(got["habit"], "oldest_items")).to_pylist()[-1]
    assert (row["open_from"], row["since"], row["until"]) == (5, DAY, DAY)
    assert 50 < row["expected_milli"] < 100, "one in twelve without habits"


def test_the_payers_of_an_entity_count_as_one_each() -> None:
    """Thirty payments are thirty thirty-firsts of a payer."""
    one_payment = observed("INV-1001 INV-1002")
    thirty = alloc.observe_habits(known=pa.concat_tables([one_payment] * 30))
    assert shown(thirty) == [
        (None, "oldest_items", 1, 1),
        (CUSTOMER, "oldest_items", 30, 30),
    ]


def test_counts_of_several_days_are_added_up() -> None:
    first = observed("INV-1001 INV-1002")
    at_once = alloc.observe_habits(
        tables(LEDGER)["open_items"], settled("INV-1003 INV-1004"), first
    )
    later = observed("INV-1003 INV-1004")
    assert at_once.equals(alloc.observe_habits(known=pa.concat_tables([first, later])))
    assert (CUSTOMER, "run", 1, 2) in shown(at_once)


def test_a_habit_makes_its_shape_likelier_and_others_less() -> None:
    """Three sets make up the cash: a run, and two with gaps."""
    page = f"{LEDGER}\npayment P-1 3010.11 EUR"

    def proposed(choice: str | None) -> tuple[str, int]:
        """The first set, and its confidence, for who has often made a choice."""
        often = choice and alloc.observe_habits(
            known=pa.concat_tables([observed(choice)] * 20)
        )
        got = propose(page, habits=often or None, **AMOUNTS_MAY_DECIDE)
        chosen = got.allocations.filter(pc.equal(got.allocations["rank"], 0))
        paid = " ".join(chosen["item_id"].to_pylist())
        return paid, got.decisions["confidence_ppm"][0].as_py()

    run = "INV-1002 INV-1003 INV-1004"
    (paid, unsure), (same, sure) = proposed(None), proposed("INV-1005 INV-1006")
    assert paid == same == run
    assert unsure < 800_000
    assert sure > 950_000
    gapped, _ = proposed("INV-1001 INV-1004 INV-1005")
    assert gapped == "INV-1001 INV-1002 INV-1006"


def test_the_older_of_two_equal_items_is_surer_for_who_pays_the_oldest() -> None:
    page = """
        item     INV-7  812.37 EUR  due 2026-01-20
        item     INV-8  812.37 EUR  due 2026-01-05
        item     INV-9  911.41 EUR  due 2026-01-27
        item     INV-10 515.41 EUR  due 2026-01-27
        item     INV-11 615.41 EUR  due 2026-01-27
        payment  P-1    812.37 EUR
    """
    first = alloc.observe_habits(known=pa.concat_tables([observed("INV-1001")] * 40))
    neutral = propose(page, **AMOUNTS_MAY_DECIDE)
    got = propose(page, habits=first, **AMOUNTS_MAY_DECIDE)
    assert told(got) == book("P-1 review AMBIGUOUS\nP-1 -> INV-8  812.37")
    assert neutral.decisions["confidence_ppm"][0].as_py() < 550_000
    assert got.decisions["confidence_ppm"][0].as_py() > 900_000


def test_habits_of_others_say_nothing_and_no_habits_are_no_change() -> None:
    page = f"{LEDGER}\npayment P-1 3009.11 EUR"
    plain = propose(page, **AMOUNTS_MAY_DECIDE)
    nothing = propose(page, habits=alloc.observe_habits(), **AMOUNTS_MAY_DECIDE)
    rows = observed("INV-1001 INV-1002").to_pylist()
    rows = [{**row, "entity": "E2"} for row in rows]
    others = pa.Table.from_pylist(rows, schema=engine.schema("habits"))
    elsewhere = propose(page, habits=others, **AMOUNTS_MAY_DECIDE)
    for other in (nothing, elsewhere):
        assert other.decisions.equals(plain.decisions)
        assert other.allocations.equals(plain.allocations)


def test_payments_of_items_in_part_make_every_amount_less_sure() -> None:
    """Where payments often fit nothing, one that fits may do so by accident."""
    half = settled("INV-1001")
    half = half.set_column(
        half.column_names.index("allocated_minor"), "allocated_minor", pa.array([500])
    )
    often = alloc.observe_habits(tables(LEDGER)["open_items"], half)
    often = alloc.observe_habits(known=pa.concat_tables([often] * 200))
    page = f"{LEDGER}\nitem INV-1 5000.00 EUR\npayment P-1 5000.00 EUR"
    plain = propose(page, **AMOUNTS_MAY_DECIDE)
    got = propose(page, habits=often, **AMOUNTS_MAY_DECIDE)
    assert plain.decisions["status"].to_pylist() == ["auto"]
    assert got.decisions["status"].to_pylist() == ["review"]


def test_an_unknown_habit_is_refused_by_name() -> None:
    rows = observed("INV-1001 INV-1002").to_pylist()
    rows[0]["habit"] = "whim"
    wrong = pa.Table.from_pylist(rows, schema=engine.schema("habits"))
    with pytest.raises(InputError) as caught:
        propose(f"{LEDGER}\npayment P-1 3009.11 EUR", habits=wrong)
    assert caught.value.metadata["table"] == "habits"

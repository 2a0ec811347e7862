"""What one company has open, or is paid, decides nothing in another."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

import alloc
from alloc import engine

DAY = dt.date(2026, 1, 31)

Rows = list[dict[str, Any]]


def item(entity: str, number: int, reference: str, minor: int, who: str) -> dict:
    return {
        "item_id": f"I{number}",
        "entity": entity,
        "customer_id": who,
        "reference": reference,
        "currency": "EUR",
        "open_minor": minor,
    }


def paid(
    entity: str, payment_id: str, minor: int, text: str, who: str | None = None
) -> dict:
    return {
        "payment_id": payment_id,
        "entity": entity,
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": minor,
        "customer_id": who,
        "remittance_text": [text],
    }


def propose(items: Rows, payments: Rows, lines: Rows | None = None) -> alloc.Proposal:
    tables = [("open_items", items), ("payments", payments), ("remittances", lines)]
    return alloc.propose(
        *(
            pa.Table.from_pylist(rows or [], engine.schema(name))
            for name, rows in tables
        )
    )


def said_of(payment_id: str, got: alloc.Proposal) -> list[Rows]:
    parts = (got.decisions, got.allocations, got.adjustments)
    return [
        [row for row in part.to_pylist() if row["payment_id"] == payment_id]
        for part in parts
    ]


def test_a_number_shared_by_many_items_is_read_whatever_another_company_has() -> None:
    mine = [item("FR01", n, "20017", 1_000 + n, f"C{n}") for n in range(40)]
    # The forms of both have one hash, as long as their companies are numbered 0 and 1.
    others = [item("FR02", n, "30017", 1_000 + n, f"C{n}") for n in range(40)]
    asked = [paid("FR01", "P", 1_005, "20017")]
    alone = said_of("P", propose(mine, asked))
    assert alone[0][0]["reason"] == "PAYER_AMBIGUOUS"
    assert said_of("P", propose(mine + others, asked)) == alone
    assert said_of("P", propose(others + mine, asked)) == alone


def test_what_a_customer_pays_to_another_company_does_not_decide_here() -> None:
    mine = [
        item("FR02", 1, "FA20260018", 50_000, "C1"),
        item("FR02", 2, "FA20269931", 91_317, "C1"),
        item("FR02", 3, "FA20260019", 70_000, "C2"),
    ]
    asked = [
        paid("FR02", "P", 50_000, "FA20260019", "C1"),
        paid("FR02", "Q", 70_000, "FA20260019", "C2"),
    ]
    others = [item("FR01", 1, "ZZ77123456", 12_345, "C1")]
    asked_there = [paid("FR01", "R", 12_345, "ZZ77123456", "C1")]
    alone = said_of("P", propose(mine, asked))
    assert alone[0][0]["status"] == "review"
    assert said_of("P", propose(others + mine, asked_there + asked)) == alone


def test_what_is_kept_back_of_items_comes_in_the_order_of_their_ids() -> None:
    items = [
        item("FR01", 2, "FA20260018", 50_000, "C1"),
        item("FR01", 1, "FA20269931", 91_300, "C1"),
    ]
    lines = [
        {
            "payment_id": "P",
            "line_no": number,
            "reference": row["reference"],
            "amount_minor": row["open_minor"] - 100,
            "deduction_minor": 100,
        }
        for number, row in enumerate(items)
    ]
    asked = [paid("FR01", "P", 141_100, "", "C1")]
    for rows in (items, items[::-1]):
        kept_back = propose(rows, asked, lines).adjustments["item_id"].to_pylist()
        assert kept_back == ["I1", "I2"]

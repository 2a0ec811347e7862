"""A book of open items answers as the function does, while items come and go."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from alloc import engine
from alloc.errors import InputError

DAY = dt.date(2026, 4, 30)


def items(amounts: dict[str, int]) -> pa.Table:
    rows = [
        {
            "item_id": item_id,
            "entity": "FR01",
            "customer_id": "C1",
            "reference": f"INV-2026{item_id}",
            "currency": "EUR",
            "open_minor": minor,
        }
        for item_id, minor in amounts.items()
    ]
    return pa.Table.from_pylist(rows)


def gone(*item_ids: str) -> pa.Table:
    entity = ["FR01"] * len(item_ids)
    return pa.table({"entity": entity, "item_id": pa.array(item_ids, pa.string())})


def payment(minor: int, text: str, **more: object) -> dict[str, Any]:
    row = dict.fromkeys(engine.schema("payments").names)
    return row | {
        "payment_id": "P1",
        "entity": "FR01",
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": minor,
        "customer_id": "C1",
        "remittance_text": [text],
        **more,
    }


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), engine.schema("payments"))


def rows(proposal: engine.Proposal) -> engine.ProposalRows:
    tables = (proposal.decisions, proposal.allocations, proposal.adjustments)
    return engine.ProposalRows(*(each.to_pylist() for each in tables))


@pytest.mark.parametrize(
    "paid",
    [
        payment(15_000, "INV-2026000001 INV-2026000002"),
        payment(9_000, "INV-2026000001"),
        payment(100, "VIR", customer_id=None),
    ],
    ids=["paid", "a part", "nobody knows whose"],
)
def test_one_payment_is_decided_as_in_a_table_of_one(paid: dict[str, Any]) -> None:
    open_items = items({"000001": 10_000, "000002": 5_000})
    book = engine.Book(open_items)
    expected = rows(engine.propose(open_items, table(paid)))
    assert book.decide(paid) == expected == rows(book.propose(table(paid)))


def test_an_advice_is_read_line_by_line() -> None:
    book = engine.Book(items({"000001": 10_000, "000002": 5_000}))
    line = {
        "line_no": 1,
        "reference": "000002",
        "amount_minor": 5_000,
        "deduction_minor": None,
    }
    decided = book.decide(payment(5_000, "VIR"), [line])
    assert [row["item_id"] for row in decided.allocations] == ["000002"]
    assert decided.decisions[0]["reason"] == "ADVICE_LINES"


def test_what_goes_is_not_proposed_and_what_comes_is() -> None:
    book = engine.Book(items({"000001": 10_000}))
    paid = payment(7_000, "INV-2026000001")
    assert book.decide(paid).decisions[0]["status"] == "review"
    # An amount that changed: the item goes and comes.
    book.change(gone=gone("000001", "999999"), come=items({"000001": 7_000}))
    assert book.decide(paid).decisions[0]["status"] == "auto"
    book.change(gone=gone("000001"))
    assert book.decide(paid).decisions[0]["reason"] == "NO_OPEN_ITEMS"


def test_an_item_that_is_there_is_refused_and_nothing_changes() -> None:
    book = engine.Book(items({"000001": 10_000, "000002": 5_000}))
    with pytest.raises(InputError) as refused:
        book.change(gone=gone("000001"), come=items({"000003": 1, "000002": 1}))
    assert refused.value.reason == "ITEM_REPEATED"
    paid = payment(10_000, "INV-2026000001")
    assert book.decide(paid).decisions[0]["status"] == "auto"


def test_what_a_caller_took_is_open_to_others() -> None:
    book = engine.Book(items({"000001": 10_000, "000002": 5_000}))
    paid = table(payment(10_000, "INV-2026000001"))
    taken = engine.Taken()
    first = book.propose(paid, taken=taken)
    book.take(taken, first)
    again = book.propose(paid, taken=taken)
    assert again.decisions["status"].to_pylist() == ["review"]
    assert "000001" not in again.allocations["item_id"].to_pylist()
    assert rows(book.propose(paid)) == rows(first)


def test_what_a_person_decides_on_takes_nothing() -> None:
    book = engine.Book(items({"000001": 10_000}))
    part = table(payment(9_000, "INV-2026000001"))
    taken = engine.Taken()
    proposal = book.propose(part, taken=taken)
    assert proposal.decisions["status"].to_pylist() == ["review"]
    book.take(taken, proposal)
    assert rows(book.propose(part, taken=taken)) == rows(proposal)


def test_a_currency_that_is_none_is_named() -> None:
    book = engine.Book(items({"000001": 10_000}))
    with pytest.raises(InputError) as refused:
        book.decide(payment(1, "", currency="EURO"))
    assert refused.value.reason == "CURRENCY_UNKNOWN"

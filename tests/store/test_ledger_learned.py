"""What posted payments tell of payers, in either database."""

from __future__ import annotations

import datetime as dt

from store_books import Books, Line, Plan, entry_id

from alloc.app.payer_memory import HABIT, FactKey

NOW = dt.datetime(2027, 1, 4, 6, 0, tzinfo=dt.UTC)
AMOUNTS = {"B1": 12_000, "B2": 5_000, "B3": 700}


def facts(books: Books, **limits: dt.date) -> dict[tuple[str, str], int]:
    rows = books.ledger.payer_facts(**limits).to_pylist()
    return {(row["kind"], row["customer_id"]): row["payments"] for row in rows}


def posted(books: Books) -> Books:
    lines = {name: Line(name, amount, name="NEMO") for name, amount in AMOUNTS.items()}
    books.receive(*lines.values())
    books.due({"F1": 12_000, "F2": 5_000, "F3": 2_000})
    names = {name: entry_id(line) for name, line in lines.items()}
    books.post(Plan(names["B1"], {"F1": 12_000}), Plan(names["B2"], {"F2": 5_000}))
    return books


def test_facts_are_counted_forgotten_and_counted_anew(books: Books) -> None:
    posted(books)
    known = books.ledger.payer_facts().to_pylist()
    assert [(row["kind"], row["value"], row["payments"]) for row in known] == [
        ("name", "NEMO", 2)
    ]
    keys = [FactKey(row["kind"], row["value"], row["customer_id"]) for row in known]
    assert books.ledger.payer_facts([keys[0].value]).num_rows == 1
    assert books.ledger.payer_facts(["NOBODY"]).num_rows == 0
    assert facts(books, since=known[0]["until"]) == facts(books)
    assert facts(books, since=known[0]["until"] + dt.timedelta(days=1)) == {}
    seen = books.ledger.fact_payments(keys[0].value).to_pylist()
    assert sorted(row["amount_minor"] for row in seen) == [5_000, 12_000]
    for day in (0, 1, 1):
        now = NOW + dt.timedelta(days=day)
        books.ledger.forget_facts(keys, forgotten_by="ada", reason="agent", now=now)
        assert facts(books) == {}
        assert books.ledger.fact_payments(keys[0].value).num_rows == 0
    told = books.ledger.forgotten_facts(keys[0].value).to_pylist()
    assert [(row["forgotten_at"][:10], row["forgotten_by"]) for row in told] == [
        *(("2027-01-04", "ada"), ("2027-01-05", "ada")),
    ]


def test_choices_are_told_until_the_habits_are_forgotten(books: Books) -> None:
    posted(books)
    first = dt.date(2020, 1, 1)
    told = books.ledger.choices(since=first)
    rows = told.items.to_pylist()
    opened = {row["item_id"]: row["open_minor"] for row in rows}
    assert opened == {"F1": 12_000, "F2": 5_000, "F3": 2_000}, "before they were paid"
    assert sorted(told.history["allocated_minor"].to_pylist()) == [5_000, 12_000]
    last = told.history["value_date"][0].as_py() + dt.timedelta(days=1)
    later = books.ledger.choices(since=last)
    assert later.history.num_rows == 0
    assert later.items["item_id"].to_pylist() == ["F3"], "what is open now"
    rows = told.history.to_pylist()
    keys = {FactKey(HABIT, row["entity"], row["customer_id"]) for row in rows}
    books.ledger.forget_facts(list(keys), forgotten_by="ada", reason="", now=NOW)
    assert books.ledger.choices(since=first).history.num_rows == 0
    assert facts(books), "who it is stays known"

"""Plain CSV and JSON of entries, allocations and letters."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pyarrow as pa
from export_journal import ABROAD, ALLOCATIONS, MONTH, tables
from hypothesis import given
from hypothesis import strategies as st

from alloc.export.columns import FORMULA_STARTS, guarded
from alloc.export.generic import (
    allocations_csv,
    entries_csv,
    journal_json,
    letters_csv,
)

ALLOCATED = pa.Table.from_pylist(
    [
        {
            "seq": 1,
            "decision_id": 1,
            "payment_id": "P1",
            "item_id": "F1",
            "entity": "E1",
            "customer_id": "C-A",
            "reference": "-1+1",
            "allocated_minor": 120000,
            "evidence": "REFERENCE_PRINTED,AMOUNT",
        }
    ],
    schema=ALLOCATIONS,
)
GROUPS = pa.table(
    {
        "letter_group": [7],
        "entity": ["E1"],
        "account": ["411000"],
        "customer_id": ["C-A"],
        "fiscal_year": [2026],
        "kind": ["full"],
        "code": ["AAA"],
        "balance_minor": [0],
        "lettered_on": [dt.date(2026, 5, 2)],
        "group_max_date": [dt.date(2026, 4, 1)],
    }
)
MEMBERS = pa.table(
    {
        "letter_group": [7, 7],
        "item_id": ["F1", None],
        "seq": pa.array([None, 1], pa.int64()),
        "line_no": pa.array([None, 4], pa.int64()),
        "amount_minor": [120000, -120000],
        "date": [dt.date(2026, 3, 1), dt.date(2026, 4, 1)],
    }
)


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def test_each_posting_is_a_row_with_its_entry() -> None:
    rows = read(entries_csv(*tables(MONTH)))
    assert len(rows) == 10
    assert rows[3] == {
        "seq": "1",
        "hash": f"{1:064x}",
        "entity": "E1",
        "journal": "BQ1",
        "fiscal_year": "2026",
        "number": "1",
        "kind": "clearing",
        "posting_date": "2026-04-01",
        "piece_date": "2026-04-01",
        "piece_ref": "B1",
        "entry_label": "Virement reçu",
        "payment_id": "P1",
        "decision_id": "1",
        "reverses_seq": "",
        "posted_at": "2026-05-01T06:00:00Z",
        "posted_by": "alloc",
        "line_no": "4",
        "account": "411000",
        "account_label": "",
        "customer_id": "C-A",
        "customer_name": "Société Lefèvre & Fils",
        "label": "Virement reçu",
        "amount_minor": "-120000",
        "currency": "EUR",
        "letter_code": "AAA",
        "lettered_on": "2026-05-02",
        "debit": "0.00",
        "credit": "1200.00",
        "foreign_currency": "",
        "foreign_minor": "",
        "analytic": "",
    }
    (abroad, *_) = read(entries_csv(*tables([ABROAD])))
    assert (abroad["foreign_currency"], abroad["foreign_minor"]) == ("USD", "1150000")


def test_spans_follow_each_other_to_the_same_file() -> None:
    first, *others = MONTH
    spans = [entries_csv(*tables([first]))]
    spans += [entries_csv(*tables([row]), header=False) for row in others]
    assert b"".join(spans) == entries_csv(*tables(MONTH))


def test_no_text_is_run_as_a_formula_but_numbers_stay_numbers() -> None:
    rows = read(entries_csv(*tables(MONTH)))
    assert rows[-1]["label"] == "'=cmd|' /C calc'!A0"
    assert rows[-1]["amount_minor"] == "-43210"
    assert read(allocations_csv(ALLOCATED))[0]["reference"] == "'-1+1"


@given(st.text(max_size=20))
def test_any_text_is_read_back_from_csv_and_never_begins_a_formula(text: str) -> None:
    row = MONTH[0] | {"label": text}
    data = entries_csv(*tables([row]))
    got = read(data)[0]["entry_label"]
    assert got.removeprefix("'") == text.removeprefix("'")
    assert got == guarded(text)
    assert not got.startswith(FORMULA_STARTS)


def test_letters_name_their_items_and_postings() -> None:
    rows = read(letters_csv(GROUPS, MEMBERS))
    assert [(row["code"], row["item_id"], row["seq"]) for row in rows] == [
        ("AAA", "F1", ""),
        ("AAA", "", "1"),
    ]
    assert rows[1]["amount_minor"] == "-120000"


def test_json_nests_postings_allocations_and_members() -> None:
    entries, postings = tables(MONTH)
    document = json.loads(journal_json(entries, postings, ALLOCATED, GROUPS, MEMBERS))
    assert (document["format"], document["version"]) == ("alloc.journal", 1)
    first = document["entries"][0]
    assert first["hash"] == f"{1:064x}"
    assert sum(line["amount_minor"] for line in first["postings"]) == 0
    assert first["allocations"][0]["item_id"] == "F1"
    assert document["entries"][3]["label"] == "=cmd|' /C calc'!A0"
    assert document["entries"][1]["allocations"] == []
    assert [member["item_id"] for member in document["letters"][0]["members"]] == [
        "F1",
        None,
    ]


def test_equal_journals_give_equal_bytes() -> None:
    for write in (entries_csv,):
        assert write(*tables(MONTH)) == write(*tables(MONTH))
    entries, postings = tables(MONTH)
    documents = {
        journal_json(entries, postings, ALLOCATED, GROUPS, MEMBERS) for _ in range(2)
    }
    assert len(documents) == 1

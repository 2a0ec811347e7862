"""Numbers without gaps, and a chain that shows every change."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alloc import engine
from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = dt.date(2026, 4, 1)
ENTRIES = pa.schema(
    [
        ("draft_index", pa.int64()),
        ("entity", pa.string()),
        ("journal", pa.string()),
        ("fiscal_year", pa.int64()),
        ("kind", pa.string()),
        ("posting_date", pa.date32()),
        ("piece_date", pa.date32()),
        ("piece_ref", pa.string()),
        ("label", pa.string()),
        ("currency", pa.string()),
        ("payment_id", pa.string()),
        ("decision_id", pa.int64()),
        ("reverses_seq", pa.int64()),
        ("posted_at", pa.string()),
        ("posted_by", pa.string()),
    ]
)


def entry(index: int, **more: Any) -> dict[str, Any]:
    row = {
        "draft_index": index,
        "entity": "E1",
        "journal": "BQ1",
        "fiscal_year": 2026,
        "kind": "clearing",
        "posting_date": DAY,
        "piece_date": DAY,
        "piece_ref": f"B{index}",
        "label": "Virement Garage Müller",
        "currency": "EUR",
        "payment_id": f"P{index}",
        "decision_id": index,
        "posted_at": "2026-04-01T06:00:00Z",
    }
    return row | more


def tables(*rows: Mapping[str, Any]) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Entries with two postings of 100.00 each and one allocation."""
    postings, allocations = [], []
    for row in rows:
        index = row["draft_index"]
        for line_no, account, amount in ((1, "512000", 10000), (2, "411000", -10000)):
            posting = {"draft_index": index, "line_no": line_no, "account": account}
            customer = {"customer_id": "C-A" if line_no == 2 else None}
            text = {"label": row["label"], "amount_minor": amount}
            postings.append(posting | customer | text)
        allocation = {"draft_index": index, "item_id": f"F{index}"}
        amount = {"customer_id": "C-A", "allocated_minor": 10000}
        allocations.append(allocation | amount | {"evidence": "AMOUNT"})
    return (
        pa.Table.from_pylist(list(rows), schema=ENTRIES),
        pa.Table.from_pylist(postings),
        pa.Table.from_pylist(allocations),
    )


def with_seq(table: pa.Table, first_seq: int = 1) -> pa.Table:
    seqs = [index + first_seq for index in table["draft_index"].to_pylist()]
    return table.set_column(0, "seq", pa.array(seqs, pa.int64()))


def sealed(
    *rows: Mapping[str, Any], **options: Any
) -> tuple[pa.Table, pa.Table, pa.Table]:
    entries, postings, allocations = tables(*rows)
    first = options.setdefault("first_seq", 1)
    entries = engine.seal_entries(entries, postings, allocations, **options)
    return entries, with_seq(postings, first), with_seq(allocations, first)


def codes(findings: pa.Table) -> list[tuple[int | None, str]]:
    return list(
        zip(findings["seq"].to_pylist(), findings["code"].to_pylist(), strict=True)
    )


YEAR = [
    entry(0),
    entry(1, journal="OD"),
    entry(2),
    entry(3, entity="E2"),
    entry(4, fiscal_year=2027),
    entry(5),
]


def test_numbers_count_up_in_each_entity_journal_and_fiscal_year() -> None:
    entries, *_ = sealed(*YEAR)
    assert entries["seq"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert entries["number"].to_pylist() == [1, 1, 2, 1, 1, 3]


def test_a_second_batch_continues_numbers_and_chain() -> None:
    first = sealed(*YEAR)
    head = bytes.fromhex(first[0]["hash"][-1].as_py())
    following = pa.table(
        {
            "entity": ["E1"],
            "journal": ["BQ1"],
            "fiscal_year": [2026],
            "next_number": [4],
        }
    )
    second = sealed(
        entry(0), entry(1), first_seq=7, next_numbers=following, previous_hash=head
    )
    assert second[0]["number"].to_pylist() == [4, 5]
    whole = [pa.concat_tables(pair) for pair in zip(first, second, strict=True)]
    assert engine.check_chain(*whole).num_rows == 0
    alone = engine.check_chain(
        *second, first_seq=7, next_numbers=following, previous_hash=head
    )
    assert alone.num_rows == 0


def test_the_chain_is_read_batch_by_batch() -> None:
    entries, postings, allocations = sealed(*YEAR)
    streams = [
        pa.RecordBatchReader.from_batches(table.schema, table.to_batches(size))
        for table, size in ((entries, 2), (postings, 5), (allocations, 1))
    ]
    assert engine.check_chain(*streams).num_rows == 0


def test_equal_entries_have_equal_hashes_and_text_of_any_width_reads_the_same() -> None:
    entries, postings, allocations = tables(*YEAR)
    wide = pa.schema(
        [
            field.with_type(pa.large_string()) if field.type == pa.string() else field
            for field in postings.schema
        ]
    )
    hashes = [
        engine.seal_entries(entries, lines, allocations, first_seq=1)["hash"]
        for lines in (postings, postings.cast(wide))
    ]
    assert hashes[0] == hashes[1]


def test_what_does_not_balance_or_belong_is_never_sealed() -> None:
    entries, postings, allocations = tables(*YEAR)
    refused = {
        "UNBALANCED_ENTRY": (entries, postings.slice(1), allocations),
        "EMPTY_ENTRY": (entries, postings.slice(2), allocations),
        "ORPHAN_ROW": (entries.slice(1), postings, allocations),
        "NOT_SORTED": (entries, pa.concat_tables([postings, postings]), allocations),
        "LINES_OUT_OF_ORDER": (entries, swapped(postings), allocations),
    }
    for reason, (some_entries, some_postings, some_allocations) in refused.items():
        with pytest.raises(InputError) as caught:
            engine.seal_entries(
                some_entries, some_postings, some_allocations, first_seq=1
            )
        assert caught.value.reason == reason
    with pytest.raises(InputError) as caught:
        engine.seal_entries(entries, postings, first_seq=1, previous_hash=b"short")
    assert caught.value.reason == "HASH_LENGTH"


def swapped(postings: pa.Table) -> pa.Table:
    return postings.take([1, 0, *range(2, postings.num_rows)])


def test_missing_and_foreign_rows_are_found() -> None:
    entries, postings, allocations = sealed(*YEAR)
    gone = pa.concat_tables([entries.slice(0, 2), entries.slice(3)])
    found = codes(engine.check_chain(gone, postings, allocations))
    assert (3, "ORPHAN_ROW") in found
    assert (4, "GAP_IN_SEQUENCE") in found
    assert (6, "GAP_IN_NUMBERS") in found
    found = codes(engine.check_chain(entries, postings.slice(0, 11), allocations))
    assert found == [(6, "BROKEN_CHAIN"), (6, "UNBALANCED_ENTRY")]
    found = codes(engine.check_chain(entries, postings, allocations.slice(1)))
    assert found == [(1, "BROKEN_CHAIN")]


def test_a_journal_cut_off_at_its_end_is_found_by_its_head() -> None:
    entries, postings, allocations = sealed(*YEAR)
    head = bytes.fromhex(entries["hash"][-1].as_py())
    cut = (entries.slice(0, 5), postings.slice(0, 10), allocations.slice(0, 5))
    assert codes(engine.check_chain(*cut)) == []
    assert codes(engine.check_chain(*cut, head=head)) == [(None, "BROKEN_CHAIN")]
    whole = engine.check_chain(entries, postings, allocations, head=head)
    assert codes(whole) == []


SEALED = sealed(*YEAR)
CELLS = [
    (table, column)
    for table, rows in enumerate(SEALED)
    for column in rows.column_names
    if column not in {"seq", "draft_index"}
]


def spoil(table: pa.Table, column: str, row: int) -> pa.Table:
    """Change one cell to another value of its type."""
    values = table[column].to_pylist()
    old = values[row]
    if isinstance(old, str):
        values[row] = old[:-1] + ("0" if old[-1:] != "0" else "1")
    elif isinstance(old, dt.date):
        values[row] = old + dt.timedelta(days=1)
    elif isinstance(old, int):
        values[row] = old + 1
    else:
        kind = table.schema.field(column).type
        values[row] = "" if pa.types.is_string(kind) else 0
    position = table.column_names.index(column)
    field = table.schema.field(column)
    return table.set_column(position, field, pa.array(values, field.type))


@given(st.sampled_from(CELLS), st.integers(0, 5), st.integers(0, 1))
def test_changing_any_single_field_of_any_entry_is_found(
    cell: tuple[int, str], index: int, line: int
) -> None:
    number, column = cell
    row = index * 2 + line if number == 1 else index
    changed = list(SEALED)
    changed[number] = spoil(changed[number], column, row)
    found = engine.check_chain(*changed)
    assert index + 1 in found["seq"].to_pylist()

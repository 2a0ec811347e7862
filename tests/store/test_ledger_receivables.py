from __future__ import annotations

import pyarrow as pa
import pytest
from store_books import CUSTOMER, NOW, Books, Line, Plan, entry_id, items_table, source

from alloc.errors import InputError

B1 = entry_id(Line("B1", 4_000))


def cleared(books: Books) -> None:
    """F1 of 100.00 has 40.00 allocated, 60.00 stay open."""
    books.due({"F1": 10_000, "F2": 500})
    books.receive(Line("B1", 4_000))
    books.post(Plan(B1, {"F1": 4_000}))


def test_new_items_are_added_and_the_same_file_content_changes_nothing(
    books: Books,
) -> None:
    assert books.due({"F1": 10_000, "A1": -500}).new == 2
    before = books.ledger.open_items()
    counts = books.due({"F1": 10_000, "A1": -500})
    assert (counts.new, counts.known, counts.changed) == (0, 2, 0)
    assert books.ledger.open_items().equals(before)


def test_items_without_an_allocation_of_ours_follow_their_source(books: Books) -> None:
    books.due({"F1": 10_000})
    assert books.due({"F1": 7_500}).changed == 1
    assert books.open() == {"F1": 7_500}


def test_a_changed_attribute_is_followed(books: Books) -> None:
    books.due({"F1": 10_000})
    table = items_table({"F1": 10_000}).append_column("disputed", pa.array([True]))
    assert books.due(table).changed == 1
    assert books.ledger.open_items()["disputed"].to_pylist() == [True]


def test_a_source_that_does_not_know_our_allocation_yet_changes_nothing(
    books: Books,
) -> None:
    cleared(books)
    counts = books.due({"F1": 10_000, "F2": 500})
    assert (counts.known, counts.changed, counts.kept) == (2, 0, 0)
    assert books.open() == {"F1": 6_000, "F2": 500}


def test_a_source_that_caught_up_changes_nothing(books: Books) -> None:
    cleared(books)
    counts = books.due({"F1": 6_000, "F2": 500})
    assert (counts.known, counts.changed, counts.kept) == (2, 0, 0)
    assert books.open() == {"F1": 6_000, "F2": 500}


def test_a_source_that_contradicts_our_allocation_is_named_and_ours_is_kept(
    books: Books,
) -> None:
    cleared(books)
    counts = books.due({"F1": 9_000, "F2": 500})
    assert (counts.known, counts.kept) == (1, 1)
    assert [notice.code for notice in counts.notices] == ["OPEN_ITEM_DIFFERS"]
    assert "F1" in counts.notices[0].message
    assert books.open() == {"F1": 6_000, "F2": 500}


def test_a_customer_is_not_moved_under_an_allocation(books: Books) -> None:
    cleared(books)
    assert books.due({"F1": 10_000}, customer="C-OTHER").kept == 1
    assert books.due({"F2": 500}, customer="C-OTHER").changed == 1
    rows = books.ledger.open_items().to_pylist()
    assert {row["item_id"]: row["customer_id"] for row in rows} == {
        "F1": "C-A",
        "F2": "C-OTHER",
    }


def test_a_snapshot_closes_what_it_no_longer_lists_and_we_did_not_touch(
    books: Books,
) -> None:
    cleared(books)
    books.due({"G1": 900}, entity="E2")
    counts = books.due({"F3": 100}, snapshot_of=("E1",))
    assert counts.closed == 1
    assert books.open() == {"F1": 6_000, "F3": 100, "G1": 900}


def test_an_item_that_comes_back_is_open_again(books: Books) -> None:
    books.due({"F1": 10_000, "F2": 100})
    books.due({"F2": 100}, snapshot_of=("E1",))
    books.due({"F1": 10_000, "F2": 100}, snapshot_of=("E1",))
    assert books.open() == {"F1": 10_000, "F2": 100}


def test_an_empty_snapshot_closes_everything_of_its_entity(books: Books) -> None:
    books.due({"F1": 10_000})
    assert books.due({}, snapshot_of=("E1",)).closed == 1
    assert books.open() == {}


def test_an_item_twice_in_a_file_is_refused(books: Books) -> None:
    twice = pa.concat_tables([items_table({"F1": 1}), items_table({"F1": 2})])
    with pytest.raises(InputError) as refused:
        books.due(twice)
    assert refused.value.reason == "OPEN_ITEM_TWICE"
    assert refused.value.metadata["item_id"] == "F1"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "EUX"}, "CURRENCY_UNKNOWN"),
        ({"entity": "E9"}, "ENTITY_UNKNOWN"),
    ],
)
def test_an_unknown_currency_or_entity_is_refused(
    books: Books, change: dict[str, str], reason: str
) -> None:
    with pytest.raises(InputError) as refused:
        books.due({"F1": 100}, **change)
    assert refused.value.reason == reason
    assert books.ledger.counts().files == 0


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (items_table({"F1": 1}).append_column("colour", pa.array(["red"])), "UNKNOWN"),
        (items_table({"F1": 1}).drop_columns(["currency"]), "MISSING"),
        (
            items_table({"F1": 1})
            .drop_columns(["open_minor"])
            .append_column("open_minor", pa.array(["1.00"])),
            "TYPE",
        ),
    ],
)
def test_a_table_of_another_form_is_refused_by_its_column(
    books: Books, table: pa.Table, reason: str
) -> None:
    with pytest.raises(InputError) as refused:
        books.due(table)
    assert refused.value.reason == f"COLUMN_{reason}"


def test_a_missing_value_is_refused_with_its_row(books: Books) -> None:
    table = items_table({"F1": 1, "F2": 2})
    index = table.schema.get_field_index("customer_id")
    table = table.set_column(index, "customer_id", pa.array(["C-A", None]))
    with pytest.raises(InputError) as refused:
        books.due(table)
    assert refused.value.reason == "VALUE_MISSING"
    assert refused.value.metadata["row"] == "2"


def test_what_an_item_says_comes_back_as_it_was(books: Books) -> None:
    table = items_table({"F1": 10_000})
    for name, column in {
        "other_references": pa.array([["RF18", "CMD 7"]]),
        "account": pa.array(["411700"]),
        "original_minor": pa.array([12_000]),
        "payer_id": pa.array(["C-LEASE"]),
    }.items():
        table = table.append_column(name, column)
    books.due(table)
    row = books.ledger.open_items().to_pylist()[0]
    assert row["other_references"] == ["RF18", "CMD 7"]
    assert (row["account"], row["kind"]) == ("411700", "invoice")
    assert (row["original_minor"], row["payer_id"]) == (12_000, "C-LEASE")
    assert books.ledger.open_items(entity="E2").num_rows == 0


def test_items_are_read_with_their_types_although_the_first_rows_say_nothing(
    books: Books,
) -> None:
    amounts = {f"F{number:05}": 100 for number in range(3_000)}
    table = items_table(amounts)
    count = len(table)
    column = pa.array([None] * (count - 1) + ["C-LEASE"], pa.string())
    books.due(table.append_column("payer_id", column))
    rows = books.ledger.open_items()
    assert rows.num_rows == count
    assert rows["payer_id"].to_pylist()[-1] == "C-LEASE"
    owed = books.ledger.open_items(customer_ids=["C-A"])
    assert owed.equals(rows), "one customer may owe more than a few items"


def test_the_account_of_an_item_is_that_of_its_entity(books: Books) -> None:
    books.due({"F1": 100})
    assert books.ledger.open_items()["account"].to_pylist() == [CUSTOMER]


def customers(**columns: list[object]) -> pa.Table:
    return pa.table({"customer_id": ["C-A", "C-B"], "name": ["A", "B"], **columns})


def test_customers_are_added_followed_and_kept(books: Books) -> None:
    ledger = books.ledger
    ibans = [["FR76", "DE89"], None]
    first = ledger.import_customers(
        source("c1", "customers"), customers(known_ibans=ibans), now=NOW
    )
    again = ledger.import_customers(
        source("c2", "customers"), customers(known_ibans=ibans), now=NOW
    )
    moved = ledger.import_customers(
        source("c3", "customers"), customers(known_ibans=[None, ["FR76"]]), now=NOW
    )
    assert (first.new, again.known, again.changed, moved.changed) == (2, 2, 0, 2)
    assert ledger.customers()["known_ibans"].to_pylist() == [None, ["FR76"]]


def test_a_customer_twice_in_a_file_is_refused(books: Books) -> None:
    twice = pa.concat_tables([customers(), customers()])
    with pytest.raises(InputError) as refused:
        books.ledger.import_customers(source("c", "customers"), twice, now=NOW)
    assert refused.value.reason == "CUSTOMER_TWICE"

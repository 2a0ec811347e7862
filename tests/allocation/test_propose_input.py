"""What a caller may hand in, and how a mistake is named."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from book import book, proposed, tables, told

import alloc
from alloc.errors import InputError

PAGE = """
    item     INV-1001  100.00 EUR
    item     INV-1002   50.00 EUR
    payment  P-1       100.00 EUR  says "INV-1001"
"""


def refused(page: dict[str, pa.Table], **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        alloc.propose(**page, **options)
    return caught.value


def with_column(page: dict[str, pa.Table], name: str, column: str, values: Any) -> Any:
    table = page[name]
    if column in table.column_names:
        table = table.drop_columns([column])
    return {**page, name: table.append_column(column, values)}


def test_an_unknown_column_is_refused_by_name() -> None:
    page = with_column(tables(PAGE), "open_items", "memo", pa.array(["a", "b"]))
    error = refused(page)
    assert error.reason == "COLUMN_UNKNOWN"
    assert error.metadata == {"table": "open_items", "column": "memo"}


def test_a_missing_column_is_named() -> None:
    page = tables(PAGE)
    page["payments"] = page["payments"].drop_columns(["amount_minor"])
    error = refused(page)
    assert str(error) == "table payments lacks column amount_minor"
    assert error.reason == "COLUMN_MISSING"


def test_money_that_is_not_an_integer_is_refused() -> None:
    page = with_column(tables(PAGE), "payments", "amount_minor", pa.array(["100.00"]))
    error = refused(page)
    assert error.reason == "COLUMN_TYPE_WRONG"
    assert error.metadata["column"] == "amount_minor"


def test_a_value_that_must_be_there_is_named_with_its_row() -> None:
    ids = pa.array(["INV-1001", None])
    error = refused(with_column(tables(PAGE), "open_items", "item_id", ids))
    assert error.reason == "NULL_FORBIDDEN"
    assert error.metadata["row"] == "2"


def test_a_column_that_is_there_twice_is_named() -> None:
    page = tables(PAGE)
    items = page["open_items"]
    page["open_items"] = pa.Table.from_arrays(
        [*items.columns, items["item_id"]], [*items.column_names, "item_id"]
    )
    assert refused(page).reason == "COLUMN_REPEATED"


@pytest.mark.parametrize(
    ("line", "reason", "named"),
    [
        ("item INV-1001 9.00 EUR", "ITEM_REPEATED", "INV-1001"),
        ("payment P-1 9.00 EUR", "PAYMENT_REPEATED", "P-1"),
        ("payment P-2 0.00 EUR", "AMOUNT_NOT_POSITIVE", "P-2"),
        ("payment P-2 -5.00 EUR", "AMOUNT_NOT_POSITIVE", "P-2"),
        ("item INV-1 9.00 EURO", "CURRENCY_UNKNOWN", "EURO"),
        ("payment P-2 9.00 eur", "CURRENCY_UNKNOWN", "eur"),
        ("item INV-1 9.00 EUR kind facture", "KIND_UNKNOWN", "facture"),
        ("customer C1\ncustomer C1", "CUSTOMER_REPEATED", "C1"),
    ],
)
def test_a_row_that_cannot_be_is_named(line: str, reason: str, named: str) -> None:
    error = refused(tables(f"{PAGE}\n{line}"))
    assert error.reason == reason
    assert named in str(error)


def test_an_advice_line_that_is_there_twice_is_named() -> None:
    page = tables(f"{PAGE}\nadvice P-1 INV-1001 100.00\nadvice P-1 INV-1002 50.00")
    page = with_column(page, "remittances", "line_no", pa.array([3, 3]))
    error = refused(page)
    assert error.reason == "LINE_REPEATED"
    assert error.metadata == {"payment_id": "P-1", "line_no": "3"}


@pytest.mark.parametrize(
    ("options", "reason", "field"),
    [
        ({"rules": object()}, "RULES_UNAVAILABLE", "rules"),
        ({"threads": 0}, "THREADS_INVALID", "threads"),
        ({"policy": {"tolerance": 5}}, "POLICY_UNKNOWN", "tolerance"),
        ({"policy": {"amount_only": "yes"}}, "POLICY_TYPE_WRONG", "amount_only"),
        ({"policy": {"max_wrong_ppm": True}}, "POLICY_TYPE_WRONG", "max_wrong_ppm"),
        ({"policy": {"max_wrong_ppm": -1}}, "BUDGET_OUT_OF_RANGE", "max_wrong_ppm"),
    ],
)
def test_an_option_that_cannot_be_is_named(
    options: dict[str, Any], reason: str, field: str
) -> None:
    error = refused(tables(PAGE), **options)
    assert (error.reason, error.metadata["field"]) == (reason, field)


def test_streams_and_other_layouts_of_the_same_columns_are_taken() -> None:
    page = tables(PAGE)
    items, payments = page["open_items"], page["payments"]
    large = [
        pa.field(
            field.name,
            pa.large_string() if pa.types.is_string(field.type) else field.type,
        )
        for field in items.schema
    ]
    stream = pa.RecordBatchReader.from_batches(
        payments.schema, payments.to_batches() + payments.slice(0, 0).to_batches()
    )
    got = alloc.propose(items.cast(pa.schema(large)), stream)
    assert told(got) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  100.00
    """)


def test_the_answer_has_the_columns_of_the_contract() -> None:
    got = alloc.propose(**tables(PAGE))
    for name in ("decisions", "allocations", "adjustments"):
        assert getattr(got, name).schema == alloc.engine.schema(name)


def test_nothing_in_gives_nothing_out() -> None:
    assert proposed("") == ""
    assert proposed("item INV-1001 100.00 EUR") == ""


def test_advice_of_a_payment_that_is_not_here_is_left_aside() -> None:
    assert proposed(f"{PAGE}\nadvice P-9 INV-1002 50.00").startswith("P-1 auto")


def test_a_text_beyond_the_limit_is_not_read_and_says_so() -> None:
    page = tables(PAGE)
    page = with_column(
        page, "payments", "remittance_text", pa.array([["INV-1001 " * 8_000]])
    )
    got = alloc.propose(**page)
    assert told(got) == "P-1 review TEXT_OVER_LIMIT"
    assert got.decisions["proof"].to_pylist() == ["over_budget"]


def test_amounts_at_the_edge_of_64_bits_are_decided() -> None:
    largest = 2**63 - 1
    page = tables(f"{PAGE}\nitem INV-1003 1.00 EUR\nitem INV-1004 1.00 EUR")
    amounts = pa.array([largest, largest, 1 - largest, -(2**63)])
    page = with_column(page, "open_items", "open_minor", amounts)
    page = with_column(page, "payments", "amount_minor", pa.array([largest]))
    got = alloc.propose(**page, policy={"amount_only": True})
    assert told(got).splitlines()[0] == "P-1 auto REFERENCES"


def test_odd_text_is_read_without_harm() -> None:
    text = ["\x00\x1fINV\u200b-10\u0301 01 ﬀ漢字 ½ \U0001f9fe", "", "-/-/-", "1" * 400]
    page = with_column(tables(PAGE), "payments", "remittance_text", pa.array([text]))
    assert told(alloc.propose(**page)).startswith("P-1 review")

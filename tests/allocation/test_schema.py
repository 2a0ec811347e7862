"""The column contract, as a caller sees it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from alloc import engine

NAMES = (
    "open_items",
    "payments",
    "remittances",
    "customers",
    "history",
    "habits",
    "decisions",
    "allocations",
    "adjustments",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_amount_is_an_integer_of_minor_units(name: str) -> None:
    for field in engine.schema(name):
        if field.name.endswith("_minor"):
            assert field.type == pa.int64(), field.name


@pytest.mark.parametrize("name", NAMES)
def test_every_column_says_whether_it_must_be_there(name: str) -> None:
    for field in engine.schema(name):
        assert field.metadata[b"alloc.presence"] in {b"required", b"optional"}


def test_the_columns_a_ledger_cannot_do_without_are_few() -> None:
    required = [
        field.name
        for field in engine.schema("open_items")
        if field.metadata[b"alloc.presence"] == b"required"
    ]
    assert required == [
        "item_id",
        "entity",
        "customer_id",
        "reference",
        "currency",
        "open_minor",
    ]


def test_a_table_that_does_not_exist_is_named() -> None:
    with pytest.raises(KeyError, match="there is no table"):
        engine.schema("invoices")

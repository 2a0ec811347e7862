"""A customer pays the balance of what it owes us and what we owe it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from clearing_book import NOW

from alloc.app.ports import SourceFile
from alloc.rules import Rule, read_rule
from alloc.rules.book import _bases

if TYPE_CHECKING:
    from clearing_book import Book


def set_off() -> Rule:
    text = """
        id = "so"
        version = 1
        posting = "auto"
        based_on = "supplier-offset"
        [[example]]
        name = "one"
        payment = { amount = "1.00", date = 2026-01-01 }
        items = [{ id = "A", ttc = "1.00" }]
    """
    return read_rule(text, name="rules/so.toml", bases=_bases())


def source(kind: str) -> SourceFile:
    return SourceFile(name=kind, sha256=kind.ljust(64, "0"), size=1, kind=kind)


def owes_and_is_owed(book: Book) -> None:
    """C-LAC owes us 1,200.00; we owe 500.00 to F-LAC, the same company."""
    customers = {
        "customer_id": ["C-LAC", "F-LAC"],
        "name": ["Garage du Lac", "Garage du Lac"],
        "supplier_id": ["F-LAC", None],
    }
    book.ledger.import_customers(source("c"), pa.table(customers), now=NOW)
    items = {
        "entity": ["E1", "E1"],
        "item_id": ["INV-1042", "AC501-7781"],
        "customer_id": ["C-LAC", "F-LAC"],
        "reference": ["INV-1042", "AC501-7781"],
        "currency": ["EUR", "EUR"],
        "kind": ["invoice", "payable"],
        "account": ["411000", "401000"],
        "open_minor": [120_000, -50_000],
    }
    book.ledger.import_open_items(
        source("i"), pa.table(items), accounts={"E1": "411000"}, now=NOW
    )


@pytest.mark.parametrize("text", ["INV-1042", "INV-1042 MOINS VOTRE DU AC501-7781"])
def test_a_debt_is_set_off_whether_the_payment_names_it_or_not(book: Book, text: str):
    owes_and_is_owed(book)
    book.write(f'payment B1 700.00 EUR on 2026-03-12 from LAC "{text}"')
    book.clear(rules=[set_off()])
    assert book.entries() == (
        "BQ1-000001 clearing\n"
        "  512000 D 700.00\n"
        "  411000 C-LAC C 700.00 (AAA)\n"
        "OD-000001 clearing\n"
        "  401000 F-LAC D 500.00 (AAA)\n"
        "  411000 C-LAC C 500.00 (AAA)"
    )
    assert book.open_items() == {}

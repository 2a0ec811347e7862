"""The example cases that a rule carries: their tables as situations."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from alloc.domain.rate import parse_rate
from alloc.rules.facts import Item, Payment, VatLine
from alloc.rules.model import Example
from alloc.rules.values import parse_amount

if TYPE_CHECKING:
    from alloc.toml_reader import TomlTable

__all__ = ["read_examples"]

RESULTS = ("explained", "ambiguous", "none")
"""What an example may expect."""


def read_examples(root: TomlTable, currency: str, exponent: int) -> tuple[Example, ...]:
    """Read every ``[[example]]``; mistakes are noted with their lines."""
    tables = root.tables("example")
    if not tables and "example" not in root:
        root.mistake("", "no [[example]]: show at least one payment it explains")
    examples = tuple(_example(table, currency, exponent) for table in tables)
    if examples and all(example.result != "explained" for example in examples):
        root.mistake("example", "none is explained: show at least one that is")
    return examples


def _example(table: TomlTable, currency: str, exponent: int) -> Example:
    left = table.table("left")
    example = Example(
        name=table.required_text("name"),
        line=table.line("name"),
        payment=_payment(table.table("payment"), currency, exponent),
        items=tuple(_item(below, exponent) for below in table.tables("items")),
        supplier_items=tuple(
            _item(below, exponent) for below in table.tables("supplier_items")
        ),
        result=table.choice("result", RESULTS, default="explained"),
        reason=table.text("reason", ""),
        lines=table.texts("lines"),
        left=tuple(
            (item_id, _amount(left, item_id, exponent, 0)) for item_id in left.keys
        ),
    )
    table.require("payment")
    table.finish(also_known=("payment",))
    return example


def _payment(table: TomlTable, currency: str, exponent: int) -> Payment:
    payment = Payment(
        payment_id=table.text("id", "P1"),
        entity=table.text("entity", "E1"),
        amount_minor=_amount(table, "amount", exponent, 1),
        date=table.optional_date("date") or dt.date(2026, 1, 1),
        currency=table.text("currency", currency),
        payer_name=table.text("payer", ""),
        payer_iban=table.text("iban", ""),
        text=table.text("text", ""),
        customer_id=table.text("customer", "C1"),
        customer_type=table.text("customer_type", ""),
        returned_minor=_amount(table, "returned", exponent, 0)
        if "returned" in table
        else 0,
        charges_minor=_amount(table, "charges", exponent, 0)
        if "charges" in table
        else 0,
    )
    if table.keys:
        for key in ("amount", "date"):
            table.require(key)
    table.finish(also_known=("charges", "returned"))
    return payment


def _item(table: TomlTable, exponent: int) -> Item:
    table.require("ttc")
    total = _amount(table, "ttc", exponent, 1)
    item = Item(
        item_id=table.required_text("id"),
        customer_id=table.text("customer", "C1"),
        total_minor=total,
        open_minor=_amount(table, "open", exponent, total)
        if "open" in table
        else total,
        account=table.text("account", ""),
        kind=table.text("kind", "invoice"),
        vat=_vat_lines(table, exponent),
        issue_date=table.optional_date("issued"),
        due_date=table.optional_date("due"),
        cleared_minor=_amount(table, "cleared", exponent, 0)
        if "cleared" in table
        else 0,
    )
    table.finish(also_known=("open", "vat", "vat_due", "cleared"))
    return item


def _vat_lines(table: TomlTable, exponent: int) -> tuple[VatLine, ...] | None:
    if "vat" not in table:
        return None
    rates, due = table.table("vat"), table.table("vat_due")
    lines = []
    for key in rates.keys:
        ppm = parse_rate(key)
        if ppm is None:
            rates.mistake(key, 'is no rate: write "20%" = "200.00"')
            continue
        lines.append(
            VatLine(
                rate_ppm=ppm,
                vat_minor=_amount(rates, key, exponent, 0),
                due_minor=_amount(due, key, exponent, 0) if key in due else 0,
            )
        )
    due.finish(also_known=rates.keys)
    return tuple(lines)


def _amount(table: TomlTable, key: str, exponent: int, default: int) -> int:
    text = table.optional_text(key)
    if text is None:
        return default
    minor = parse_amount(text, exponent)
    if minor is None:
        table.mistake(
            key, f'{text!r} is no amount: write "12.50", at most {exponent} decimals'
        )
        return default
    return minor

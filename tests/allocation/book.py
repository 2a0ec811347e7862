"""The book notation: a small ledger and its payments, as an accountant writes them.

::

    item     INV-1001  100.00 EUR  due 2026-01-10  of C1
    payment  P-1       100.00 EUR  of C1  on 2026-01-15  says "FACT 1001"
    advice   P-1       INV-1001  100.00
    customer C1        Dupont SARL  iban FR76

`propose(...)` answers one line per allocation of rank 0, adjustment and decision::

    P-1 auto REFERENCES
    P-1 -> INV-1001  100.00
    P-1 on_account  -5.00
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa

import alloc
from alloc import engine

#: The customer, entity and day of a line that does not say.
CUSTOMER, ENTITY, DAY = "C1", "E1", "2026-01-31"
LISTS = {"says", "iban", "aka", "refs"}


def minor(text: str) -> int:
    return int(Decimal(text) * 100)


def major(minor_units: int) -> str:
    return f"{Decimal(minor_units).scaleb(-2):.2f}"


def words(line: str) -> list[str]:
    """Words of a line; quoted text is one word."""
    return [a or b for a, b in re.findall(r'"([^"]*)"|(\S+)', line)]


def options(rest: list[str]) -> dict[str, Any]:
    """``due 2026-01-10 of C1`` as a dictionary; the words of LISTS may repeat."""
    found: dict[str, Any] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        if name in LISTS:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def item(name: str, amount: str, currency: str, *rest: str) -> dict[str, Any]:
    said = options(list(rest))
    return {
        "item_id": name,
        "entity": said.get("in", ENTITY),
        "customer_id": said.get("of", CUSTOMER),
        "payer_id": said.get("payer"),
        "reference": said.get("ref", name),
        "other_references": said.get("refs", []),
        "kind": said.get("kind"),
        "currency": currency,
        "open_minor": minor(amount),
        "issue_date": day(said.get("issued")),
        "due_date": day(said.get("due")),
        "discount_ppm": int(said["discount"]) if "discount" in said else None,
        "discount_date": day(said.get("until")),
        "disputed": said.get("disputed") == "yes",
    }


def payment(name: str, amount: str, currency: str, *rest: str) -> dict[str, Any]:
    said = options(list(rest))
    owner = said.get("of", CUSTOMER)
    return {
        "payment_id": name,
        "entity": said.get("in", ENTITY),
        "value_date": day(said.get("on", DAY)),
        "currency": currency,
        "amount_minor": minor(amount),
        "customer_id": None if owner == "nobody" else owner,
        "payer_name": said.get("from"),
        "payer_iban": said.get("account"),
        "remittance_text": said.get("says", []),
        "end_to_end_id": said.get("id"),
        "creditor_reference": said.get("creditor"),
    }


def advice(name: str, reference: str, *rest: str) -> dict[str, Any]:
    said = options(list(rest[len(rest) % 2 :]))
    return {
        "payment_id": name,
        "line_no": 0,
        "reference": reference,
        "amount_minor": minor(rest[0]) if len(rest) % 2 else None,
        "deduction_minor": minor(said["keeps"]) if "keeps" in said else None,
    }


def customer(name: str, *rest: str) -> dict[str, Any]:
    said = options(list(rest))
    return {
        "customer_id": name,
        "name": said.get("named", name),
        "known_ibans": said.get("iban", []),
        "aliases": said.get("aka", []),
        "parent_id": said.get("under"),
    }


TABLES = {
    "item": ("open_items", item),
    "payment": ("payments", payment),
    "advice": ("remittances", advice),
    "customer": ("customers", customer),
}


def tables(text: str) -> dict[str, pa.Table]:
    """The tables of a page of the book."""
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table, _ in TABLES.values()}
    for line in text.strip().splitlines():
        if not line.strip():
            continue
        verb, *rest = words(line)
        table, read = TABLES[verb]
        rows[table].append(read(*rest))
    for number, line in enumerate(rows["remittances"]):
        line["line_no"] = number + 1
    return {table: to_arrow(table, found) for table, found in rows.items()}


def to_arrow(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    fields = [
        field for field in engine.schema(table) if not rows or field.name in rows[0]
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def propose(text: str, **options: Any) -> alloc.Proposal:
    """What the engine proposes for a page of the book."""
    return alloc.propose(**tables(text), **options)


def told(got: alloc.Proposal, *, rank: int = 0) -> str:
    """Decisions, allocations and adjustments of one rank in book notation."""
    lines = []
    for decision in got.decisions.to_pylist():
        name = decision["payment_id"]
        if rank == 0:
            lines.append(f"{name} {decision['status']} {decision['reason']}")
        here = (name, rank)
        lines += [
            f"{name} -> {row['item_id']}  {major(row['allocated_minor'])}"
            for row in got.allocations.to_pylist()
            if (row["payment_id"], row["rank"]) == here
        ]
        lines += [
            f"{name} {row['role']}  {major(row['amount_minor'])}"
            for row in got.adjustments.to_pylist()
            if (row["payment_id"], row["rank"]) == here
        ]
    return "\n".join(lines)


def book(text: str) -> str:
    """An expected page without its indentation."""
    return "\n".join(line.strip() for line in text.strip().splitlines())


def proposed(text: str, **options: Any) -> str:
    """The answer to a page of the book, in the notation of `book`."""
    return told(propose(text, **options))


AMOUNTS_MAY_DECIDE = {"policy": {"amount_only": True}}

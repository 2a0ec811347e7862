"""A group of companies of unequal size that have some customers in common."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import alloc
from alloc import engine

if TYPE_CHECKING:
    from alloc.engine import Proposal

DAY = dt.date(2026, 1, 31)
POLICY = {"amount_only": True, "max_wrong_ppm": 1_000, "deductions": ("bank_fee",)}


def tables(seed: int, *, entities: int = 12, payments: int = 360) -> dict[str, Any]:
    """All six tables; the first entity has the most, every next one less."""
    rng = random.Random(seed)
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("open_items", "payments", "remittances", "history")
    }
    for place in range(entities):
        _items(rng, f"E{place:02d}", 240 // (place + 1), rows["open_items"])
    for number in range(payments):
        _payment(rng, number, rows)
    rows["customers"] = [_customer(number) for number in range(60)]
    made = {name: table(name, found) for name, found in rows.items()}
    past = table("history", rows["history"])
    made["habits"] = engine.observe_habits(made["open_items"], past)
    return made


def _customer(number: int) -> dict[str, Any]:
    return {
        "customer_id": f"C{number}",
        "name": f"Maison {WORDS[number % len(WORDS)]} {number // len(WORDS)}",
        "known_ibans": [f"FR76{number:04d}"] if number % 3 else [],
        "parent_id": "C0" if number % 20 == 1 else None,
    }


WORDS = ("Bernard", "Leclerc", "Morel", "Girard", "Colin", "Faure", "Roux")


def _items(
    rng: random.Random, entity: str, count: int, rows: list[dict[str, Any]]
) -> None:
    for number in range(count):
        issued = DAY - dt.timedelta(days=rng.randint(1, 90))
        rows.append(
            {
                "item_id": f"I{number}",
                "entity": entity,
                "customer_id": f"C{rng.randint(0, 59) % max(count // 6, 2)}",
                "reference": f"FA2026{number:05d}",
                "other_references": [f"BC{rng.randint(10, 40)}"],
                "currency": "EUR",
                "open_minor": rng.choice([12_000, rng.randint(100, 90_000), -3_000]),
                "issue_date": issued,
                "due_date": issued + dt.timedelta(days=30),
            }
        )


def _payment(
    rng: random.Random, number: int, rows: dict[str, list[dict[str, Any]]]
) -> None:
    first = rng.choice(rows["open_items"])
    same = [
        item
        for item in rows["open_items"]
        if (item["entity"], item["customer_id"])
        == (first["entity"], first["customer_id"])
    ]
    paid = rng.sample(same, min(len(same), rng.randint(1, 4)))
    amount = sum(item["open_minor"] for item in paid) - rng.choice([0, 0, 0, 500, 37])
    customer = int(first["customer_id"][1:])
    row = {
        "payment_id": f"P{number}",
        "entity": first["entity"] if number % 90 else "E99",
        "value_date": DAY + dt.timedelta(days=rng.randint(0, 3)),
        "currency": "EUR",
        "amount_minor": max(amount, 1),
        "customer_id": rng.choice([first["customer_id"], None]),
        "payer_name": rng.choice([_customer(customer)["name"], "Virement", None]),
        "payer_iban": rng.choice([f"FR76{customer:04d}", f"DE89{customer:04d}", None]),
        "remittance_text": [
            " ".join(item["reference"] for item in paid if rng.random() < 0.7),
            rng.choice(["", "BC21", "FA202600003", "merci"]),
        ],
    }
    rows["payments"].append(row)
    if number % 4 == 0:
        _advice(rng, row["payment_id"], paid, rows["remittances"])
    if number % 7 == 0:
        rows["history"].append(
            {
                "payment_id": f"H{number}",
                "value_date": DAY - dt.timedelta(days=30),
                "entity": first["entity"],
                "customer_id": first["customer_id"],
                "payer_name": None,
                "payer_iban": f"DE89{customer:04d}",
                "item_id": first["item_id"],
                "reference": first["reference"],
                "amount_minor": first["open_minor"],
                "allocated_minor": first["open_minor"],
            }
        )


def _advice(
    rng: random.Random,
    payment_id: str,
    paid: list[dict[str, Any]],
    rows: list[dict[str, Any]],
) -> None:
    kept_back = rng.choice([0, 100])
    for line_no, item in enumerate(paid):
        rows.append(
            {
                "payment_id": payment_id,
                "line_no": line_no,
                "reference": item["reference"],
                "amount_minor": item["open_minor"] - kept_back,
                "deduction_minor": kept_back,
            }
        )


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a table of the contract, with the columns that they have."""
    known = {key for row in rows for key in row}
    fields = [field for field in engine.schema(name) if field.name in known]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def hard_tables() -> dict[str, pa.Table]:
    """Companies whose payments each take a while: many sets of many items."""
    rng = random.Random(7)
    items: list[dict[str, Any]] = []
    paid: list[dict[str, Any]] = []
    for place in range(16):
        items += [
            {
                "item_id": f"I{number}",
                "entity": f"E{place:02d}",
                "customer_id": f"C{place}",
                "reference": f"FA{place:02d}{number:05d}",
                "currency": "EUR",
                "open_minor": rng.randint(1_000, 900_000),
                "due_date": DAY - dt.timedelta(days=number),
            }
            for number in range(180)
        ]
        for number in range(HARD_PAYMENTS):
            chosen = rng.sample(items[-180:], 9)
            paid.append(
                {
                    "payment_id": f"P{place}-{number}",
                    "entity": f"E{place:02d}",
                    "value_date": DAY + dt.timedelta(days=number),
                    "currency": "EUR",
                    "amount_minor": sum(item["open_minor"] for item in chosen),
                    "customer_id": f"C{place}",
                }
            )
    return {
        "open_items": table("open_items", items),
        "payments": table("payments", paid),
    }


#: Enough that a company takes some tenths of a second.
HARD_PAYMENTS = 40


def by_one_process(made: dict[str, pa.Table]) -> Proposal:
    """What one process decides."""
    return alloc.propose(**made, policy=POLICY)


def shuffled(made: dict[str, pa.Table], seed: int) -> dict[str, pa.Table]:
    """The same tables with their rows in another order."""
    rng = random.Random(seed)
    return {
        name: rows.take(pa.array(rng.sample(range(rows.num_rows), rows.num_rows)))
        for name, rows in made.items()
    }


def spoilt(made: dict[str, pa.Table], name: str, row: int, **values: Any) -> None:
    """Put other values into one row."""
    rows = made[name].to_pylist()
    rows[row] |= values
    made[name] = pa.Table.from_pylist(rows, made[name].schema)


def written(proposal: Proposal) -> list[bytes]:
    """The bytes of the three tables of an answer."""
    parts = (proposal.decisions, proposal.allocations, proposal.adjustments)
    return [_stream(part) for part in parts]


def _stream(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows.combine_chunks())
    return sink.getvalue().to_pybytes()

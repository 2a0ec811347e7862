"""Laws of reading: what stands there is found, what means nothing changes nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

import alloc
from alloc import engine

DAY = dt.date(2026, 1, 31)
OPEN = range(510_100, 510_120)

#: What payers write that names no item.
DECOYS = [
    "CDE 4598525401",
    "DU 31/01/2026",
    "310126",
    "TEL 0612345678",
    "TVA FR03006983121",
    "CLT 926862",
    "MERCI",
]
#: How payers write a reference.
FORMS = [
    "INV-{}",
    "inv{}",
    "{}",
    "FACT {}",
    "FACTURE{}",
    "N° INV/{}",
    "Ref: INV.{}",
]

paid = st.lists(st.sampled_from(OPEN), unique=True, min_size=1, max_size=8)


def rows(name: str, found: list[dict[str, Any]]) -> pa.Table:
    keys = found[0] if found else {}
    schema = pa.schema([field for field in engine.schema(name) if field.name in keys])
    return pa.Table.from_pylist(found, schema=schema)


def amount(number: int) -> int:
    return (number - 510_000) ** 2 * 7 + number % 13


def decided(
    numbers: list[int], text: list[str], lines: list[tuple[str, int]] | None = None
) -> tuple[str, set[str]]:
    items = [
        {
            "item_id": str(number),
            "entity": "E",
            "customer_id": "C",
            "reference": f"INV-{number}",
            "currency": "EUR",
            "open_minor": amount(number),
        }
        for number in OPEN
    ]
    payment = {
        "payment_id": "P",
        "entity": "E",
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": sum(map(amount, numbers)),
        "customer_id": "C",
        "remittance_text": text,
    }
    said = [
        {
            "payment_id": "P",
            "line_no": at,
            "reference": reference,
            "amount_minor": value,
        }
        for at, (reference, value) in enumerate(lines or [])
    ]
    got = alloc.propose(
        rows("open_items", items),
        rows("payments", [payment]),
        rows("remittances", said) if said else None,
    )
    chosen = [row for row in got.allocations.to_pylist() if row["rank"] == 0]
    return got.decisions["status"][0].as_py(), {row["item_id"] for row in chosen}


@given(paid, st.sampled_from(FORMS), st.sampled_from([", ", " ; ", " + ", " / ", " "]))
def test_a_reference_that_stands_there_in_full_is_found(
    numbers: list[int], form: str, joiner: str
) -> None:
    text = joiner.join(form.format(number) for number in numbers)
    assert decided(numbers, [text]) == ("auto", set(map(str, numbers)))


@given(
    paid,
    st.lists(st.sampled_from(DECOYS), max_size=4),
    st.lists(st.sampled_from(DECOYS), max_size=4),
)
def test_a_decoy_never_changes_a_proved_decision(
    numbers: list[int], before: list[str], after: list[str]
) -> None:
    text = ", ".join(f"INV-{number}" for number in numbers)
    said = " ".join([*before, text, *after])
    assert decided(numbers, [said]) == ("auto", set(map(str, numbers)))


@given(paid, st.randoms(use_true_random=False), st.integers(0, 2))
def test_the_order_of_advice_lines_changes_nothing(
    numbers: list[int], draw: Any, foreign: int
) -> None:
    lines = [(f"INV-{number}", amount(number)) for number in numbers]
    lines += [(f"INV-9{at}7700", 12_345_600 + at) for at in range(foreign)]
    lines += lines[:foreign]
    turned = lines[:]
    draw.shuffle(turned)
    expected = decided(numbers, [], lines)
    assert expected[1] == set(map(str, numbers))
    assert decided(numbers, [], turned) == expected

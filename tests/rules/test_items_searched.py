"""The search of items under a rule, held against trying every set of them."""

from __future__ import annotations

import datetime as dt
from itertools import chain, combinations
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from rule_text import rule_of

from alloc.app.fitting import search_items
from alloc.app.situations import Facts
from alloc.rules import Item, Outcome, Rule, explain
from alloc.rules.searching import questions
from alloc.settings import load_settings

DAY = dt.date(2026, 3, 6)
SETTINGS = load_settings(
    '[workspace]\nname = "T"\n[[entity]]\nid = "E1"\nname = "E"\n', name="alloc.toml"
)
WHEN = '[when]\ncustomers = ["C1"]\n'
PER_INVOICE = """
[component.a]
role = "commission"
rate = ["2%", "3.5%"]
per = "invoice"
"""
WITH_VAT = """
[component.a]
role = "commission"
rate = "3.3%"
vat = { rate = "20%", role = "vat_deductible" }
"""
AND_A_FEE = """
[component.a]
role = "commission"
rate = "2%"
of = "ht"
[component.fee]
role = "bank_charges"
amount = "0.15"
optional = true
"""
FROM_THE_GAP = """
[component.a]
role = "commission"
amount = "gap"
of = "ttc"
min_rate = "2%"
max_rate = "5%"
"""
ROUNDING = """
[component.a]
role = "rounding_loss"
role_credit = "rounding_gain"
amount = "gap"
side = "either"
max = "0.05"
"""
INTEREST = """
[component.i]
role = "late_interest"
annual_rate = "12%"
of = "ttc"
per = "late_invoice"
side = "credit"
[component.r]
role = "recovery_indemnity"
amount = "4.00"
per = "late_invoice"
side = "credit"
optional = true
"""
VAT_KEPT = """
[component.v]
amount = "vat"
book = "keep"
per = "invoice"
[component.a]
role = "commission"
rate = "5%"
of = "borne"
"""
RULES = [
    rule_of(WHEN + body)
    for body in (
        *(PER_INVOICE, WITH_VAT, AND_A_FEE, FROM_THE_GAP),
        *(ROUNDING, INTEREST, VAT_KEPT),
    )
]


def item_row(number: int, opened: int, paid: int, days: int) -> dict[str, Any]:
    total = opened + paid if opened > 0 else opened
    vat = total // 6 if total > 0 else -(-total // 6)
    lines = [{"rate_bps": 2_000, "base_minor": total - vat, "vat_minor": vat}]
    return {
        "item_id": f"I{number}",
        "entity": "E1",
        "customer_id": "C1",
        "account": "411000",
        "kind": "invoice",
        "reference": None,
        "other_references": None,
        "currency": "EUR",
        "open_minor": opened,
        "imported_minor": total,
        "original_minor": total,
        "vat": lines,
        "issue_date": None,
        "due_date": DAY - dt.timedelta(days),
    }


ITEMS = st.lists(
    st.tuples(
        st.one_of(st.integers(200, 4_000), st.integers(-900, -50)),
        st.sampled_from((0, 0, 0, 100)),
        st.integers(-30, 90),
    ),
    min_size=1,
    max_size=6,
).filter(lambda said: any(opened > 0 for opened, _, _ in said))


def facts_of(amount: int, rows: dict[str, dict[str, Any]]) -> Facts:
    payment = {
        "payment_id": "P1",
        "entity": "E1",
        "amount_minor": amount,
        "value_date": DAY,
        "currency": "EUR",
        "payer_name": None,
        "ultimate_name": None,
        "payer_iban": None,
        "remittance_text": [],
        "charges_minor": None,
    }
    return Facts(payment, "C1", {"customer_type": None}, rows, ())


def a_payment(rule: Rule, rows: dict[str, dict[str, Any]], data: st.DataObject) -> int:
    """Draw what a set of the items would be paid by, give or take a cent or two."""
    some = sorted(key for key, row in rows.items() if row["open_minor"] > 0)
    chosen = data.draw(st.sets(st.sampled_from(some), min_size=1))
    guess = sum(rows[key]["open_minor"] for key in chosen)
    facts = facts_of(guess, rows)
    case = facts.situations(rule, SETTINGS)[0]
    asked = questions(rule, msgspec.structs.replace(case, items=facts.pool))
    question = data.draw(st.sampled_from(list(asked)))
    worths = zip(facts.pool, question.worths, strict=True)
    worth = sum(one or 0 for item, one in worths if item.item_id in chosen)
    beside = (question.low_minor + question.high_minor) // 2 - guess
    return max(worth - beside + data.draw(st.sampled_from((0, 0, 0, -1, 1, 2))), 1)


def every_set(rule: Rule, facts: Facts) -> list[tuple[tuple[Item, ...], Outcome]]:
    """Try every set of items: the oracle."""
    case, items = facts.situations(rule, SETTINGS)[0], facts.pool
    sizes = range(1, len(items) + 1)
    tried = [
        (some, explain(rule, msgspec.structs.replace(case, items=some)))
        for some in chain.from_iterable(combinations(items, size) for size in sizes)
    ]
    return [(some, outcome) for some, outcome in tried if outcome.status != "none"]


@given(st.sampled_from(RULES), ITEMS, st.data())
def test_the_search_finds_what_trying_every_set_finds(
    rule: Rule, said: list[tuple[int, int, int]], data: st.DataObject
):
    rows = {f"I{n}": item_row(n, *one) for n, one in enumerate(said)}
    facts = facts_of(a_payment(rule, rows, data), rows)
    found, fits = search_items(SETTINGS, rule, facts), every_set(rule, facts)
    if not fits:
        assert found is None
    elif len(fits) == 1:
        assert found is not None
        assert found.situation is not None
        assert (found.situation.items, found.outcome) == fits[0]
    else:
        assert found is not None
        assert found.outcome.reason == "ITEMS_AMBIGUOUS"

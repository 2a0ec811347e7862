"""Who pays, where the bank line alone says it."""

from __future__ import annotations

import pyarrow as pa
from book import AMOUNTS_MAY_DECIDE, DAY, book, day, proposed, tables, told

import alloc

PAGE = """
    customer C1  named "Garage Müller S.A.R.L."  iban "FR76 1111"
    customer C2  named "Transports Durand"       iban FR762222
    item     INV-1001  123.45 EUR  of C1
    item     INV-1002  200.00 EUR  of C1
    item     INV-2001  123.45 EUR  of C2
"""


def test_references_name_the_payer() -> None:
    assert proposed(f"""{PAGE}
        payment  P-1  123.45 EUR  of nobody  says "FACT INV-2001"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-2001  123.45
    """)


def test_the_account_names_the_payer() -> None:
    assert proposed(
        f"""{PAGE}
        payment  P-1  323.45 EUR  of nobody  account fr761111
    """,
        **AMOUNTS_MAY_DECIDE,
    ) == book("""
        P-1 auto WHOLE_BALANCE
        P-1 -> INV-1001  123.45
        P-1 -> INV-1002  200.00
    """)


def test_the_name_is_compared_without_accents_and_legal_form() -> None:
    assert proposed(
        f"""{PAGE}
        payment  P-1  323.45 EUR  of nobody  from "GARAGE MULLER SARL"
    """,
        **AMOUNTS_MAY_DECIDE,
    ) == book("""
        P-1 auto WHOLE_BALANCE
        P-1 -> INV-1001  123.45
        P-1 -> INV-1002  200.00
    """)


def test_a_reference_weighs_more_than_the_account() -> None:
    assert proposed(f"""{PAGE}
        payment  P-1  123.45 EUR  of nobody  account FR762222  says "INV-1001"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  123.45
    """)


def test_one_payment_may_be_for_several_customers() -> None:
    assert proposed(f"""{PAGE}
        payment  P-1  246.90 EUR  of nobody  says "INV-1001 INV-2001"
    """) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  123.45
        P-1 -> INV-2001  123.45
    """)


def test_nothing_known_is_said_so() -> None:
    assert (
        proposed(f"""{PAGE}
        payment  P-1  123.45 EUR  of nobody  from "INCONNU"
    """)
        == "P-1 none PAYER_UNKNOWN"
    )


def test_a_number_that_two_customers_have_asks_a_person() -> None:
    assert proposed("""
        item     A  123.45 EUR  of C1  ref INV-1001
        item     B  123.45 EUR  of C2  ref INV-1001
        payment  P-1  123.45 EUR  of nobody  says "INV-1001"
    """) == book("""
        P-1 review PAYER_AMBIGUOUS
        P-1 -> A  123.45
    """)


def test_what_was_confirmed_before_names_the_payer() -> None:
    past = {
        "payment_id": ["P-0"],
        "value_date": [day(DAY)],
        "entity": ["E1"],
        "customer_id": ["C1"],
        "payer_name": ["HOLDING"],
        "payer_iban": ["LU99"],
        "item_id": ["INV-0"],
        "reference": ["INV-0"],
        "amount_minor": [100],
        "allocated_minor": [100],
    }
    page = tables(f"{PAGE}\npayment P-1 323.45 EUR of nobody account LU99")
    got = alloc.propose(**page, history=pa.table(past), policy={"amount_only": True})
    assert got.decisions["customer_id"].to_pylist() == ["C1"]
    assert told(got).startswith("P-1 auto WHOLE_BALANCE")

"""Who pays, where the bank line alone says it."""

from __future__ import annotations

import pyarrow as pa
from book import (
    AMOUNTS_MAY_DECIDE,
    DAY,
    book,
    day,
    propose,
    proposed,
    tables,
    told,
)

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


SHARED = """
    customer C1  named "Garage Müller"  iban FR76
    customer C2  named "Transports Durand"  iban FR76
    item     INV-1001  123.45 EUR  of C1
    item     INV-1002  200.00 EUR  of C1
    item     INV-2001  77.10 EUR  of C2
"""


def test_an_account_of_several_customers_asks_a_person_the_likeliest_first() -> None:
    page = f"{SHARED}\npayment P-1 77.10 EUR of nobody account FR76 from LEASECO"
    got = propose(page, **AMOUNTS_MAY_DECIDE)
    assert told(got) == book("""
        P-1 review PAYER_AMBIGUOUS
        P-1 -> INV-2001  77.10
    """)
    other = SHARED.replace("200.00", "77.10")
    page = f"{other}\npayment P-1 77.10 EUR of nobody account FR76 from LEASECO"
    rows = propose(page, **AMOUNTS_MAY_DECIDE).allocations.to_pylist()
    offered = [(row["rank"], row["item_id"]) for row in rows]
    assert offered == [(0, "INV-2001"), (1, "INV-1002")]


def test_a_name_tells_the_owners_of_an_account_apart() -> None:
    page = f"{SHARED}\npayment P-1 77.10 EUR of nobody account FR76"
    assert proposed(f'{page} from "TRANSPORTS DURAND"', **AMOUNTS_MAY_DECIDE) == book(
        """
        P-1 auto UNIQUE_ITEM
        P-1 -> INV-2001  77.10
    """
    )


def test_a_parent_pays_for_its_children() -> None:
    page = """
        customer C0  named "Holding Müller"  iban LU11
        customer C1  named "Garage Müller"  under C0
        customer C2  named "Carrosserie Müller"  under C0
        item     INV-1001  123.45 EUR  of C1
        item     INV-2001  77.10 EUR  of C2
        item     INV-2002  512.30 EUR  of C2
        payment  P-1  {paid} EUR  of {payer}  says "{said}"  account LU11
    """
    both = page.format(paid="200.55", payer="nobody", said="INV-1001 INV-2001")
    assert proposed(both) == book("""
        P-1 auto REFERENCES
        P-1 -> INV-1001  123.45
        P-1 -> INV-2001  77.10
    """)
    assert proposed(both.replace("of nobody", "of C0")) == proposed(both)
    one = page.format(paid="512.30", payer="C0", said="VIREMENT")
    assert proposed(one, **AMOUNTS_MAY_DECIDE) == book("""
        P-1 auto UNIQUE_ITEM
        P-1 -> INV-2002  512.30
    """)
    sister = page.format(paid="77.10", payer="C1", said="INV-2001")
    assert proposed(sister).startswith("P-1 review")


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


def test_a_reference_weighs_more_than_an_amount_that_the_account_finds() -> None:
    page = """
        customer C1  named "Garage Muller"      iban FR761111
        customer C2  named "Transports Durand"  iban FR762222
        item     6003002205  339.67 EUR  of C1
        item     6003019164  339.67 EUR  of C2
        payment  P-1  339.67 EUR  of nobody  account FR762222  says "{said}"
    """
    for said, item in (("6003002205", "6003002205"), ("MERCI", "6003019164")):
        got = propose(page.format(said=said), **AMOUNTS_MAY_DECIDE)
        assert got.decisions["status"].to_pylist() == ["auto"]
        assert got.allocations["item_id"].to_pylist() == [item]

"""Rules in the search of the exact core: which items were paid, less a deduction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from clearing_book import NOW, TOML
from test_rules_when_clearing import decision, lines, rule

from alloc.app.apply import apply
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse

if TYPE_CHECKING:
    from clearing_book import Book

    from alloc.rules import Rule

TRUSTING = TOML.replace("amount_only = false", "amount_only = true")

#: Five claims; two of them were paid less 4.3 % of each: 1,230.70 and 98.45.
CLAIMS = """
    item     INV-1001  1286.00 EUR  of C-LAC  due 2026-01-10
    item     INV-1002   777.77 EUR  of C-LAC  due 2026-01-20
    item     INV-1003   102.87 EUR  of C-LAC  due 2026-02-10
    item     INV-1004   310.10 EUR  of C-LAC  due 2026-02-20
    item     INV-1005  4020.42 EUR  of C-LAC  due 2026-03-01
    payment  B1   1329.15 EUR  on 2026-03-06  from C-LAC  "{text}"
"""
POSTED = lines(
    "BQ1-000001 clearing",
    "  512000 D 1329.15",
    "  622200 D 59.72",
    "  411000 C-LAC C 1388.87 (AAA)",
)


def commission(posting: str = "auto", rates: str = '"4.3%"') -> Rule:
    body = '[when]\ncustomers = ["C-LAC"]\n[component.commission]\n'
    body += f'role = "commission"\nper = "invoice"\nrate = [{rates}]\n'
    return rule("commission", body, posting=posting)


def paid(text: str) -> str:
    return CLAIMS.format(text=text)


def test_one_item_is_named_and_the_other_one_is_found(book: Book):
    """What is named leaves a sum that one other claim is worth, and no other."""
    book.write(paid("REGLT INV-1001 ET AUTRE")).clear(rules=[commission()])
    assert book.entries() == POSTED


def test_a_second_set_leaves_it_to_a_person_also_where_the_engine_showed_one(
    book: Book,
):
    """1004 and 1005 together are worth what 1003 is."""
    text = paid("REGLT INV-1001 ET AUTRE").replace("310.10", "50.01")
    book.write(text.replace("4020.42", "52.86")).clear(rules=[commission()])
    assert book.entries() == ""
    assert decision(book)["reason"] == "RULE_FITS"


def test_where_amounts_may_decide_the_only_set_is_posted(book: Book):
    """Of 32 sets one may hit the amount by chance, 49 times in a million books."""
    book.toml = TRUSTING.replace("amount_only", "max_wrong_ppm = 48\namount_only")
    book.write(paid("VIREMENT")).clear(rules=[commission()])
    assert book.entries() == ""
    assert decision(book)["reason"] == "RULE_FITS"
    book.toml = TRUSTING
    book.clear(rules=[commission()])
    assert book.entries() == POSTED
    assert book.verified()


def test_several_items_are_named_and_one_of_them_was_not_paid(book: Book):
    book.write(paid("INV-1001 INV-1002 INV-1003")).clear(
        rules=[commission("one_click")]
    )
    payment_id = book.payment_id("B1")
    assert decision(book)["reason"] == "RULE_FITS"
    apply(
        *(book.ledger, book.settings, commission("one_click"), payment_id),
        decided_by="ada",
        now=NOW,
    )
    assert book.entries() == POSTED
    assert sorted(book.open_items()) == ["INV-1002", "INV-1004", "INV-1005"]


def test_two_rules_that_find_the_same_items_are_for_a_person(book: Book):
    book.toml = TRUSTING
    body = '[component.tax]\nrole = "foreign_tax"\nper = "invoice"\nrate = "4.3%"\n'
    book.write(paid("VIREMENT")).clear(rules=[commission(), rule("tax", body)])
    assert book.entries() == ""
    assert decision(book)["reason"] == "RULES_AMBIGUOUS"
    assert decision(book)["rule"] == "commission@3, tax@3"


def test_two_sets_that_fit_tell_nothing(book: Book):
    twins = (
        paid("VIREMENT") + "    item  INV-1006  102.87 EUR  of C-LAC  due 2026-02-11\n"
    )
    book.write(twins).clear(rules=[commission()])
    assert book.entries() == ""
    assert decision(book)["rule"] is None


def test_what_a_person_undid_is_not_found_again(book: Book):
    book.toml = TRUSTING
    book.write(paid("VIREMENT")).clear(rules=[commission()])
    number = decision(book)["decision_id"]
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    book.clear(rules=[commission()])
    assert len(book.open_items()) == 5
    proposed = DecisionFilter(states=(DecisionState.PROPOSED,))
    (row,) = book.ledger.decisions(proposed).decisions.to_pylist()
    assert row["rule"] is None


def test_the_items_at_hand_go_before_those_that_are_searched(book: Book):
    """The named item fits by itself: another set is not looked for."""
    book.write("""
        item     INV-1001  1000.00 EUR  of C-LAC
        item     INV-1002   600.00 EUR  of C-LAC
        item     INV-1003   400.00 EUR  of C-LAC
        payment  B1   957.00 EUR  on 2026-03-06  from C-LAC  "INV-1001"
    """).clear(rules=[commission()])
    assert sorted(book.open_items()) == ["INV-1002", "INV-1003"]


def test_a_part_of_what_is_named_is_for_a_person_where_all_of_it_fits_too(book: Book):
    """Two of three less 2 %, or all three less 3.4 %: the rule has room for both."""
    body = '[when]\ncustomers = ["C-LAC"]\n[component.commission]\n'
    body += 'role = "commission"\namount = "gap"\nmin_rate = "1%"\nmax_rate = "{}%"\n'
    text = """
        item     INV-1001  1286.00 EUR  of C-LAC
        item     INV-1002   777.77 EUR  of C-LAC
        item     INV-1003    30.00 EUR  of C-LAC
        item     INV-1004  4020.42 EUR  of C-LAC
        payment  B1  2022.49 EUR  on 2026-03-06  from C-LAC  "{named}"
    """
    text = text.format(named="INV-1001 INV-1002 INV-1003")
    book.write(text).clear(rules=[rule("commission", body.format(6))])
    assert book.entries() == ""
    assert decision(book)["reason"] == "RULE_FITS"
    book.clear(rules=[rule("commission", body.format(3))])
    assert sorted(book.open_items()) == ["INV-1003", "INV-1004"]


FEE = '[component.fee]\nrole = "bank_charges"\namount = ["12.34", "15.00"]\n'
TAXED = """
[component.part]
role = "commission"
rate = "4.3%"
vat = { rate = "20%", role = "vat_deductible" }
"""
GAP = """
[component.part]
role = "commission"
amount = "gap"
of = "ttc"
min_rate = "4.2%"
max_rate = "4.4%"
"""


@pytest.mark.parametrize(
    ("body", "cash"), [(FEE, "1373.87"), (TAXED, "1317.21"), (GAP, "1329.15")]
)
def test_fixed_sums_rates_with_vat_and_gaps_are_searched(
    book: Book, body: str, cash: str
):
    text = paid("INV-1001 ET AUTRE").replace("1329.15", cash)
    head = '[when]\ncustomers = ["C-LAC"]\n'
    book.write(text).clear(rules=[rule("part", head + body, posting="one_click")])
    assert (decision(book)["rule"], decision(book)["reason"]) == ("part@3", "RULE_FITS")

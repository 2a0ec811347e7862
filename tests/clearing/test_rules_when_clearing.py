"""Rules meet the day's payments: one that fits posts, two are for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from clearing_book import NOW

from alloc.app.apply import apply, explain_payment, preview
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.errors import ConflictError, NotFoundError
from alloc.rules import Rule, read_rule
from alloc.rules.book import _bases

if TYPE_CHECKING:
    from clearing_book import Book

EXAMPLE = """
[[example]]
name = "one"
payment = { amount = "1.00", date = 2026-01-01 }
items = [{ id = "A", ttc = "1.00" }]
"""
SHORT = """
    item     INV-1042  120.00 EUR  of C-LAC
    payment  B1        114.00 EUR  on 2026-03-06  from C-LAC  "PAYMENT INV-1042"
"""


def lines(*said: str) -> str:
    return "\n".join(said)


def rule(rule_id: str, body: str, *, base: str = "", posting: str = "auto") -> Rule:
    head = f'id = "{rule_id}"\nversion = 3\ntitle = "T"\nauthor = "A"\n'
    head += f'posting = "{posting}"\n'
    head += f'based_on = "{base}"\n' if base else ""
    text = head + body + EXAMPLE
    return read_rule(text, name=f"rules/{rule_id}.toml", bases=_bases())


def rebate() -> Rule:
    body = '[component.rebate]\nrole = "service_rebate"\nrate = "5%"\n'
    return rule("rebate", body)


def withheld(posting: str = "auto") -> Rule:
    body = '[component.tax]\nrole = "foreign_tax"\nrate = ["5%", "10%"]\n'
    return rule("tax", body, posting=posting)


def decision(book: Book) -> dict[str, object]:
    everything = DecisionFilter(states=tuple(DecisionState))
    (row,) = book.ledger.decisions(everything).decisions.to_pylist()
    return row


def test_the_one_rule_that_explains_the_gap_posts_it(book: Book):
    report = book.write(SHORT).clear(rules=[withheld()])
    assert report.totals() == {("auto", "EUR"): (1, 11_400)}
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 114.00",
        "  637400 D 6.00",
        "  411000 C-LAC C 120.00 (AAA)",
    )
    assert decision(book)["rule"] == "tax@3"
    assert decision(book)["reason"] == "RULE"
    assert book.verified()


def test_two_rules_that_fit_are_both_named_for_a_person(book: Book):
    book.write(SHORT).clear(rules=[withheld(), rebate()])
    assert book.entries() == ""
    assert decision(book)["reason"] == "RULES_AMBIGUOUS"
    assert decision(book)["rule"] == "rebate@3, tax@3"
    assert decision(book)["status"] == "review"


def test_a_rule_of_one_click_waits_for_the_click(book: Book):
    one_click = withheld("one_click")
    book.write(SHORT).clear(rules=[one_click])
    assert book.entries() == ""
    assert (decision(book)["rule"], decision(book)["reason"]) == ("tax@3", "RULE_FITS")
    payment_id = book.payment_id("B1")
    shown = preview(book.ledger, book.settings, one_click, payment_id, today=NOW.date())
    (entry,) = shown.entries()
    assert [(line["account"], line["amount_minor"]) for line in entry["lines"]] == [
        ("512000", 11_400),
        ("637400", 600),
        ("411000", -12_000),
    ]
    assert book.entries() == ""
    done = apply(
        *(book.ledger, book.settings, one_click, payment_id), decided_by="ada", now=NOW
    )
    assert done.result is not None
    assert decision(book)["decided_by"] == "ada"
    again = apply(
        *(book.ledger, book.settings, one_click, payment_id), decided_by="ada", now=NOW
    )
    assert again.already
    assert len(book.ledger.journal().entries) == 1


def test_a_rule_that_only_shows_never_posts(book: Book):
    never = withheld("never")
    book.write(SHORT).clear(rules=[never])
    payment_id = book.payment_id("B1")
    (outcome,) = explain_payment(book.ledger, book.settings, [never], payment_id)
    assert outcome.status == "explained"
    with pytest.raises(ConflictError) as caught:
        apply(
            *(book.ledger, book.settings, never, payment_id), decided_by="ada", now=NOW
        )
    assert caught.value.reason == "RULE_NEVER_POSTS"
    assert book.entries() == ""


def test_what_a_rule_does_not_explain_is_said_and_not_posted(book: Book):
    book.write(SHORT.replace("114.00", "113.99")).clear()
    payment_id = book.payment_id("B1")
    with pytest.raises(ConflictError, match="it would explain a payment of") as caught:
        apply(
            *(book.ledger, book.settings, withheld(), payment_id),
            decided_by="ada",
            now=NOW,
        )
    assert caught.value.metadata["why"] == "GAP_DIFFERS"
    with pytest.raises(NotFoundError):
        preview(
            *(book.ledger, book.settings, withheld(), payment_id),
            today=NOW.date(),
            items=["INV-9"],
        )


def test_a_dry_run_with_rules_writes_nothing(book: Book):
    report = book.write(SHORT).clear(rules=[withheld()], dry_run=True)
    assert report.totals() == {("auto", "EUR"): (1, 11_400)}
    assert book.entries() == ""


def test_two_payments_of_a_day_do_not_clear_one_item_by_rules(book: Book):
    both = SHORT + SHORT.strip().splitlines()[1].replace("B1", "B2")
    book.write(both).clear(rules=[withheld()])
    journal = book.ledger.journal()
    assert len(journal.entries) == 1
    assert book.verified()


RETENTION = """
[component.retention]
role = "retention"
rate = "5%"
per = "invoice"
book = "transfer"
"""


def test_entries_beside_the_payment_are_undone_with_it(book: Book):
    """The retained part moved to an account of its own; a reversal brings all back."""
    retention = rule("retention", RETENTION)
    book.write(SHORT).clear(rules=[retention])
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 114.00",
        "  411000 C-LAC C 114.00 (AAA)",
        "OD-000001 clearing",
        "  411700 C-LAC D 6.00",
        "  411000 C-LAC C 6.00 (AAA)",
    )
    assert sorted(book.open_items().values()) == ["6.00"]
    assert book.verified()
    number = decision(book)["decision_id"]
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    assert book.open_items() == {"INV-1042": "120.00"}
    kinds = book.ledger.journal().entries["kind"].to_pylist()
    assert kinds == ["clearing", "clearing", "reversal", "reversal"]
    assert book.verified()


def test_what_moved_can_be_moved_again_after_a_reversal(book: Book):
    retention = rule("retention", RETENTION)
    book.write(SHORT).clear(rules=[retention])
    number = decision(book)["decision_id"]
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    payment_id = book.payment_id("B1")
    apply(
        *(book.ledger, book.settings, retention, payment_id),
        items=["INV-1042"],
        decided_by="ada",
        now=NOW,
    )
    assert sorted(book.open_items().values()) == ["6.00"]
    assert book.verified()


def test_a_part_that_moved_cannot_be_undone_once_it_was_paid(book: Book):
    retention = rule("retention", RETENTION)
    book.write(SHORT).clear(rules=[retention])
    first = decision(book)["decision_id"]
    book.write("""
        payment  B2  6.00 EUR  on 2026-03-20  from C-LAC  "RELEASE INV-1042"
    """)
    book.clear()
    assert book.open_items() == {}
    with pytest.raises(ConflictError) as caught:
        reverse(book.ledger, book.settings, first, decided_by="ada", now=NOW)
    assert caught.value.reason == "ON_ACCOUNT_USED"


FEES = """
    payment  B1  -18.90 EUR  on 2026-03-06  from BANK  "COTISATION COMPTE MARS"
    payment  B2  -55.00 EUR  on 2026-03-06  from SHOP  "CARTE 0603"
"""


def bank_fee() -> Rule:
    return rule("fee", "", base="bank-fee")


def test_a_fee_of_the_bank_is_posted_and_other_debits_stay_aside(book: Book):
    report = book.write(FEES).clear(rules=[bank_fee()])
    assert (report.entries, report.outcomes.num_rows) == (1, 0)
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  627800 D 18.90",
        "  512000 C 18.90",
    )
    assert book.states() == {"B1": "posted", "B2": "aside"}
    assert book.verified()
    book.clear(rules=[bank_fee()])
    assert len(book.ledger.journal().entries) == 1


def test_a_return_and_a_supplier_are_no_fee_of_the_bank(book: Book):
    book.write("""
        payment  B1    -44.50 EUR  on 2026-03-20  from BANK  "REJET SDD FRAIS 4,50"
        payment  B2  -5400.00 EUR  on 2026-03-20  from SHOP  "COMMISSION APPORTEUR"
    """).clear(rules=[bank_fee()])
    assert book.entries() == ""
    assert book.states() == {"B1": "aside", "B2": "aside"}


def test_vat_of_a_fee_is_deducted_where_the_rule_says_so(book: Book):
    vat = '[component.fee]\nvat = { rate = "20%", role = "vat_deductible" }\n'
    book.write(FEES).clear(rules=[rule("fee", vat, base="bank-fee")])
    assert "  445660 D 3.15" in book.entries()


def test_a_posted_fee_can_be_undone_and_is_aside_again(book: Book):
    book.write(FEES).clear(rules=[bank_fee()])
    number = decision(book)["decision_id"]
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    assert book.states() == {"B1": "aside", "B2": "aside"}
    assert book.verified()


def test_a_debit_is_no_payment_for_a_rule_of_payments(book: Book):
    book.write(FEES)
    payment_id = book.payment_id("B2")
    (outcome,) = explain_payment(book.ledger, book.settings, [withheld()], payment_id)
    assert outcome.reason == "DIRECTION_DIFFERS"


PAID = """
    item     INV-1042  120.00 EUR  of C-LAC
    payment  B1        120.00 EUR  on 2026-03-06  from C-LAC  "INV-1042"  e2e DD-77
"""
RETURNED = """
    payment  B2  -124.50 EUR  on 2026-03-10  from C-LAC  "REJET PRLV AM04"  e2e DD-77
"""


def returned_payment(posting: str = "auto") -> Rule:
    return rule("returned", "", base="returned-payment", posting=posting)


def test_a_returned_payment_opens_its_items_and_stays_in_the_books(book: Book):
    book.write(PAID).clear()
    assert book.open_items() == {}
    book.write(RETURNED).clear(rules=[returned_payment()])
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 120.00",
        "  411000 C-LAC C 120.00 (AAB)",
        "BQ1-000002 clearing",
        "  411000 C-LAC D 120.00 (AAB)",
        "  627800 D 4.50",
        "  512000 C 124.50",
    )
    assert book.open_items() == {"INV-1042": "120.00"}
    assert book.states() == {"B1": "posted", "B2": "posted"}
    assert book.verified()
    book.clear(rules=[returned_payment()])
    assert len(book.ledger.journal().entries) == 2


def test_what_was_returned_can_be_paid_again(book: Book):
    book.write(PAID).clear()
    book.write(RETURNED).clear(rules=[returned_payment()])
    book.write(PAID.splitlines()[2].replace("B1", "B3").replace("DD-77", "DD-78"))
    book.clear()
    assert book.open_items() == {}
    assert book.verified()


def test_a_part_that_others_paid_keeps_its_letter_after_a_return(book: Book):
    book.write("""
        item     INV-1042  120.00 EUR  of C-LAC
        payment  B0         50.00 EUR  on 2026-03-05  from C-LAC  "INV-1042"
        payment  B1         70.00 EUR  on 2026-03-06  from C-LAC  "INV-1042"  e2e DD-77
    """)
    book.clear(rules=[rule("short", "", base="short-payment")])
    assert book.open_items() == {}
    book.write(RETURNED.replace("124.50", "70.00"))
    book.clear(rules=[returned_payment()])
    assert book.open_items() == {"INV-1042": "70.00"}
    kinds = book.ledger.letters().groups["kind"].to_pylist()
    assert sorted(kinds) == ["full", "partial"]
    assert book.verified()


def test_a_return_is_neither_undone_nor_posted_twice(book: Book):
    book.write(PAID).clear()
    book.write(RETURNED).clear(rules=[returned_payment()])
    everything = DecisionFilter(states=tuple(DecisionState))
    for row in book.ledger.decisions(everything).decisions.to_pylist():
        with pytest.raises(ConflictError) as caught:
            reverse(
                *(book.ledger, book.settings, row["decision_id"]),
                decided_by="ada",
                now=NOW,
            )
        assert caught.value.reason == "PAYMENT_RETURNED"
    assert len(book.ledger.journal().entries) == 2


def test_a_return_of_nothing_we_know_stays_aside(book: Book):
    book.write(RETURNED).clear(rules=[returned_payment()])
    assert book.states() == {"B2": "aside"}


def test_a_deposit_keeps_its_vat_until_its_invoice(book: Book):
    """VAT falls due with the deposit, and is turned when the invoice takes it up."""
    book.write("""
        item     ORD-1     1.00 EUR  of C-LAC
        payment  B1     1200.00 EUR  on 2026-03-06  from C-LAC  "ACOMPTE COMMANDE 77"
    """)
    book.clear(rules=[rule("deposit", "", base="deposit")])
    book.write("""
        item     INV-1042  3600.00 EUR  of C-LAC
        payment  B2        2400.00 EUR  on 2026-03-20  from C-LAC  "INV-1042"
    """)
    imputed = rule("imputed", "", base="deposit-imputed")
    payment_id = book.payment_id("B2")
    apply(
        *(book.ledger, book.settings, imputed, payment_id),
        items=["INV-1042"],
        decided_by="ada",
        now=NOW,
    )
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 1200.00",
        "  445800 D 200.00",
        "  445710 C 200.00",
        "  419100 C-LAC C 1200.00 (AAA)",
        "BQ1-000002 clearing",
        "  512000 D 2400.00",
        "  411000 C-LAC C 2400.00 (AAA)",
        "OD-000001 clearing",
        "  445710 D 200.00",
        "  419100 C-LAC D 1200.00 (AAA)",
        "  411000 C-LAC C 1200.00 (AAA)",
        "  445800 C 200.00",
    )
    assert book.open_items() == {"ORD-1": "1.00"}
    assert book.verified()


def test_a_rule_that_cannot_be_drafted_does_not_stop_the_day(book: Book):
    moved = rule(
        "moved",
        '[component.part]\nrole = "intercompany"\nrate = "5%"\nper = "invoice"\n'
        'book = "transfer"\n',
    )
    (part,) = moved.components
    unknown = msgspec.structs.replace(part, role="no_such_role")
    broken = msgspec.structs.replace(moved, components=(unknown,))
    book.write(SHORT).clear(rules=[broken])
    assert decision(book)["reason"] == "RULE_NOT_POSTED"
    assert book.entries() == ""


TWO_COMPANIES = '[[entity]]\nid = "E2"\nname = "Garage Deux"\n'
LINK = '[link]\nentity = "E2"\nparty_here = "IC-E2"\nparty_there = "IC-E1"\n'


def test_money_for_another_company_is_owed_to_it_and_undone_in_both_books(book: Book):
    book.toml += TWO_COMPANIES
    book.write("""
        item     INV-1042  120.00 EUR  of C-LAC  at E2
        item     INV-7     999.00 EUR  of C-LAC  at E1
        payment  B1        120.00 EUR  on 2026-03-06  from C-LAC  "OUR PAYMENT"
    """)
    book.clear(rules=[rule("link", LINK, base="wrong-entity")])
    assert book.entries() == lines(
        "BQ1-000001 clearing",
        "  512000 D 120.00",
        "  451000 IC-E2 C 120.00",
        "OD-000001 clearing",
        "  451000 IC-E1 D 120.00",
        "  411000 C-LAC C 120.00 (AAA)",
    )
    entities = book.ledger.journal().entries["entity"].to_pylist()
    assert entities == ["E1", "E2"]
    assert book.verified()
    number = decision(book)["decision_id"]
    reverse(book.ledger, book.settings, number, decided_by="ada", now=NOW)
    assert book.open_items() == {"INV-1042": "120.00", "INV-7": "999.00"}
    entities = book.ledger.journal().entries["entity"].to_pylist()
    assert entities == ["E1", "E2", "E1", "E2"]
    assert book.verified()


def test_a_rule_of_the_company_goes_before_a_deduction_of_the_policy(book: Book):
    book.toml = book.toml.replace("[policy]\n", '[policy]\ndeductions = ["discount"]\n')
    body = '[component.discount]\nrole = "service_rebate"\nrate = "0.5%"\n'
    book.write(SHORT.replace("114.00", "119.40")).clear(rules=[rule("rebate", body)])
    assert "709600 D 0.60" in book.entries()
    assert decision(book)["rule"] == "rebate@3"


def test_a_deduction_of_the_policy_posts_where_no_rule_fits(book: Book):
    book.toml = book.toml.replace("[policy]\n", '[policy]\ndeductions = ["discount"]\n')
    body = '[component.rebate]\nrole = "service_rebate"\nrate = "7%"\n'
    book.write(SHORT.replace("114.00", "119.40")).clear(rules=[rule("rebate", body)])
    assert "665000 D 0.60" in book.entries()
    assert decision(book)["reason"] == "DEDUCTION_EXPLAINED"


def deposit() -> Rule:
    return rule("deposit", "", base="deposit")


def test_a_deposit_on_an_invoice_that_is_named_is_a_part_payment_of_it(book: Book):
    book.write("""
        item     INV-1042  1200.00 EUR  of C-LAC
        payment  B1         500.00 EUR  on 2026-03-06  from C-LAC  "ACOMPTE INV-1042"
    """).clear(rules=[deposit()])
    assert "419100" not in book.entries()
    (outcome,) = explain_payment(
        *(book.ledger, book.settings, [deposit()], book.payment_id("B1"))
    )
    assert (outcome.status, outcome.reason) == ("none", "ITEMS_NAMED")
    assert "it names INV-1042, which is open" in outcome.message


def test_a_deposit_that_names_an_order_is_a_deposit_beside_open_invoices(book: Book):
    book.write("""
        item     INV-1042  1200.00 EUR  of C-LAC
        payment  B1         500.00 EUR  on 2026-03-06  from C-LAC  "ACOMPTE CDE 8812"
    """).clear(rules=[deposit()])
    assert "419100 C-LAC C 500.00" in book.entries()

"""Entries without a payment: losses, transfers, set-offs, assignments to a factor."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from clearing_book import NOW
from test_rules_when_clearing import lines, rule

from alloc.app.apply import apply, preview
from alloc.app.operation import Operation
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.errors import ConflictError, InputError, NotFoundError
from alloc.rules import run_examples
from alloc.rules.book import library

if TYPE_CHECKING:
    from clearing_book import Book

    from alloc.app.apply import Applied
    from alloc.rules import Rule

DAY = dt.date(2026, 3, 20)
CLAIMS_AND_DEBT = """
    item     INV-7  310.00 EUR  of C-LAC  issued 2026-01-05
    item     INV-8  400.00 EUR  of C-LAC  issued 2026-02-05
    item     S-1   -500.00 EUR  of C-LAC  issued 2026-02-07
"""


def doubtful() -> Rule:
    return rule("doubt", "", base="doubtful", posting="one_click")


def set_off(members: str = "") -> Rule:
    body = f"[when]\nmembers = [{members}]\n" if members else ""
    return rule("net", body, base="set-off", posting="one_click")


def operate(book: Book, by: Rule, *items: str, date: dt.date = DAY) -> Applied:
    operation = Operation(items=items, date=date, reference="OD-7")
    return apply(
        *(book.ledger, book.settings, by, operation), decided_by="anna", now=NOW
    )


def test_claims_and_debts_clear_each_other_up_to_the_smaller_side(book: Book):
    book.write(CLAIMS_AND_DEBT)
    operate(book, set_off(), "INV-7", "INV-8", "S-1")
    assert book.open_items() == {"INV-8": "210.00"}
    assert book.entries() == lines(
        "OD-000001 clearing",
        "  411000 C-LAC D 500.00 (AAA)",
        "  411000 C-LAC C 310.00 (AAB)",
        "  411000 C-LAC C 190.00 (aaa)",
    )
    assert book.verified()


def test_a_set_off_needs_one_party_or_members_of_an_agreement(book: Book):
    book.write("""
        item  INV-7  310.00 EUR  of C-LAC
        item  INV-8  400.00 EUR  of C-MER
        item  S-1   -500.00 EUR  of F-SEL
    """)
    with pytest.raises(InputError) as caught:
        operate(book, set_off(), "INV-7", "S-1")
    assert caught.value.reason == "PARTY_DIFFERS"
    three = set_off('"C-LAC", "C-MER", "F-SEL"')
    operate(book, three, "INV-7", "INV-8", "S-1")
    assert book.open_items() == {"INV-8": "210.00"}
    assert book.verified()


def test_a_doubtful_claim_moves_to_its_own_account_as_a_new_item(book: Book):
    book.write("item  INV-7  310.00 EUR  of C-LAC")
    operate(book, doubtful(), "INV-7")
    assert book.entries() == lines(
        "OD-000001 clearing",
        "  416000 C-LAC D 310.00",
        "  411000 C-LAC C 310.00 (AAA)",
    )
    assert list(book.open_items().values()) == ["310.00"]
    assert book.verified()


def test_what_becomes_doubtful_keeps_its_vat_for_the_day_it_is_lost(book: Book):
    book.write("item  INV-7  225.50 EUR  of C-LAC  vat 20%=20.00,10%=9.59")
    operate(book, doubtful(), "INV-7")
    (moved,) = book.open_items()
    operate(book, rule("lost", "", base="bad-debt", posting="one_click"), moved)
    assert book.entries().endswith(
        lines(
            "OD-000002 clearing",
            "  654100 D 195.91",
            "  445710 D 20.00",
            "  445710 D 9.59",
            "  416000 C-LAC C 225.50 (AAA)",
        ).removeprefix("\n")
    )
    assert book.verified()


def test_asked_twice_it_is_posted_once(book: Book):
    book.write("item  INV-7  310.00 EUR  of C-LAC")
    assert not operate(book, doubtful(), "INV-7").already
    assert operate(book, doubtful(), "INV-7").already
    assert book.ledger.counts().entries == 1


def test_an_operation_is_undone_and_may_be_done_again(book: Book):
    book.write("item  INV-7  310.00 EUR  of C-LAC")
    operate(book, doubtful(), "INV-7")
    posted = DecisionFilter(states=(DecisionState.POSTED,))
    (decision,) = book.ledger.decisions(posted).decisions.to_pylist()
    assert (decision["entity"], decision["value_date"]) == ("E1", DAY)
    undone = reverse(
        *(book.ledger, book.settings, decision["decision_id"]),
        decided_by="anna",
        now=NOW,
    )
    assert undone.payment_state is None
    assert book.open_items() == {"INV-7": "310.00"}
    assert book.verified()
    operate(book, doubtful(), "INV-7")
    assert list(book.open_items().values()) == ["310.00"]
    assert book.verified()


def test_an_operation_names_its_items_and_they_are_open(book: Book):
    book.write("item  INV-7  310.00 EUR  of C-LAC")
    with pytest.raises(InputError) as none:
        operate(book, doubtful())
    assert none.value.reason == "ITEMS_NEEDED"
    with pytest.raises(NotFoundError) as unknown:
        operate(book, doubtful(), "INV-9")
    assert unknown.value.reason == "ITEM_UNKNOWN"


def assigned() -> Rule:
    body = "[component]\nguarantee = false\ncommission = false\nfinancing = false\n"
    return rule("sold", body, base="factor-assignment", posting="one_click")


def test_an_assigned_invoice_comes_back_with_its_vat(book: Book):
    book.write("item  INV-7  240.00 EUR  of C-LAC  vat 20%=40.00")
    back = rule("back", "", base="factor-recourse", posting="one_click")
    operate(book, assigned(), "INV-7")
    operate(book, back, "INV-7")
    assert sorted(book.open_items().values()) == ["-240.00", "240.00", "240.00"]
    claim = next(
        row
        for row in book.ledger.open_items().to_pylist()
        if row["customer_id"] == "C-LAC"
    )
    assert [line["vat_minor"] for line in claim["vat"]] == [4_000]
    assert book.verified()


def test_what_the_factor_never_had_does_not_come_back(book: Book):
    book.write("""
        item  INV-7  240.00 EUR  of C-LAC
        item  INV-8  100.00 EUR  of C-LAC
    """)
    back = rule("back", "", base="factor-recourse", posting="one_click")
    operate(book, doubtful(), "INV-8")
    for item in ("INV-7", "INV-8"):
        with pytest.raises(NotFoundError) as caught:
            operate(book, back, item)
        assert caught.value.reason == "ITEM_UNKNOWN"


def test_a_rule_for_payments_does_nothing_without_one(book: Book):
    book.write("item  INV-7  310.00 EUR  of C-LAC")
    body = '[component.tax]\nrole = "foreign_tax"\nrate = ["5%", "10%"]\n'
    with pytest.raises(ConflictError) as caught:
        operate(book, rule("tax", body), "INV-7")
    assert caught.value.metadata["why"] == "AMOUNT_ZERO"


def test_a_rule_for_no_payment_leaves_payments_alone(book: Book):
    book.write("""
        item     INV-1042  120.00 EUR  of C-LAC
        payment  B1        114.00 EUR  on 2026-03-06  from C-LAC  "INV-1042"
    """)
    shown = preview(
        *(book.ledger, book.settings, doubtful(), book.payment_id("B1")),
        today=NOW.date(),
    )
    assert shown.outcome.reason == "DIRECTION_DIFFERS"
    book.clear(rules=(doubtful(),))
    assert book.states() == {"B1": "review"}


def test_nothing_posts_an_operation_by_itself():
    with pytest.raises(InputError, match="nothing happens that it could follow"):
        rule("doubt", "", base="doubtful", posting="auto")


def test_in_a_closed_period_it_stands_on_the_first_open_day(book: Book):
    book.toml = book.toml.replace(
        'name = "Garage Test"', 'name = "Garage Test"\nlocked_until = 2026-03-31'
    )
    book.write("item  INV-7  310.00 EUR  of C-LAC")
    operate(book, doubtful(), "INV-7")
    (entry,) = book.ledger.journal().entries.to_pylist()
    days = (str(entry["posting_date"]), str(entry["piece_date"]))
    assert days == ("2026-04-01", "2026-03-20")
    assert entry["piece_ref"] == "OD-7"


def test_a_component_of_the_library_may_be_left_out_or_said_otherwise():
    body = "[component]\nguarantee = false\n"
    body += '[component.financing]\namount = "10.00"\n'
    made = rule("factor", body, base="factor-assignment", posting="one_click")
    names = [component.name for component in made.components]
    assert names == ["commission", "financing", "net"]
    assert made.components[1].amounts_minor == (1_000,)


def test_the_examples_of_the_library_hold():
    found = [v for one in library() for v in run_examples(one) if v.problems]
    assert found == []

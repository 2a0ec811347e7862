"""Before a rule goes live: what it would have done, beside what was decided."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clearing_book import NOW, Book, major
from test_rules_when_clearing import decision, rule

from alloc.app.apply import apply
from alloc.app.impact import Impact, Verdict, impact
from alloc.app.past import FollowedBook, past_of_ledger
from alloc.app.reverse import reverse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.rules import Rule

FEE = """
[when]
payers = ["C-LAC"]
[component.fee]
role = "bank_charges"
amount = "gap"
max_rate = "6%"
[[example]]
name = "one"
payment = { amount = "114.00", date = 2026-01-01, payer = "C-LAC" }
items = [{ id = "A", ttc = "120.00" }]
lines = ["bank_charges 6.00"]
"""
SHORT = """
    item     INV-1042  120.00 EUR  of C-LAC
    payment  B1        114.00 EUR  on 2026-03-06  from C-LAC  "PAYMENT INV-1042"
"""
SINCE = dt.date(2026, 3, 1)


def fee(posting: str = "one_click") -> Rule:
    return rule("fee", FEE, posting=posting)


def told(book: Book, tried: Rule | None = None, others: Sequence[Rule] = ()) -> Impact:
    before = counted(book)
    shown = impact(
        *(book.ledger, book.settings, tried or fee()),
        others=others,
        since=SINCE,
        today=NOW.date(),
    )
    assert counted(book) == before, "an impact writes nothing"
    return shown


def counted(book: Book) -> tuple[object, ...]:
    return book.ledger.counts(), book.open_items(), book.states()


def verdicts(shown: Impact) -> dict[str, str]:
    return {case.payment_id: case.verdict.value for case in shown.cases}


def post_by_hand(book: Book, reference: str, by: Rule) -> None:
    apply(
        *(book.ledger, book.settings, by, book.payment_id(reference)),
        decided_by="ada",
        now=NOW,
    )


def test_a_payment_that_waits_would_have_been_cleared(book: Book):
    book.write(SHORT).clear()
    (case,) = told(book).cases
    assert case.verdict is Verdict.CLEARS
    assert (case.items, case.lines) == (
        (("INV-1042", 12_000),),
        (("bank_charges", 600),),
    )
    assert (case.payer, case.decided_by, major(case.amount_minor)) == (
        "C-LAC",
        "",
        "114.00",
    )


def test_what_a_person_decided_the_same_way_agrees(book: Book):
    book.write(SHORT).clear()
    post_by_hand(book, "B1", fee())
    shown = told(book)
    assert list(verdicts(shown).values()) == ["agrees"]
    assert shown.cases[0].decided_by == "ada"
    assert shown.totals() == {("agrees", "EUR"): (1, 11_400)}


def test_what_a_person_decided_otherwise_is_wrong(book: Book):
    book.write(SHORT).clear()
    other = rule("discount", FEE.replace("bank_charges", "discount_granted"))
    post_by_hand(book, "B1", other)
    (case,) = told(book).cases
    assert case.verdict is Verdict.WRONG
    assert case.decided_lines == (("discount_granted", 600),)


def test_a_match_that_a_person_refused_is_wrong(book: Book):
    book.write(SHORT).clear(rules=[fee("auto")])
    reverse(
        *(book.ledger, book.settings, decision(book)["decision_id"]),
        decided_by="ada",
        now=NOW,
    )
    assert list(verdicts(told(book)).values()) == ["wrong"]


def test_what_another_rule_posted_otherwise_differs(book: Book):
    other = rule("other", FEE.replace("bank_charges", "rounding_loss"), posting="auto")
    book.write(SHORT).clear(rules=[other])
    shown = told(book)
    assert list(verdicts(shown).values()) == ["differs"]
    contended = told(book, others=[other])
    assert [(one.verdict, one.reason) for one in contended.cases] == [
        (Verdict.PERSON, "RULES_AMBIGUOUS")
    ]


def test_another_version_of_the_rule_does_not_contend(book: Book):
    book.write(SHORT).clear()
    assert list(verdicts(told(book, others=[fee("auto")])).values()) == ["clears"]


def test_what_the_engine_clears_is_left_to_it(book: Book):
    book.write(SHORT.replace("114.00", "120.00")).clear()
    assert told(book).cases == ()
    assert told(book).payments == 1


def test_days_before_the_date_are_not_replayed(book: Book):
    book.write(SHORT.replace("2026-03-06", "2026-02-27")).clear()
    assert told(book).payments == 0


def test_a_rule_that_begins_today_is_tried_on_the_past(book: Book):
    book.write(SHORT).clear()
    late = "valid_from = 2026-03-31\n" + FEE
    assert list(verdicts(told(book, rule("fee", late))).values()) == ["clears"]


def test_the_rule_is_not_shown_what_was_decided(book: Book):
    """Two items fit: a person knew which one, the rule could not."""
    book.write("""
        item     INV-1042  120.00 EUR  of C-LAC
        item     INV-1043  120.00 EUR  of C-LAC
        payment  B1        114.00 EUR  on 2026-03-06  from C-LAC  "PAYMENT"
    """)
    book.clear()
    apply(
        *(book.ledger, book.settings, fee(), book.payment_id("B1")),
        items=["INV-1042"],
        decided_by="ada",
        now=NOW,
    )
    assert all(case.verdict is not Verdict.AGREES for case in told(book).cases)


def test_items_are_those_that_were_open_on_the_day(book: Book):
    """The invoice of the second payment was paid since; on its day it was open."""
    book.write("""
        item     INV-1042  120.00 EUR  of C-LAC
        item     INV-2077  100.00 EUR  of C-LAC
        payment  B1        114.00 EUR  on 2026-03-06  from C-LAC  "PAYMENT INV-1042"
        payment  B2         95.00 EUR  on 2026-03-09  from C-LAC  "PAYMENT INV-2077"
    """)
    book.clear()
    for reference in ("B2", "B1"):
        post_by_hand(book, reference, fee())
    assert book.open_items() == {}
    assert list(verdicts(told(book)).values()) == ["agrees", "agrees"]


def test_what_was_cleared_is_not_there_for_the_next_day(book: Book):
    book.write(SHORT).clear()
    post_by_hand(book, "B1", fee())
    book.write(SHORT.splitlines()[2].replace("B1", "B2").replace("03-06", "03-09"))
    book.clear()
    assert verdicts(told(book)) == {book.payment_id("B1"): "agrees"}


def test_what_a_payment_leaves_on_account_is_there_from_the_next_day_on(book: Book):
    book.write(SHORT.replace("114.00", "121.00")).clear()
    post_by_hand(book, "B1", rule("over", "", base="overpayment"))
    (own,) = book.open_items()
    followed = FollowedBook(past_of_ledger(book.ledger, since=SINCE, until=None))
    seen = [
        set(followed.visible(dt.date(2026, 3, day))["item_id"].to_pylist())
        for day in (6, 7)
    ]
    assert seen == [{"INV-1042"}, {"INV-1042", own}]


def test_a_fee_of_the_bank_that_waits_would_have_been_posted(book: Book):
    book.write('payment B2 -4.50 EUR on 2026-03-10 from BANK "FRAIS DE TENUE"')
    (case,) = told(book, rule("fees", "", base="bank-fee")).cases
    assert (case.verdict, case.amount_minor) == (Verdict.CLEARS, -450)

"""What people accept as deductions becomes rules, if a person says so."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest
from clearing_book import NOW, Book

from alloc.app.apply import apply
from alloc.app.impact import Verdict, impact
from alloc.app.lessons import KEPT_DAYS, Lesson, proposed_lessons
from alloc.app.payer_memory import RULE, FactKey
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse
from alloc.app.review import Rank, accept
from alloc.rules import parse_rule
from alloc.rules.model import Posting

if TYPE_CHECKING:
    from alloc.rules import Rule

DAY = NOW.date()
#: Sums of invoices, and what is left of them.
DISCOUNT = (("1234.57", "1209.88"), ("871.30", "853.87"), ("2213.41", "2169.14"))
FEES = (("1234.57", "1219.57"), ("871.33", "856.33"), ("2213.41", "2198.41"))
COMMISSION = (("1234.57", "1190.12"), ("871.30", "839.93"), ("2213.41", "2133.73"))


def accepted(
    book: Book,
    pairs: tuple[tuple[str, str], ...],
    first: int = 1,
    now: dt.datetime = NOW,
) -> Book:
    """A person accepts the deduction that the engine proposes, payment by payment."""
    for at, (amount, cash) in enumerate(pairs, start=first):
        book.write(f"""
            item INV-10{at} {amount} EUR of C-LAC issued 2026-03-0{at}
            payment B{at} {cash} EUR on 2026-03-1{at} from C-LAC "INV-10{at}"
        """).clear()
        payment_id = book.payment_id(f"B{at}")
        asked = (book.ledger, book.settings, payment_id, Rank())
        accept(*asked, decided_by="ada", now=now)
    return book


def lessons(book: Book, day: dt.date = DAY, *rules: Rule) -> list[Lesson]:
    return proposed_lessons(book.ledger, rules, day)


def rule_of(lesson: Lesson, day: dt.date = DAY) -> Rule:
    text = lesson.text(author="ada", version=1, day=day)
    return parse_rule(text, name="rules/learned.toml")


@pytest.mark.parametrize(
    ("pairs", "role", "value"),
    [
        (DISCOUNT, "discount_granted", "2%"),
        (FEES, "bank_charges", "15.00"),
        (COMMISSION, "commission", "3%"),
    ],
)
def test_a_deduction_that_is_accepted_three_times_is_a_rule_to_propose(
    book: Book, pairs: tuple[tuple[str, str], ...], role: str, value: str
):
    accepted(book, pairs[:2])
    assert lessons(book) == [], "twice may be by accident"
    (lesson,) = lessons(accepted(book, pairs[2:], first=3))
    assert (lesson.role, lesson.value, len(lesson.cases)) == (role, value, 3)
    assert (lesson.entity, lesson.customer_id) == ("E1", "C-LAC")
    rule = rule_of(lesson)
    assert rule.when.customers == ("C-LAC",)
    assert rule.when.entities == ("E1",)
    assert rule.valid_until == DAY + dt.timedelta(days=KEPT_DAYS)
    assert (rule.author, rule.posting) == ("ada", Posting.AUTO)


def test_the_rule_does_to_the_past_what_people_did(book: Book):
    (lesson,) = lessons(accepted(book, DISCOUNT))
    told = impact(
        *(book.ledger, book.settings, rule_of(lesson)),
        others=(),
        since=lesson.cases[0].value_date,
        today=DAY,
    )
    assert [case.verdict for case in told.cases] == [Verdict.AGREES] * 3


def test_the_rule_posts_the_next_payment_alone_and_only_that_payers(book: Book):
    (lesson,) = lessons(accepted(book, DISCOUNT))
    rule = msgspec.structs.replace(rule_of(lesson), valid_from=None)
    book.write("""
        item INV-201 457.11 EUR of C-LAC issued 2026-03-15
        item INV-301 457.11 EUR of C-BAU issued 2026-03-15
        payment B7 447.97 EUR on 2026-03-20 from C-LAC "INV-201"
        payment B8 447.97 EUR on 2026-03-20 from C-BAU "INV-301"
    """).clear(rules=[rule])
    states = book.states()
    assert (states["B7"], states["B8"]) == ("posted", "review")
    assert book.verified()


def test_a_discount_is_for_payments_as_early_as_those_that_taught_it(book: Book):
    (lesson,) = lessons(accepted(book, DISCOUNT))
    assert rule_of(lesson).when.within_days == lesson.within_days == 10


def test_what_is_undone_or_old_teaches_no_rule(book: Book):
    accepted(book, DISCOUNT)
    assert len(lessons(book, dt.date(2027, 3, 11))) == 1
    assert lessons(book, dt.date(2027, 3, 12)) == []
    which = DecisionFilter(states=(DecisionState.POSTED,))
    decided = book.ledger.decisions(which).decisions["decision_id"].to_pylist()
    reverse(*(book.ledger, book.settings, max(decided)), decided_by="ada", now=NOW)
    assert lessons(book) == []


def test_what_is_accepted_after_a_day_does_not_teach_it(book: Book):
    accepted(book, DISCOUNT)
    third = dt.date(2026, 3, 13)
    (before,) = lessons(book, third)
    assert lessons(book, third - dt.timedelta(days=1)) == [], "two were there"
    more = (("1234.61", "1209.92"), ("871.33", "853.90"), ("2213.47", "2169.20"))
    accepted(book, more, first=4)
    assert lessons(book, third) == [before]
    assert lessons(book, third - dt.timedelta(days=1)) == []
    assert [len(later.cases) for later in lessons(book)] == [6]


def test_what_a_rule_of_the_workspace_says_is_not_proposed_while_it_holds(book: Book):
    (lesson,) = lessons(accepted(book, DISCOUNT))
    rule = rule_of(lesson)
    assert lessons(book, DAY, rule) == []
    ended = msgspec.structs.replace(rule, valid_until=DAY - dt.timedelta(days=1))
    assert lessons(book, DAY, ended) == [lesson]


def test_a_refused_rule_is_proposed_again_when_the_evidence_has_doubled(book: Book):
    (lesson,) = lessons(accepted(book, DISCOUNT))
    key = FactKey(RULE, lesson.rule_id, lesson.customer_id)
    book.ledger.forget_facts([key], forgotten_by="ada", reason="once only", now=NOW)
    assert lessons(book) == []
    later = NOW + dt.timedelta(days=1)
    more = (("1234.61", "1209.92"), ("871.33", "853.90"), ("2213.47", "2169.20"))
    accepted(book, more[:2], first=4, now=later)
    assert lessons(book) == [], "five after three"
    accepted(book, more[2:], first=6, now=later)
    assert [len(again.cases) for again in lessons(book)] == [6]
    book.ledger.forget_facts([key], forgotten_by="ada", reason="no", now=later)
    assert lessons(book) == []
    refusals = book.ledger.forgotten_facts(lesson.rule_id)
    assert refusals.num_rows == 2, "each is kept"


def test_what_nobody_accepted_and_what_a_rule_explains_teaches_no_rule(book: Book):
    (lesson,) = lessons(accepted(book, DISCOUNT))
    rule = msgspec.structs.replace(rule_of(lesson), valid_from=None)
    book.toml = book.toml.replace("[policy]", '[policy]\ndeductions = ["bank_fee"]')
    for at, (amount, cash) in enumerate(FEES, start=1):
        book.write(f"""
            item INV-30{at} {amount} EUR of C-BAU issued 2026-03-0{at}
            payment B3{at} {cash} EUR on 2026-03-1{at} from C-BAU "INV-30{at}"
        """).clear()
        discounted = DISCOUNT[at - 1][1]
        book.write(f"""
            item INV-50{at} {DISCOUNT[at - 1][0]} EUR of C-LAC issued 2026-03-0{at}
            payment B5{at} {discounted} EUR on 2026-03-1{at} from C-LAC "INV-50{at}"
        """).clear()
        asked = (book.ledger, book.settings, rule, book.payment_id(f"B5{at}"))
        apply(*asked, decided_by="ada", now=NOW)
        assert book.states()[f"B3{at}"] == "posted", "by alloc"
    assert lessons(book) == [lesson]


def test_a_discount_on_the_sum_is_rounded_on_the_sum(book: Book):
    for at in (1, 2, 3):
        names = [f"INV-{at}0{number}" for number in (1, 2, 3)]
        amounts = ("100.25", "200.75", "300.75")
        for name, amount in zip(names, amounts, strict=True):
            book.write(f"item {name} {amount} EUR of C-LAC issued 2026-03-0{at}")
        says = " ".join(names)
        book.write(f'payment B{at} 589.71 EUR on 2026-03-1{at} from C-LAC "{says}"')
        book.clear()
        asked = (book.ledger, book.settings, book.payment_id(f"B{at}"), Rank())
        accept(*asked, decided_by="ada", now=NOW)
    (lesson,) = lessons(book)
    assert (lesson.per, lesson.value) == ("payment", "2%")

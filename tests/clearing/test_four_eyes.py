"""A large payment is posted once two people accepted the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from clearing_book import NOW

from alloc.app.apply import apply
from alloc.app.audit import AuditFilter
from alloc.app.reverse import reverse
from alloc.app.review import Items, OnAccount, Rank, accept
from alloc.errors import ConflictError, InputError
from alloc.rules.reading import read_rule
from alloc.settings import load_settings

if TYPE_CHECKING:
    from clearing_book import Book

    from alloc.app.reversal import ReverseResult
    from alloc.app.review import Accepted, Choice

RULE = """
id = "fee"
version = 1
title = "Fee"
author = "Ada"
[component.fee]
role = "bank_charges"
amount = ["1.00"]
side = "debit"
[[example]]
name = "a fee"
payment = { amount = "99.00", date = 2026-03-06 }
items = [{ id = "F1", ttc = "100.00" }]
lines = ["bank_charges 1.00"]
"""


@pytest.fixture
def careful(book: Book) -> Book:
    """Books in which 1000.00 is the most that one person may post."""
    book.toml = book.toml.replace(
        "[[entity]]", '[[entity]]\nfour_eyes_above = "1000.00"'
    )
    return book


def accepted(book: Book, who: str, choice: Choice = Rank(0)) -> Accepted:  # noqa: B008 - frozen
    payment_id = book.payment_id("B1")
    return accept(
        *(book.ledger, book.settings, payment_id, choice), decided_by=who, now=NOW
    )


def told(book: Book) -> list[dict[str, Any]]:
    return [
        json.loads(row["document"])
        for table in book.ledger.audit(AuditFilter())
        for row in table.to_pylist()
    ]


def test_up_to_the_limit_nothing_changes(careful: Book) -> None:
    careful.write("""
        item     FA100234  1000.00 EUR  of ACME
        payment  B1        1000.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    careful.clear()
    assert careful.states() == {"B1": "posted"}


def test_above_it_nothing_is_posted_without_two_people(careful: Book) -> None:
    careful.write("""
        item     FA100234  1000.01 EUR  of ACME
        payment  B1        1000.01 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    report = careful.clear()
    assert report.reasons("review") == {"FOUR_EYES": 1}
    assert accepted(careful, "anna").posted == ()
    assert (careful.states(), careful.entries()) == ({"B1": "review"}, "")
    with pytest.raises(ConflictError) as again:
        accepted(careful, "anna")
    assert again.value.reason == "SECOND_PERSON_NEEDED"
    assert len(accepted(careful, "ben").posted) == 1
    assert careful.open_items() == {}
    assert careful.verified()
    first, posted = told(careful)
    assert (first["action"], first["by"]) == ("approved", "anna")
    assert (posted["action"], posted["by"], posted["approved_by"]) == (
        "posted",
        "ben",
        "anna",
    )


def test_another_choice_is_a_first_one_again(careful: Book) -> None:
    careful.write("""
        item     FA100234  1200.00 EUR  of ACME
        item     FA100235  1200.00 EUR  of ACME
        payment  B1        1200.00 EUR  on 2026-03-02  from ACME  "VIR"
    """)
    careful.clear()
    assert accepted(careful, "anna", Items({"FA100234": None})).posted == ()
    assert accepted(careful, "ben", Items({"FA100235": None})).posted == ()
    assert accepted(careful, "anna", OnAccount("ACME")).posted == ()
    assert accepted(careful, "anna", Items({"FA100235": None})).posted == ()
    assert accepted(careful, "carl", Items({"FA100235": None})).posted != ()
    assert careful.open_items() == {"FA100234": "1200.00"}


def test_an_approval_ends_with_the_posting(careful: Book) -> None:
    decision_id = posted_by_two(careful)
    assert undone(careful, "ben", decision_id) is None
    assert undone(careful, "anna", decision_id) is not None
    assert accepted(careful, "ben", Items({"FA100234": None})).posted == ()
    assert careful.verified()


def test_it_is_undone_by_two_people_too(careful: Book) -> None:
    decision_id = posted_by_two(careful)
    before = careful.entries()
    assert undone(careful, "ben", decision_id) is None
    assert (careful.states(), careful.entries()) == ({"B1": "posted"}, before)
    with pytest.raises(ConflictError) as again:
        undone(careful, "ben", decision_id)
    assert again.value.reason == "SECOND_PERSON_NEEDED"
    result = undone(careful, "carl", decision_id)
    assert result is not None
    assert careful.open_items() == {"FA100234": "1200.00"}
    first, last = told(careful)[-2:]
    assert (first["action"], first["by"], first["decision_id"]) == (
        *("approved", "ben"),
        decision_id,
    )
    assert (last["action"], last["by"], last["approved_by"]) == (
        "reversed",
        "carl",
        "ben",
    )
    with pytest.raises(ConflictError) as over:
        undone(careful, "ben", decision_id)
    assert over.value.reason == "DECISION_NOT_POSTED"
    assert careful.verified()


def test_up_to_the_limit_one_person_undoes(careful: Book) -> None:
    careful.write("""
        item     FA100234  1000.00 EUR  of ACME
        payment  B1        1000.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    careful.clear()
    assert undone(careful, "anna", 1) is not None


def posted_by_two(book: Book) -> int:
    """Post a large payment; return the decision."""
    book.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        1200.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    book.clear()
    accepted(book, "anna")
    (row,) = accepted(book, "ben").posted
    return int(row["decision_id"])


def undone(book: Book, who: str, decision_id: int) -> ReverseResult | None:
    return reverse(book.ledger, book.settings, decision_id, decided_by=who, now=NOW)


def test_a_rule_is_applied_by_two_people(careful: Book) -> None:
    careful.write("""
        item     FA100234  1200.00 EUR  of ACME
        payment  B1        1199.00 EUR  on 2026-03-02  from ACME  "FACT FA100234"
    """)
    careful.clear()
    rule, payment_id = read_rule(RULE, name="fee.toml"), careful.payment_id("B1")

    def applied(who: str) -> Any:
        return apply(
            *(careful.ledger, careful.settings, rule, payment_id),
            items=["FA100234"],
            decided_by=who,
            now=NOW,
        )

    first = applied("anna")
    assert (first.result, first.second_person_needed) == (None, True)
    assert applied("ben").result.entries == 1
    assert careful.verified()


@pytest.mark.parametrize("text", ["10,00", "1000.0", "-5", "", "1e3", "9" * 20])
def test_a_limit_that_is_no_amount_is_refused(book: Book, text: str) -> None:
    toml = book.toml.replace("[[entity]]", f'[[entity]]\nfour_eyes_above = "{text}"')
    with pytest.raises(InputError, match="four_eyes_above"):
        load_settings(toml, name="alloc.toml")

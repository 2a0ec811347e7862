from __future__ import annotations

import pytest
from store_books import Books, Line, Plan, entry_id

from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.verify import verify
from alloc.domain.match import item_set
from alloc.errors import ConflictError, NotFoundError

AMOUNTS = {"B1": 12_000, "B2": 5_000, "B3": 700}
B1, B2, B3 = (entry_id(Line(name, amount)) for name, amount in AMOUNTS.items())


@pytest.fixture
def books(books: Books) -> Books:
    books.receive(*(Line(name, amount) for name, amount in AMOUNTS.items()))
    books.due({"F1": 10_000, "F2": 5_000, "F3": 2_000})
    return books


def test_a_reversal_reopens_exactly_its_items(books: Books) -> None:
    books.post(Plan(B1, {"F1": 9_000, "F3": 2_000}), Plan(B2, {"F2": 5_000}))
    assert books.open() == {"F1": 1_000, f"{B1}-OA": -1_000}
    result = books.reverse(books.decision_of(B1))
    assert result.payment_state == "review"
    assert result.reopened.to_pylist() == [
        {"entity": "E1", "item_id": "F1", "open_minor": 10_000},
        {"entity": "E1", "item_id": "F3", "open_minor": 2_000},
    ]
    assert result.closed == (f"{B1}-OA",)
    assert books.open() == {"F1": 10_000, "F3": 2_000}
    assert books.states() == {"B1": "review", "B2": "posted", "B3": "new"}
    assert verify(books.ledger).findings == ()


def test_the_mirror_is_a_new_entry_lettered_with_what_it_undoes(books: Books) -> None:
    books.post(Plan(B2, {"F2": 5_000}))
    books.reverse(books.decision_of(B2))
    journal = books.ledger.journal()
    entries = journal.entries.to_pylist()
    assert [(row["kind"], row["number"], row["reverses_seq"]) for row in entries] == [
        ("clearing", 1, None),
        ("reversal", 2, 1),
    ]
    lines = journal.postings.to_pylist()
    assert [
        (row["account"], row["amount_minor"], row["letter_code"]) for row in lines
    ] == [
        ("512000", 5_000, None),
        ("411000", -5_000, "AAB"),
        ("512000", -5_000, None),
        ("411000", 5_000, "AAB"),
    ]


def test_the_other_payments_of_a_group_stay_lettered_together(books: Books) -> None:
    books.post(Plan(B2, {"F1": 5_000}))
    books.post(Plan(B3, {"F1": 700}))
    books.reverse(books.decision_of(B2))
    assert books.open()["F1"] == 9_300
    assert books.codes()["aab"] == ("F1",)
    members = books.ledger.letters()
    partial = next(
        row for row in members.groups.to_pylist() if row["kind"] == "partial"
    )
    assert partial["balance_minor"] == 9_300
    assert verify(books.ledger).findings == ()


def test_the_match_is_refused_from_then_on(books: Books) -> None:
    books.post(Plan(B1, {"F1": 9_000, "F3": 2_000}))
    books.reverse(books.decision_of(B1))
    (row,) = books.ledger.refusals().to_pylist()
    assert row["payment_id"] == B1
    assert row["item_set"] == item_set([("E1", "F3"), ("E1", "F1")])
    assert (row["reason"], row["refused_by"]) == ("REVERSED", "ana")


def test_a_payment_is_posted_again_after_its_reversal(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000}))
    books.reverse(books.decision_of(B1))
    books.post(Plan(B1, {"F1": 9_000}))
    assert books.open() == {
        "F1": 1_000,
        "F2": 5_000,
        "F3": 2_000,
        f"{B1}-R1-OA": -3_000,
    }
    states = books.ledger.decisions(DecisionFilter(states=None)).decisions
    assert states["state"].to_pylist() == ["reversed", "posted"]
    books.reverse(books.decision_of(B1))
    assert books.open() == {"F1": 10_000, "F2": 5_000, "F3": 2_000}
    assert verify(books.ledger).findings == ()


def test_money_on_account_that_was_used_holds_its_decision(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000}))
    first = books.decision_of(B1)
    books.post(Plan(B3, {"F2": 1_700, f"{B1}-OA": -1_000}))
    with pytest.raises(ConflictError) as held:
        books.reverse(first)
    assert held.value.reason == "ON_ACCOUNT_USED"
    assert held.value.metadata["decisions"] == str(books.decision_of(B3))
    books.reverse(books.decision_of(B3))
    books.reverse(first)
    assert books.open() == {"F1": 10_000, "F2": 5_000, "F3": 2_000}
    assert verify(books.ledger).findings == ()


def test_the_reversal_of_a_release_puts_the_money_back_in_suspense(
    books: Books,
) -> None:
    books.post(Plan(B2, kind="suspense"))
    books.post(Plan(B2, {"F2": 3_000}, kind="release"))
    result = books.reverse(books.decision_of(B2))
    assert result.payment_state == "suspense"
    assert books.states()["B2"] == "suspense"
    assert books.open() == {"F1": 10_000, "F2": 5_000, "F3": 2_000}
    assert verify(books.ledger).findings == ()
    books.post(Plan(B2, {"F2": 5_000}, kind="release"))
    assert books.states()["B2"] == "posted"
    assert verify(books.ledger).findings == ()


def test_a_decision_is_reversed_once(books: Books) -> None:
    books.post(Plan(B2, {"F2": 5_000}))
    number = books.decision_of(B2)
    books.reverse(number)
    with pytest.raises(ConflictError) as refused:
        books.reverse(number)
    assert refused.value.reason == "DECISION_NOT_POSTED"
    assert books.ledger.counts().entries == 2


def test_a_proposal_or_an_unknown_decision_is_not_reversed(books: Books) -> None:
    books.propose(Plan(B2, {"F2": 5_000}))
    number = books.ledger.decisions().decisions["decision_id"][0].as_py()
    with pytest.raises(ConflictError) as refused:
        books.reverse(number)
    assert refused.value.metadata["state"] == "proposed"
    with pytest.raises(NotFoundError) as unknown:
        books.reverse(99)
    assert unknown.value.reason == "DECISION_UNKNOWN"


def test_a_reopened_item_follows_its_source_again(books: Books) -> None:
    books.post(Plan(B2, {"F2": 5_000}))
    books.reverse(books.decision_of(B2))
    assert books.due({"F2": 4_000}).changed == 1
    assert books.open()["F2"] == 4_000
    states = DecisionFilter(states=(DecisionState.REVERSED,))
    assert books.ledger.decisions(states).decisions.num_rows == 1
    assert verify(books.ledger).findings == ()

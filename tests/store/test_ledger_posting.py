from __future__ import annotations

import dataclasses

import pyarrow.compute as pc
import pytest
from store_books import NOW, Books, Line, Plan, batch, entry_id, proposals

from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.verify import verify
from alloc.errors import ConflictError, InputError, NotFoundError

B1, B2, B3 = (
    entry_id(Line(name, amount))
    for name, amount in (("B1", 12_000), ("B2", 5_000), ("B3", 700))
)


@pytest.fixture
def books(books: Books) -> Books:
    books.receive(Line("B1", 12_000), Line("B2", 5_000), Line("B3", 700))
    books.due({"F1": 10_000, "F2": 5_000, "A1": -3_000})
    return books


def test_a_payment_clears_its_items_and_is_posted(books: Books) -> None:
    result = books.post(Plan(B1, {"F1": 10_000, "F2": 2_000}))
    assert (result.entries, result.postings, result.last_seq) == (1, 3, 1)
    assert books.open() == {"F2": 3_000, "A1": -3_000}
    assert books.states() == {"B1": "posted", "B2": "new", "B3": "new"}
    lines = books.ledger.journal().postings.to_pylist()
    assert [
        (row["account"], row["amount_minor"], row["letter_code"]) for row in lines
    ] == [
        ("512000", 12_000, None),
        ("411000", -10_000, "AAA"),
        ("411000", -2_000, "aaa"),
    ]
    assert verify(books.ledger).findings == ()


def test_a_credit_note_is_netted(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000, "F2": 5_000, "A1": -3_000}))
    assert books.open() == {}
    assert verify(books.ledger).findings == ()


def test_what_is_left_of_the_cash_stands_on_account(books: Books) -> None:
    result = books.post(Plan(B1, {"F1": 10_000}))
    assert result.new_items == 1
    assert books.open()[f"{B1}-OA"] == -2_000
    rows = books.ledger.open_items().to_pylist()
    own = next(row for row in rows if row["source"] == "on_account")
    assert (own["customer_id"], own["kind"]) == ("C-A", "on_account")
    assert verify(books.ledger).findings == ()


def test_money_on_account_pays_a_later_invoice(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000}))
    books.post(Plan(B3, {"F2": 2_700, f"{B1}-OA": -2_000}))
    assert books.open() == {"F2": 2_300, "A1": -3_000}
    lines = books.ledger.journal().postings.to_pylist()
    on_account = next(row for row in lines if row["item_id"])
    assert on_account["letter_code"] is not None
    assert verify(books.ledger).findings == ()


def test_a_deduction_is_booked_and_the_item_closes(books: Books) -> None:
    books.post(Plan(B2, {"F2": 5_000}))
    books.post(Plan(B1, {"F1": 10_000}, deductions={"on_account": ("411000", -2_000)}))
    assert books.open() == {"A1": -3_000, f"{B1}-OA": -2_000}
    assert verify(books.ledger).findings == ()


def test_a_discount_closes_the_item(books: Books) -> None:
    discount = {"discount_granted": ("665000", 300)}
    books.due({"F9": 1_000})
    books.post(Plan(B3, {"F9": 1_000}, deductions=discount))
    assert "F9" not in books.open()
    assert verify(books.ledger).findings == ()


def test_an_unknown_payer_goes_to_suspense_and_is_released_later(books: Books) -> None:
    result = books.post(Plan(B2, kind="suspense"))
    assert result.suspense["payment_id"].to_pylist() == [B2]
    assert books.states()["B2"] == "suspense"
    assert f"{B2}-SU" not in books.open()
    assert verify(books.ledger).findings == ()
    books.post(Plan(B2, {"F2": 5_000}, kind="release"))
    assert books.states()["B2"] == "posted"
    assert books.open() == {"F1": 10_000, "A1": -3_000}
    assert verify(books.ledger).findings == ()


def test_numbers_have_no_gap_by_journal(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000}), Plan(B2, kind="suspense"))
    books.post(Plan(B2, {"F2": 5_000}, kind="release"), Plan(B3, {"A1": -3_000}))
    entries = books.ledger.journal().entries.to_pylist()
    assert [(row["journal"], row["number"], row["seq"]) for row in entries] == [
        ("BQ1", 1, 1),
        ("BQ1", 2, 2),
        ("OD", 1, 3),
        ("BQ1", 3, 4),
    ]


def test_two_payments_of_one_batch_may_pay_one_item(books: Books) -> None:
    books.post(Plan(B2, {"F1": 5_000}), Plan(B3, {"F1": 700}))
    assert books.open()["F1"] == 4_300
    assert books.codes() == {"aaa": ("F1",)}
    assert verify(books.ledger).findings == ()


def test_an_item_that_changed_meanwhile_is_named_and_nothing_is_posted(
    books: Books,
) -> None:
    late = batch(books.ledger, [Plan(B1, {"F1": 10_000}), Plan(B2, {"F2": 5_000})])
    books.post(Plan(B3, {"F2": 700}))
    with pytest.raises(ConflictError) as conflict:
        books.ledger.post(late, now=NOW)
    assert conflict.value.reason == "ITEMS_CHANGED"
    assert "F2 (E1)" in conflict.value.metadata["items"]
    assert books.open() == {"F1": 10_000, "F2": 4_300, "A1": -3_000}
    assert books.states() == {"B1": "new", "B2": "new", "B3": "posted"}
    assert verify(books.ledger).findings == ()


def test_a_payment_is_posted_once(books: Books) -> None:
    late = batch(books.ledger, [Plan(B1, {"F1": 10_000})])
    books.post(Plan(B1, {"F2": 5_000}))
    with pytest.raises(ConflictError) as conflict:
        books.ledger.post(late, now=NOW)
    assert conflict.value.reason == "PAYMENT_DECIDED"
    assert conflict.value.metadata["payments"] == B1
    assert books.ledger.counts().entries == 1


def test_an_unknown_payment_is_named(books: Books) -> None:
    with pytest.raises(NotFoundError) as unknown:
        books.propose(Plan("P-NOBODY", {"F1": 1}))
    assert unknown.value.reason == "PAYMENT_UNKNOWN"


def test_drafts_that_settle_something_else_are_refused(books: Books) -> None:
    made = batch(books.ledger, [Plan(B1, {"F1": 10_000})])
    other = proposals([Plan(B1, {"F2": 5_000})])
    with pytest.raises(InputError) as refused:
        books.ledger.post(
            dataclasses.replace(made, allocations=other.allocations), now=NOW
        )
    assert refused.value.reason == "BATCH_INVALID"


def test_a_proposal_is_kept_for_review_and_replaced_under_its_number(
    books: Books,
) -> None:
    first = books.propose(Plan(B1, {"F1": 10_000}), Plan(B1, {"F2": 5_000}, rank=1))
    assert first.decisions_proposed == 1
    assert books.states()["B1"] == "review"
    shown = books.ledger.decisions()
    assert shown.allocations["rank"].to_pylist() == [0, 1]
    books.propose(Plan(B1, {"F2": 5_000}))
    again = books.ledger.decisions()
    assert again.decisions["decision_id"].equals(shown.decisions["decision_id"])
    assert again.allocations["item_id"].to_pylist() == ["F2"]
    assert books.open() == {"F1": 10_000, "F2": 5_000, "A1": -3_000}


def test_an_accepted_proposal_is_posted_by_who_accepted_it(books: Books) -> None:
    books.propose(Plan(B1, {"F1": 10_000}))
    number = books.ledger.decisions().decisions["decision_id"][0].as_py()
    books.post(Plan(B1, {"F1": 10_000}), by="ana")
    assert books.ledger.decisions().decisions.num_rows == 0
    assert books.decision_of(B1) == number
    entry = books.ledger.journal().entries.to_pylist()[0]
    assert (entry["posted_by"], entry["decision_id"]) == ("ana", number)


def test_a_refused_match_is_remembered_and_the_payment_waits(books: Books) -> None:
    books.propose(Plan(B1, {"F1": 10_000}), Plan(B1, {"F2": 5_000}, rank=1))
    number = books.ledger.decisions().decisions["decision_id"][0].as_py()
    refused = books.ledger.refuse(number, decided_by="ana", reason="WRONG", now=NOW)
    assert refused == 2
    assert books.ledger.refusals()["reason"].to_pylist() == ["WRONG", "WRONG"]
    assert books.states()["B1"] == "review"
    with pytest.raises(ConflictError) as conflict:
        books.ledger.refuse(number, decided_by="ana", reason="WRONG", now=NOW)
    assert conflict.value.reason == "DECISION_NOT_PROPOSED"
    assert verify(books.ledger).findings == ()


def test_the_history_is_what_was_posted_and_not_undone(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000}), Plan(B2, kind="suspense"))
    books.post(Plan(B2, {"F2": 5_000}, kind="release"))
    rows = books.ledger.history()
    assert sorted(rows["item_id"].to_pylist()) == ["F1", "F2"]
    assert pc.sum(rows["allocated_minor"]).as_py() == 15_000
    books.reverse(books.decision_of(B1))
    assert books.ledger.history()["item_id"].to_pylist() == ["F2"]


def test_decisions_are_found_by_state_and_payment(books: Books) -> None:
    books.post(Plan(B1, {"F1": 10_000}))
    books.propose(Plan(B2, {"F2": 5_000}))

    def found(**which: object) -> list[str]:
        tables = books.ledger.decisions(DecisionFilter(**which))
        return tables.decisions["payment_id"].to_pylist()

    assert found() == [B2]
    assert found(states=(DecisionState.POSTED,)) == [B1]
    assert found(states=None, payment_ids=[B1]) == [B1]
    assert found(states=None, entity="E2") == []


def test_an_empty_batch_is_posted_as_nothing(books: Books) -> None:
    result = books.ledger.post(proposals([]), now=NOW)
    assert (result.entries, result.decisions_proposed, result.last_seq) == (0, 0, 0)

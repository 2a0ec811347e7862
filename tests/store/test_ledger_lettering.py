from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_books import NOW, Books, Line, Plan, entry_id

from alloc.app.verify import verify

AMOUNTS = {"B1": 4_000, "B2": 6_000, "B3": 5_000, "B4": 1_000}
B1, B2, B3, B4 = (entry_id(Line(name, amount)) for name, amount in AMOUNTS.items())


@pytest.fixture
def books(books: Books) -> Books:
    books.receive(*(Line(name, amount) for name, amount in AMOUNTS.items()))
    books.due({"F1": 10_000, "F2": 5_000, "F3": 2_000})
    books.due({"G1": 5_000}, customer="C-B")
    return books


def test_a_completed_group_gets_a_new_upper_case_code_for_all_members(
    books: Books,
) -> None:
    books.post(Plan(B1, {"F1": 4_000}))
    assert books.codes() == {"aaa": ("F1",)}
    books.post(Plan(B2, {"F1": 6_000}))
    assert books.codes() == {"AAA": ("F1",)}
    tables = books.ledger.letters()
    assert tables.groups["balance_minor"].to_pylist() == [0]
    members = tables.members["amount_minor"].to_pylist()
    assert sorted(members) == [-6_000, -4_000, 10_000]
    lines = books.ledger.journal().postings.to_pylist()
    assert [row["letter_code"] for row in lines] == [None, "AAA", None, "AAA"]


def test_codes_count_by_customer_and_by_case(books: Books) -> None:
    books.post(Plan(B3, {"G1": 5_000}, customer="C-B"))
    books.post(Plan(B1, {"F1": 4_000}), Plan(B4, {"F2": 1_000}))
    books.post(Plan(B2, {"F3": 2_000, "F2": 4_000}))
    groups = books.ledger.letters().groups.to_pylist()
    assert [(row["customer_id"], row["code"]) for row in groups] == [
        ("C-B", "AAA"),
        ("C-A", "aaa"),
        ("C-A", "AAA"),
    ]
    assert verify(books.ledger).findings == ()


def test_a_code_is_never_used_twice(books: Books) -> None:
    books.post(Plan(B1, {"F1": 4_000}))
    books.reverse(books.decision_of(B1))
    assert "aaa" not in books.codes()
    books.post(Plan(B4, {"F1": 1_000}))
    assert books.codes()["aab"] == ("F1",)
    assert verify(books.ledger).findings == ()


def test_two_partial_groups_that_meet_become_one(books: Books) -> None:
    books.post(Plan(B4, {"F1": 1_000}))
    books.post(Plan(B1, {"F2": 4_000}))
    assert books.codes() == {"aaa": ("F1",), "aab": ("F2",)}
    books.due({"A1": -5_000})
    books.post(Plan(B3, {"F1": 9_000, "F2": 1_000, "A1": -5_000}))
    assert books.codes() == {"AAA": ("A1", "F1", "F2")}
    assert verify(books.ledger).findings == ()


def test_two_payments_of_a_batch_complete_one_old_group(books: Books) -> None:
    books.post(Plan(B1, {"F1": 4_000}))
    books.post(Plan(B4, {"F1": 1_000}), Plan(B3, {"F1": 5_000}))
    assert books.codes() == {"AAA": ("F1",)}
    members = books.ledger.letters().members
    assert members.num_rows == 4
    assert verify(books.ledger).findings == ()


def test_letters_of_one_batch_that_share_an_old_group_become_one(books: Books) -> None:
    books.post(Plan(B2, {"F1": 1_000, "F2": 4_000}))
    assert books.codes()["aaa"] == ("F1", "F2")
    books.post(Plan(B1, {"F1": 4_000}), Plan(B4, {"F2": 1_000}))
    assert books.codes() == {
        "aaa": ("F1", "F2"),
    }
    assert books.open()["F1"] == 5_000
    assert verify(books.ledger).findings == ()


def test_the_same_item_id_in_two_entities_is_two_items(books: Books) -> None:
    books.due({"F1": 700}, entity="E2")
    books.receive(Line("E2-1", 700, account="OTHER"))
    books.post(Plan(B1, {"F1": 4_000}, entity="E1"))
    other = entry_id(Line("E2-1", 700, account="OTHER"))
    books.post(Plan(other, {"F1": 700}, entity="E2"), Plan(B2, {"F1": 6_000}))
    groups = books.ledger.letters().groups.to_pylist()
    assert sorted((row["entity"], row["code"]) for row in groups) == [
        ("E1", "AAA"),
        ("E2", "AAA"),
    ]
    assert verify(books.ledger).findings == ()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_is_posted_and_undone_the_ledger_verifies(
    books: Books, data: st.DataObject
) -> None:
    """Random partial payments, batches and reversals keep every invariant."""
    number = books.ledger.counts().files
    fresh = Books(books.ledger, files=1_000 + number)
    names = [f"R{number}-{index}" for index in range(6)]
    amounts = data.draw(st.lists(st.integers(1, 900), min_size=6, max_size=6))
    lines = [Line(name, amount) for name, amount in zip(names, amounts, strict=True)]
    fresh.receive(*lines)
    fresh.due({f"I{number}-{index}": 700 for index in range(3)})
    waiting = [entry_id(line) for line in lines]
    cash = dict(zip(waiting, amounts, strict=True))
    posted: list[str] = []
    for _ in range(6):
        if posted and data.draw(st.booleans()):
            undone = data.draw(st.sampled_from(posted))
            posted.remove(undone)
            waiting.append(undone)
            fresh.reverse(fresh.decision_of(undone))
        else:
            chosen = data.draw(st.lists(st.sampled_from(waiting), unique=True))
            plans = _plans(fresh, chosen, cash, number, data)
            fresh.post(*plans)
            for plan in plans:
                waiting.remove(plan.payment_id)
                posted.append(plan.payment_id)
        if not waiting:
            break
    assert verify(books.ledger).findings == ()


def _plans(
    books: Books,
    chosen: list[str],
    cash: dict[str, int],
    number: int,
    data: st.DataObject,
) -> list[Plan]:
    """Spend each payment on random items, never more than is open or there."""
    still = {
        item: amount
        for item, amount in books.open().items()
        if item.startswith(f"I{number}-")
    }
    plans = []
    for payment in chosen:
        rest, items = cash[payment], {}
        for item in sorted(still):
            part = data.draw(st.integers(0, min(rest, still[item])))
            if part:
                items[item] = part
                rest -= part
                still[item] -= part
        plans.append(Plan(payment, items))
    return plans


def test_the_date_of_a_group_is_its_latest_posting(books: Books) -> None:
    books.post(Plan(B1, {"F1": 4_000}))
    group = books.ledger.letters().groups.to_pylist()[0]
    assert group["lettered_on"] == NOW.date()
    assert group["group_max_date"] == NOW.date()

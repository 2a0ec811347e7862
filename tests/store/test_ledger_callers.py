"""A ledger that several callers work on: answered calls and claims."""

from __future__ import annotations

import datetime as dt

import pytest
from store_books import NOW, Books, Line, Plan, batch, entry_id

from alloc.app.shared_ledger import Call, Outcome
from alloc.app.verify import verify
from alloc.errors import ConflictError

B1 = entry_id(Line("B1", 12_000))
POST = Call("erp", "K1", "/alloc.v1.AllocationService/Post", "ab" * 32)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def books(books: Books) -> Books:
    books.receive(Line("B1", 12_000))
    books.due({"F1": 10_000, "F2": 5_000})
    return books


def post(books: Books) -> bytes:
    plan = Plan(B1, {"F1": 10_000, "F2": 2_000})
    result = books.ledger.post(batch(books.ledger, [plan]), now=NOW)
    return b"entry %d" % result.last_seq


def post_once(books: Books, *calls: Call) -> list[Outcome]:
    """Make calls together; each of them posts, unless it is answered already."""

    def act(places: list[int]) -> list[Outcome]:
        return [books.ledger.attempt(lambda: post(books)) for _ in places]

    return books.ledger.once(calls or [POST], act, now=NOW)


def named(key: str) -> Call:
    return Call("erp", key, POST.method, POST.request_sha256)


def test_the_same_call_gets_the_same_answer_and_posts_once(books: Books) -> None:
    assert post_once(books) == post_once(books) == [b"entry 1"]
    assert books.ledger.counts().entries == 1
    assert verify(books.ledger).findings == ()


@pytest.mark.parametrize(
    "other",
    [
        Call("erp", "K1", POST.method, "cd" * 32),
        Call("erp", "K1", "/alloc.v1.AllocationService/Refuse", "ab" * 32),
    ],
)
def test_a_key_belongs_to_one_request(books: Books, other: Call) -> None:
    post_once(books)
    assert reasons(post_once(books, other)) == ["IDEMPOTENCY_KEY_REUSED"]


def test_two_callers_may_choose_the_same_key(books: Books) -> None:
    post_once(books)
    other = Call("bank", "K1", POST.method, POST.request_sha256)
    assert books.ledger.once([other], lambda _: [b"another"], now=NOW) == [b"another"]


def test_a_call_that_fails_leaves_nothing_and_may_be_made_again(books: Books) -> None:
    def fail(_: list[int]) -> list[Outcome]:
        post(books)
        raise ConflictError("stop")

    with pytest.raises(ConflictError, match="stop"):
        books.ledger.once([POST], fail, now=NOW)
    assert books.states() == {"B1": "new"}
    assert books.ledger.counts().entries == 0
    assert post_once(books) == [b"entry 1"]


def test_one_call_that_fails_spoils_none_that_is_made_with_it(books: Books) -> None:
    def fail() -> bytes:
        post(books)
        raise ConflictError("stop", reason="STOP")

    def act(places: list[int]) -> list[Outcome]:
        acts = [fail, lambda: post(books)]
        return [books.ledger.attempt(acts[place]) for place in places]

    calls = [named("K1"), named("K2")]
    done = books.ledger.once(calls, act, now=NOW)
    assert reasons(done) == ["STOP", b"entry 1"]
    assert books.ledger.counts().entries == 1
    assert books.ledger.once(calls[1:2], act, now=NOW) == [b"entry 1"]
    assert verify(books.ledger).findings == ()


def test_the_same_call_made_twice_together_waits_for_itself(books: Books) -> None:
    assert post_once(books, POST, POST) == [b"entry 1", None]
    assert post_once(books, POST) == [b"entry 1"]


def reasons(outcomes: list[Outcome]) -> list[object]:
    return [getattr(outcome, "reason", outcome) for outcome in outcomes]


def test_a_claim_keeps_others_away_until_it_runs_out(books: Books) -> None:
    ledger = books.ledger
    ledger.claim(B1, by="anna", until=NOW + HOUR, now=NOW)
    for now, by, allowed in (
        (NOW, "anna", True),
        (NOW, "ben", False),
        (NOW + HOUR, "ben", True),
    ):
        if allowed:
            ledger.check_claim(B1, by=by, now=now)
            continue
        with pytest.raises(ConflictError) as refused:
            ledger.claim(B1, by=by, until=now + HOUR, now=now)
        assert refused.value.reason == "PAYMENT_CLAIMED"
        assert refused.value.metadata["claimed_by"] == "anna"
    assert ledger.claims(now=NOW)["claimed_by"].to_pylist() == ["anna"]
    assert ledger.claims(now=NOW + HOUR).num_rows == 0
    ledger.claim(B1, by="anna", until=NOW, now=NOW)
    assert ledger.claims(now=NOW).num_rows == 0


def test_the_position_moves_with_items_entries_and_refusals(books: Books) -> None:
    before = books.ledger.position()
    post_once(books)
    posted = books.ledger.position()
    assert (posted.seq, posted.import_id) == (before.seq + 1, before.import_id)
    books.due({"F3": 700})
    assert books.ledger.position().import_id == posted.import_id + 1

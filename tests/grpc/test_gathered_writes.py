"""Calls that are committed together do what they would have done one by one."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from service_case import NOW, payment_ids

from alloc.app.apply import apply
from alloc.app.reverse import reverse
from alloc.app.review import Acceptance, Items, OnAccount, Rank, refuse
from alloc.app.shared_ledger import Call
from alloc.app.verify import verify
from alloc.cli.rules import read_rules
from alloc.cli.workspace import Workspace
from alloc.errors import ConflictError, InputError
from alloc.rules import find_rule
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server import turns as turns_module
from alloc_server.errors import CallGoneError
from alloc_server.turns import Turns
from alloc_server.writing import Accepting, Acting, Write, Writer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.app.ports import PostingBatch, PostResult
    from alloc.app.review import Accepted
    from alloc.app.shared_ledger import Outcome, SharedLedger

ITEMS = ["I1", "I2", "I3", "I4", "I5", "I9", "I404"]
choices = st.one_of(
    st.builds(Rank, st.integers(0, 1)),
    st.builds(OnAccount, st.sampled_from(["C1", "C2", "C77"])),
    st.builds(
        Items,
        st.dictionaries(
            st.sampled_from(ITEMS), st.sampled_from([None, 100, 4_000]), min_size=1
        ),
        st.sampled_from([None, "C1"]),
    ),
)
deeds = st.one_of(
    st.tuples(st.just("accept"), st.sampled_from(["B1", "B2", "B3", "B404"]), choices),
    st.tuples(st.just("refuse"), st.sampled_from(["B1", "B2"]), st.none()),
    st.tuples(st.just("reverse"), st.integers(1, 6), st.none()),
    st.tuples(st.just("apply"), st.just("B3"), st.none()),
)
#: A lot is made at once; a key that comes again is the same call or another one.
lots = st.lists(
    st.lists(st.tuples(st.integers(1, 9), deeds), min_size=1, max_size=6),
    min_size=1,
    max_size=3,
)


#: Two payments of one lot grow the lettering group that a first one began.
GROWING = [
    [(1, ("accept", "B1", Items({"I1": 100, "I2": 100}, "C1")))],
    [
        (2, ("accept", "B2", Items({"I1": 100}, "C1"))),
        (3, ("accept", "B3", Items({"I2": 100}, "C1"))),
    ],
]


class Books:
    """A copy of the workspace, and the calls that write to it."""

    def __init__(self, made: Path, root: Path) -> None:
        root.mkdir()
        for name in ("alloc.toml", "ledger.db"):
            (root / name).write_bytes((made / name).read_bytes())
        (root / "rules").mkdir()
        (root / "rules" / "fee.toml").write_bytes(
            (made / "rules" / "fee.toml").read_bytes()
        )
        workspace = Workspace(root)
        self.settings, self.rules = workspace.settings(), read_rules(workspace)
        self.names = payment_ids(workspace) | {"B404": "B404"}
        self.ledger = workspace.open_ledger(self.settings, write=True)
        self.writer = Writer(self.ledger, self.settings, self.rules, now=lambda: NOW)

    def write(self, key: int, deed: tuple[str, Any, Any]) -> Write:
        call = Call("erp", f"K{key}", "method", repr(deed))
        return Write(call, lambda: True, CallGoneError, self._deed(*deed))

    def _deed(self, kind: str, subject: Any, choice: Any) -> Accepting | Acting:
        if kind == "accept":
            asked = Acceptance(self.names[subject], choice, "erp", "FR01")
            return Accepting(asked, posted)
        said: dict[str, Any] = {"decided_by": "erp", "now": NOW}

        def act(ledger: SharedLedger) -> pb.RefuseResponse:
            if kind == "refuse":
                done = refuse(ledger, self.names[subject], reason="NO", **said)
                return pb.RefuseResponse(refused_count=done)
            if kind == "reverse":
                undone = reverse(ledger, self.settings, subject, **said)
                return pb.RefuseResponse(refused_count=undone.seq)
            rule = find_rule(self.rules, "fee")
            applied = apply(
                *(ledger, self.settings, rule, self.names[subject]),
                rules=self.rules,
                **said,
            )
            return pb.RefuseResponse(refused_count=int(applied.already))

        return Acting(act)

    def state(self) -> list[Any]:
        """Return all that the calls may have changed."""
        ledger = self.ledger
        tables = [
            *vars_of(ledger.journal()),
            *vars_of(ledger.letters()),
            ledger.open_items(closed=True),
            ledger.refusals(),
            ledger.payments(),
        ]
        return [table.to_pylist() for table in tables]


def vars_of(tables: object) -> list[Any]:
    return [getattr(tables, name) for name in tables.__dataclass_fields__]


def posted(accepted: Accepted) -> pb.PostResponse:
    return pb.PostResponse(
        decision_id=accepted.posted[0]["decision_id"],
        customer_id=accepted.customer_id or "",
        entries=[
            {"seq": row["seq"], "number": row["number"]} for row in accepted.posted
        ],
    )


def said(outcome: Outcome) -> object:
    return getattr(outcome, "reason", outcome)


def gathered(
    books: Books, lots: Sequence[Sequence[tuple[int, Any]]]
) -> list[tuple[tuple[int, Any], object]]:
    """Make calls lot by lot; return them in an order in which they hold, answered."""
    done: list[tuple[tuple[int, Any], object]] = []
    for lot in lots:
        waiting = list(lot)
        while waiting:
            outcomes = books.writer.written([books.write(*each) for each in waiting])
            pairs = list(zip(waiting, outcomes, strict=True))
            known = [pair for pair in pairs if pair[1] is not None]
            assert known
            done += sorted(known, key=place_in_lot)
            waiting = [each for each, outcome in pairs if outcome is None]
    return [(each, said(outcome)) for each, outcome in done]


def place_in_lot(pair: tuple[tuple[int, Any], object]) -> int:
    """Choices that are refused come first, then those that are posted."""
    (_, deed), outcome = pair
    if deed[0] != "accept":
        return 2
    return 0 if isinstance(outcome, Exception) else 1


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lots=lots)
@example(lots=GROWING)
def test_lots_do_what_the_calls_would_have_done_one_by_one(
    made_workspace: Path, tmp_path: Path, lots: list[list[tuple[int, Any]]]
) -> None:
    folder = tmp_path / str(time.monotonic_ns())
    folder.mkdir()
    together = Books(made_workspace, folder / "together")
    done = gathered(together, lots)
    alone = Books(made_workspace, folder / "alone")
    for each, outcome in done:
        (expected,) = alone.writer.written([alone.write(*each)])
        assert outcome == said(expected), each
    assert together.state() == alone.state()
    assert verify(together.ledger).findings == ()
    for books in (together, alone):
        books.ledger.close()


def test_who_spoils_the_entries_of_a_lot_fails_alone(
    made_workspace: Path, tmp_path: Path
) -> None:
    books = Books(made_workspace, tmp_path / "books")
    spoiled = books.names["B3"]
    post = books.ledger.post

    def refusing(batch: PostingBatch, *, now: dt.datetime) -> PostResult:
        if spoiled in batch.decisions["payment_id"].to_pylist():
            raise InputError("no", reason="SPOILED")
        return post(batch, now=now)

    books.ledger.post = refusing
    lot = [("B1", OnAccount("C1")), ("B3", OnAccount("C1")), ("B2", OnAccount("C3"))]
    writes = [
        books.write(at, ("accept", name, choice))
        for at, (name, choice) in enumerate(lot)
    ]
    outcomes = [said(outcome) for outcome in books.writer.written(writes)]
    assert outcomes[1] == "SPOILED"
    assert all(isinstance(outcomes[at], bytes) for at in (0, 2))
    assert verify(books.ledger).findings == ()
    books.ledger.close()


def test_what_comes_while_one_works_is_the_next_lot() -> None:
    lots: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def do(lot: list[int]) -> list[str]:
        lots.append(lot)
        begun.set()
        assert go_on.wait(20)
        return [f"did {work}" for work in lot]

    turns: Turns[int, str] = Turns(do, at_a_time=100)
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(turns.take, 0, seconds=20)
        assert begun.wait(20)
        rest = [pool.submit(turns.take, work, seconds=20) for work in range(1, 20)]
        time.sleep(0.2)
        go_on.set()
        answers = [each.result(20) for each in (first, *rest)]
    assert answers == [f"did {work}" for work in range(20)]
    assert [len(lot) for lot in lots] == [1, 19]


def test_after_a_lot_of_several_the_next_waits_for_as_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lots: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def do(lot: list[int]) -> list[int]:
        lots.append(lot)
        begun.set()
        assert go_on.wait(20)
        return lot

    turns: Turns[int, int] = Turns(do, at_a_time=100)

    def come(pool: ThreadPoolExecutor, *works: int) -> list[Future[int]]:
        waiting = len(turns._queue) + len(works)  # noqa: SLF001
        coming = [pool.submit(turns.take, work, seconds=20) for work in works]
        while len(turns._queue) < waiting:  # noqa: SLF001
            time.sleep(0.001)
        return coming

    with ThreadPoolExecutor(5) as pool:
        monkeypatch.setattr(turns_module, "sleep", lambda _: come(pool, 5))
        first = pool.submit(turns.take, 1, seconds=20)
        assert begun.wait(20)
        both = come(pool, 2, 3)
        go_on.set()
        assert [each.result(20) for each in (first, *both)] == [1, 2, 3]
        assert turns.take(4, seconds=20) == 4
    assert [sorted(lot) for lot in lots] == [[1], [2, 3], [4, 5]]


def test_every_call_is_done_once_whatever_the_threads_do() -> None:
    chance, counts = random.Random(1), dict.fromkeys(range(400), 0)

    def do(lot: list[int]) -> list[int | Exception | None]:
        assert len(lot) <= 7
        outcomes: list[int | Exception | None] = []
        for work in lot:
            again = chance.random() < 0.2
            counts[work] += not again
            odd = ConflictError(str(work)) if work % 5 == 0 else work
            outcomes.append(None if again else odd)
        return outcomes

    def ask(turns: Turns[int, int], work: int) -> object:
        try:
            return turns.take(work, seconds=60)
        except ConflictError as error:
            return str(error)

    turns: Turns[int, int] = Turns(do, at_a_time=7)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(partial(ask, turns), counts))
    assert answers == [work if work % 5 else str(work) for work in counts]
    assert set(counts.values()) == {1}


def test_a_call_whose_turn_does_not_come_is_told_so() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def do(lot: list[int]) -> list[int]:
        begun.set()
        assert go_on.wait(20)
        return lot

    turns: Turns[int, int] = Turns(do, at_a_time=10)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(turns.take, 1, seconds=20)
        assert begun.wait(20)
        with pytest.raises(ConflictError) as refused:
            turns.take(2, seconds=0.05)
        go_on.set()
        assert first.result(20) == 1
    assert refused.value.reason == "LEDGER_BUSY"


class Panic(BaseException):
    """What the engine raises in place of a panic is no Exception either."""


@pytest.mark.parametrize(
    "stop", [ConflictError("no", reason="LEDGER_CONFLICT"), Panic("no")]
)
def test_what_stops_a_lot_is_told_to_all_of_it(stop: BaseException) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def do(lot: list[int]) -> list[int]:
        if lot == [0]:
            begun.set()
            assert go_on.wait(20)
            return lot
        raise stop

    turns: Turns[int, int] = Turns(do, at_a_time=10)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(turns.take, 0, seconds=20)
        assert begun.wait(20)
        lot = [pool.submit(turns.take, work, seconds=20) for work in (1, 2)]
        go_on.set()
        assert first.result(20) == 0
        for work in lot:
            with pytest.raises(type(stop), match="no"):
                work.result(20)

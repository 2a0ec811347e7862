"""What payers usually choose is counted from what was posted, until it is forgotten."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from clearing_book import NOW, Book
from test_replay import by_hand, replayed_past

from alloc import engine
from alloc.app import clear as clearing
from alloc.app import known_payers
from alloc.app.habits import KEPT_DAYS, Habits, learned_habits, shown_by
from alloc.app.past import past_of_ledger
from alloc.app.payer_memory import HABIT, FactKey
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.replay import pool
from alloc.app.reverse import reverse

if TYPE_CHECKING:
    import pytest

    from alloc.app.known_payers import KnownPayers, Told

LAC = FactKey(HABIT, "E1", "C-LAC")
DAY = dt.date(2026, 3, 20)


def items(*days: int) -> str:
    return "\n".join(
        f"item INV-{day} {day}.00 EUR of C-LAC issued 2026-01-{day:02}" for day in days
    )


def chosen(book: Book, day: dt.date = DAY) -> list[tuple[str, int, int]]:
    rows = learned_habits(book.ledger, day).to_pylist()
    return [
        (row["habit"], row["count"], row["of"])
        for row in rows
        if row["count"] and row["customer_id"]
    ]


def oldest_first(book: Book) -> Book:
    """Two payments of the two oldest of many items, which a person cleared."""
    book.write(items(*range(1, 11)))
    for at, (first, second) in enumerate([(1, 2), (3, 4)], start=2):
        amount = f"{first + second}.00"
        book.write(f'payment B{at} {amount} EUR on 2026-03-{at:02} from C-LAC "?"')
        book.clear()
        paid = {f"INV_{number}": number * 100 for number in (first, second)}
        by_hand(book, f"B{at}", **paid)
    return book


def test_what_people_accepted_shows_what_the_payer_chooses(book: Book):
    assert chosen(oldest_first(book)) == [("oldest_items", 2, 2)]
    shown = shown_by(book.ledger, "E1", "C-LAC", DAY)
    assert [(one.habit, one.items, one.allocated_minor) for one in shown] == [
        ("oldest_items", 2, 300),
        ("oldest_items", 2, 700),
    ]
    assert shown_by(book.ledger, "E1", "C-OTHER", DAY) == []


def test_what_is_undone_shows_nothing(book: Book):
    oldest_first(book)
    which = DecisionFilter(states=(DecisionState.POSTED,))
    decided = book.ledger.decisions(which).decisions["decision_id"].to_pylist()
    reverse(*(book.ledger, book.settings, max(decided)), decided_by="ada", now=NOW)
    assert chosen(book) == [("oldest_items", 1, 1)]


def test_habits_are_forgotten_until_later_payments_show_them_anew(book: Book):
    oldest_first(book)
    book.ledger.forget_facts([LAC], forgotten_by="ada", reason="new owner", now=NOW)
    assert chosen(book) == []
    assert shown_by(book.ledger, "E1", "C-LAC", DAY) == []
    later = NOW + dt.timedelta(days=1)
    book.write('payment B9 11.00 EUR on 2026-03-09 from C-LAC "INV-5 INV-6"')
    clearing.clear(book.ledger, book.settings, now=later)
    assert book.states()["B9"] == "posted"
    assert chosen(book) == [("oldest_items", 1, 1)]


def test_a_year_later_a_payment_shows_nothing(book: Book):
    oldest_first(book)
    last = dt.date(2026, 3, 3) + dt.timedelta(days=KEPT_DAYS)
    assert chosen(book, last) == [("oldest_items", 1, 1)]
    assert chosen(book, last + dt.timedelta(days=1)) == []


def test_payments_are_decided_by_the_habits_that_there_are(book: Book):
    oldest_first(book)
    handed: list[pa.Table | None] = []

    def asked(*tables: object, **said: object) -> object:
        handed.append(said["habits"])
        return engine.propose(*tables, **said)

    book.write('payment B8 11.00 EUR on 2026-03-08 from C-LAC "INV-5 INV-6"')
    book.clear(decide=asked)
    (habits,) = handed
    counted = habits.filter(pc.is_valid(habits["customer_id"]))
    assert pc.sum(counted["count"]).as_py() == 2, "not what is decided now"
    book.toml = book.toml.replace("[policy]", "[policy]\nhabits = false")
    book.write('payment B9 7.00 EUR on 2026-03-09 from C-LAC "INV-7"')
    book.clear(decide=asked)
    assert handed[1:] == [None]


def test_days_of_one_run_show_what_days_of_their_own_show(
    book: Book, monkeypatch: pytest.MonkeyPatch
):
    numbers = range(1042, 1050)
    book.write(
        "\n".join(
            f"item INV-{number} {number}.00 EUR of C-LAC issued 2026-01-{number - 1030}"
            for number in numbers
        )
    )
    book.write("""
        payment B2 2085.00 EUR on 2026-03-02 from C-LAC "INV-1042 INV-1043"
        payment B3 2089.00 EUR on 2026-03-03 from C-LAC "INV-1044 INV-1045"
        payment B4 1049.00 EUR on 2026-03-04 from C-LAC "INV-1049"
    """)
    seen: list[Habits] = []
    days: list[int] = []

    class Kept(Habits):
        def see(self, opened: pa.Table, history: pa.Table) -> None:
            super().see(opened, history)
            seen.append(self)
            days.append(history.num_rows)

    monkeypatch.setattr(known_payers, "Habits", Kept)
    book.clear()
    assert days == [2, 2, 1], "each day its own"
    # What is expected is rounded day by day.
    names = ["entity", "customer_id", "habit", "open_from", "count", "of"]
    at_once = learned_habits(book.ledger, dt.date(2026, 3, 5))
    assert seen[-1].rows.select(names).equals(at_once.select(names))


def test_a_replay_knows_on_each_day_what_clear_would(
    book: Book, monkeypatch: pytest.MonkeyPatch
):
    """Each of three days is told what the days before it show, and no more."""
    oldest_first(book)
    book.write('payment B9 11.00 EUR on 2026-03-09 from C-LAC "INV-5 INV-6"').clear()
    told: list[pa.Table | None] = []
    made = known_payers.KnownPayers.told

    def recorded(self: KnownPayers, payments: pa.Table) -> Told:
        told.append(made(self, payments).habits)
        return made(self, payments)

    monkeypatch.setattr(known_payers.KnownPayers, "told", recorded)
    past = past_of_ledger(book.ledger, since=dt.date(2026, 3, 1), until=None)
    replayed_past(book, past, learn=True)
    shown = [pc.sum(rows["count"].filter(_of_payers(rows))).as_py() for rows in told]
    assert shown == [None, 1, 2]
    book.toml = book.toml.replace("[policy]", "[policy]\nhabits = false")
    replayed_past(book, past, learn=True)
    assert told[-1] is None


def test_an_engine_of_a_replay_is_handed_the_habits(
    book: Book, monkeypatch: pytest.MonkeyPatch
):
    oldest_first(book)
    handed: list[int] = []
    make = pool.engine.Book

    def made(*tables: object, habits: pa.Table | None = None) -> object:
        handed.append(0 if habits is None else habits.num_rows)
        return make(*tables, habits=habits)

    monkeypatch.setattr(pool.engine, "Book", made)
    past = past_of_ledger(book.ledger, since=dt.date(2026, 3, 1), until=None)
    replayed_past(book, past, learn=True)
    assert handed[-1] > handed[0] == 0
    handed.clear()
    replayed_past(book, past)
    assert not any(handed), "without --learn nothing is learned"


def test_habits_fade_while_days_go_by(book: Book):
    oldest_first(book)
    choices = book.ledger.choices(since=dt.date(2026, 1, 1))
    habits = Habits(engine.observe_habits())
    habits.see(choices.items, choices.history)
    last = pc.max(choices.history["value_date"]).as_py() + dt.timedelta(days=KEPT_DAYS)
    habits.fade(last)
    assert habits.rows.num_rows
    habits.fade(last + dt.timedelta(days=1))
    assert habits.rows.num_rows == 0


def _of_payers(rows: pa.Table) -> pa.ChunkedArray:
    return pc.is_valid(rows["customer_id"])

"""Before going live: history decided again, and compared with how it was cleared."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from clearing_book import NOW, Book
from hypothesis import given
from hypothesis import strategies as st
from test_impact import FEE
from test_rules_when_clearing import rule

from alloc import engine
from alloc.app.apply import apply
from alloc.app.past import past_of_ledger
from alloc.app.replay import Follow, Replay, replay
from alloc.app.replay.judging import Classes, judge, stratum_of
from alloc.app.review import Items, accept
from alloc.store import create_ledger, open_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.app.past import Past
    from alloc.rules import Rule

SINCE = dt.date(2026, 3, 1)
FIRST = """
item     INV-1042  120.00 EUR  of C-LAC
item     INV-1055   80.00 EUR  of C-LAC
item     INV-1061   75.00 EUR  of C-LAC
"""


def replayed(
    book: Book,
    *,
    follow: Follow = Follow.TRUTH,
    until: dt.date | None = None,
    rules: Sequence[Rule] = (),
    dormant: Sequence[Rule] = (),
) -> Replay:
    past = past_of_ledger(book.ledger, since=SINCE, until=until)
    return replayed_past(book, past, follow=follow, rules=rules, dormant=dormant)


def replayed_past(book: Book, past: Past, **options: Any) -> Replay:
    ledger = book.ledger
    before = ledger.counts(), book.open_items(), book.states()
    found = replay(
        *(past, book.settings, ledger.customers()),
        ledger.remittances(past.payments["payment_id"].to_pylist()),
        today=NOW.date(),
        **options,
    )
    after = ledger.counts(), book.open_items(), book.states()
    assert before == after, "a replay writes nothing"
    return found


def by_hand(book: Book, reference: str, **cents: int) -> None:
    """A person clears a payment: items, underscores for dashes, and cents."""
    items = {name.replace("_", "-"): minor for name, minor in cents.items()}
    accept(
        *(book.ledger, book.settings, book.payment_id(reference)),
        Items(items, None),
        decided_by="ada",
        now=NOW,
    )


def verdicts(found: Replay) -> list[tuple[str, str]]:
    rows = found.outcomes.to_pylist()
    return [(row["stratum"], row["verdict"]) for row in rows]


def named(day: int, reference: str, amount: str, text: str) -> str:
    return f'payment {reference} {amount} EUR on 2026-03-{day:02} from C-LAC "{text}"'


def test_what_would_have_been_cleared_as_it_was_is_right(book: Book):
    book.write(FIRST + "\n" + named(6, "B1", "120.00", "INV-1042")).clear()
    (row,) = replayed(book).outcomes.to_pylist()
    said = {name: row[name] for name in ("verdict", "stratum", "customer_id")}
    assert said == {"verdict": "right", "stratum": "one_item", "customer_id": "C-LAC"}
    assert (row["lines"], row["lines_told"], row["lines_right"]) == (1, 1, 1)
    assert (row["decided_by"], replayed(book).unconfirmed) == ("alloc", 1)


def test_what_a_person_cleared_with_another_item_would_have_been_wrong(book: Book):
    book.write(FIRST.replace("80.00", "120.00"))
    book.write(named(6, "B1", "120.00", "INV-1042")).clear()
    past = past_of_ledger(book.ledger, since=SINCE, until=None)
    (settled,) = past.settled.items()
    other = Counter({"E1\x1fINV-1055": 12_000})
    found = replayed_past(book, replace(past, settled={settled[0]: other}))
    assert verdicts(found) == [("one_item", "wrong")]
    assert found.outcomes["lines_right"].to_pylist() == [0]


def test_a_right_first_proposal_is_told_from_one_that_has_to_be_found(book: Book):
    book.write(FIRST + "\n" + named(6, "B1", "75.00", "THANK YOU")).clear()
    by_hand(book, "B1", INV_1061=7_500)
    book.write(named(9, "B2", "10.00", "ON ACCOUNT OF MAY")).clear()
    by_hand(book, "B2", INV_1042=1_000)
    found = replayed(book)
    assert verdicts(found) == [("one_item", "proposed"), ("one_item", "left")]
    assert found.outcomes["lines_right"].to_pylist() == [1, 0]
    assert found.gains == (), "the payer is known: there is nothing to learn"


def test_twins_stand_in_for_each_other():
    same = {
        "entity": "E1",
        "customer_id": "C-LAC",
        "currency": "EUR",
        "open_minor": 12_000,
        "reference": "INV-1042",
        "issue_date": SINCE,
        "due_date": None,
    }
    other = same | {"item_id": "D", "open_minor": 11_000}
    twins = [same | {"item_id": name} for name in "ABC"]
    classes = Classes(pa.Table.from_pylist([*twins, other]))

    def lines_right(told: str, truth: str) -> tuple[str, int]:
        settled = [
            Counter({f"E1\x1f{name}": 100 for name in names}) for names in (told, truth)
        ]
        found = judge(classes, automatic=True, told=settled[0], truth=settled[1])
        return found.verdict.value, found.lines_right

    assert lines_right("AB", "BC") == ("right", 2)
    assert lines_right("AD", "BC") == ("wrong", 1)
    assert lines_right("ABC", "BC") == ("wrong", 2)
    assert lines_right("", "B") == ("wrong", 0)


def test_what_nobody_has_cleared_is_counted_and_not_judged(book: Book):
    book.write(FIRST + "\n" + named(6, "B1", "10.00", "?")).clear()
    found = replayed(book)
    assert (verdicts(found), found.waiting) == ([], 1)


def test_the_ledger_follows_the_truth_or_our_own_decisions(book: Book):
    twice = FIRST.replace("80.00", "120.00") + "\n"
    book.write(twice + named(6, "B1", "120.00", "INV-1042")).clear()
    book.write(named(9, "B2", "120.00", "INV-1055")).clear()
    past = past_of_ledger(book.ledger, since=SINCE, until=None)
    first, second = past.payments["payment_id"].to_pylist()
    # A person had cleared the first one with the item that the second one names.
    swapped = {first: past.settled[second], second: past.settled[first]}
    past = replace(past, settled=swapped)
    found = {follow: replayed_past(book, past, follow=follow) for follow in Follow}
    told = {
        follow: one.outcomes["lines_told"].to_pylist() for follow, one in found.items()
    }
    # By the truth INV-1055 is gone on the second day; by our own decision it is there.
    assert verdicts(found[Follow.OWN])[1] == ("one_item", "wrong")
    assert verdicts(found[Follow.TRUTH])[1] != verdicts(found[Follow.OWN])[1]
    assert told[Follow.OWN] == [1, 1]


@pytest.fixture(scope="module")
def three_weeks(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("weeks") / "ledger.db")
    create_ledger(path)
    with open_ledger(path, write=True) as ledger:
        book = Book(ledger)
        items = [
            f"item INV-{1000 + at} {60 + 7 * (at % 5)}.00 EUR of C-{at % 4}"
            f" issued 2026-02-{1 + at % 28:02}"
            for at in range(60)
        ]
        book.write("\n".join(items))
        for at in range(0, 40, 2):
            amount = 60 + 7 * (at % 5)
            text = "INVOICE" if at % 6 == 0 else f"INV-{1000 + at}"
            book.write(
                f"payment B{at} {amount}.00 EUR on 2026-03-{2 + at // 3:02}"
                f' from C-{at % 4} "{text}"'
            )
        book.clear()
        waiting = [name for name, state in book.states().items() if state != "posted"]
        for name in waiting[::2]:
            item = f"INV_{1000 + int(name[1:])}"
            amount = 6_000 + 700 * (int(name[1:]) % 5)
            by_hand(book, name, **{item: amount})
        yield book


@given(st.integers(2, 16), st.sampled_from(list(Follow)))
def test_no_day_knows_what_comes_after_it(three_weeks: Book, day: int, follow: Follow):
    until = dt.date(2026, 3, day)
    whole = replayed(three_weeks, follow=follow).outcomes.to_pylist()
    assert len(whole) > 15
    part = replayed(three_weeks, follow=follow, until=until).outcomes.to_pylist()
    assert part == [row for row in whole if row["value_date"] <= until]


def test_a_payer_who_was_not_known_is_worth_learning(book: Book):
    book.write(FIRST + '\npayment B1 120.00 EUR on 2026-03-06 from NEMO "FACTURE"')
    book.clear()
    by_hand(book, "B1", INV_1042=12_000)
    book.toml = book.toml.replace("amount_only = false", "amount_only = true")
    (gain,) = replayed(book).gains
    assert (gain.kind.value, gain.payer, gain.right, gain.wrong) == (
        *("payer", "NEMO"),
        *(1, 0),
    )


def test_a_rule_that_sleeps_is_tried_on_what_is_left(book: Book):
    fee = rule("fee", FEE, posting="one_click")
    book.write(FIRST + "\n" + named(6, "B1", "114.00", "INV-1042")).clear()
    apply(
        *(book.ledger, book.settings, fee, book.payment_id("B1")),
        decided_by="ada",
        now=NOW,
    )
    found = replayed(book, dormant=[fee])
    (gain,) = [one for one in found.gains if one.kind.value == "rule"]
    assert (gain.name, gain.payer, gain.right, gain.wrong) == ("fee@3", "C-LAC", 1, 0)
    awake = rule("fee", FEE, posting="auto")
    found = replayed(book, rules=[awake])
    assert verdicts(found) == [("one_item", "right")]
    assert found.outcomes["deducted_minor"].to_pylist() == [600]


def test_a_share_that_a_payer_always_takes_off_is_shown(book: Book):
    fee = rule("fee", FEE, posting="one_click")
    book.write(FIRST)
    cash = {"INV-1042": "116.40", "INV-1055": "77.60", "INV-1061": "72.75"}
    for day, (item, amount) in enumerate(cash.items(), start=6):
        book.write(named(day, f"B{day}", amount, item)).clear()
        apply(
            *(book.ledger, book.settings, fee, book.payment_id(f"B{day}")),
            decided_by="ada",
            now=NOW,
        )
    (gap,) = [one for one in replayed(book).gains if one.kind.value == "gap"]
    assert (gap.name, gap.payer, gap.right) == ("300", "C-LAC", 3)


@pytest.mark.parametrize(
    ("settled", "opened", "stratum"),
    [
        (0, 9, "nothing"),
        (1, 1, "only_item"),
        (1, 2, "one_item"),
        (2, 2, "all_items"),
        (2, 22, "of_few"),
        (2, 23, "of_many"),
    ],
)
def test_payments_are_told_apart_by_how_hard_they_are(
    settled: int, opened: int, stratum: str
):
    assert stratum_of(settled, opened).value == stratum


def test_a_book_that_is_kept_decides_as_one_made_anew_each_day(
    three_weeks: Book, monkeypatch: pytest.MonkeyPatch
):
    kept = replayed(three_weeks)
    monkeypatch.setattr(engine.Book, "is_worn", property(lambda _book: True))
    anew = replayed(three_weeks)
    assert anew.outcomes.equals(kept.outcomes)
    assert anew.trials == kept.trials


def test_rules_that_sleep_are_tried_each_alone(book: Book):
    fees = [rule(name, FEE, posting="one_click") for name in ("fee", "charge")]
    book.write(FIRST + "\n" + named(6, "B1", "114.00", "INV-1042")).clear()
    apply(
        *(book.ledger, book.settings, fees[0], book.payment_id("B1")),
        decided_by="ada",
        now=NOW,
    )
    gains = replayed(book, dormant=fees).gains
    tried = [one.name for one in gains if one.kind.value == "rule"]
    assert tried == ["charge@3", "fee@3"], "together neither would have posted"

"""A back-test: what some days teach, judged on the days after them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from clearing_book import NOW, Book
from hypothesis import given
from hypothesis import strategies as st
from test_impact import FEE
from test_replay import SINCE, by_hand, named
from test_rules_when_clearing import rule

from alloc.app.apply import apply
from alloc.app.past import Past, between, past_of_ledger
from alloc.app.replay import BackTest, backtest
from alloc.app.replay.backtest import first_test_day, proposed_rules
from alloc.app.replay.days import Trial
from alloc.errors import InputError
from alloc.store import create_ledger, open_ledger

if TYPE_CHECKING:
    from alloc.rules import Rule

TEST_SINCE = dt.date(2026, 3, 12)


def judged(book: Book, past: Past | None = None, **options: Any) -> BackTest:
    past = past or past_of_ledger(book.ledger, since=SINCE, until=None)
    asked = {"test_since": TEST_SINCE, "wanted_ppm": 100, **options}
    return backtest(
        *(past, book.settings, book.ledger.customers()),
        book.ledger.remittances(past.payments["payment_id"].to_pylist()),
        today=NOW.date(),
        **asked,
    )


def verdicts(found: BackTest) -> dict[str, list[str]]:
    return {
        stage.name.value: stage.outcomes["verdict"].to_pylist()
        for stage in found.stages
    }


def fee(name: str = "fee") -> Rule:
    return rule(name, FEE, posting="one_click")


def paid_with_fee(book: Book, *days: int) -> None:
    """A payer that keeps a fee back from each invoice; a person applies the rule."""
    for day in days:
        book.write(f"item INV-{2000 + day} {100 * day}.00 EUR of C-LAC")
        book.write(named(day, f"F{day}", f"{95 * day}.00", f"INV-{2000 + day}")).clear()
        apply(
            *(book.ledger, book.settings, fee(), book.payment_id(f"F{day}")),
            decided_by="ada",
            now=NOW,
        )


def paid_by_stranger(book: Book, payer: str, *days: int) -> None:
    """A payer that no master data knows; a person finds the items."""
    for day in days:
        amount = 5_000 + len(payer) + day
        euros = f"{amount // 100}.{amount % 100:02}"
        book.write(f"item INV-{payer}{day} {euros} EUR of C-{payer}")
        book.write(f"item INV-{payer}{day}B 77.00 EUR of C-{payer}")
        book.write(
            f'payment {payer}{day} {euros} EUR on 2026-03-{day:02} from {payer} "THX"'
        ).clear()
        by_hand(book, f"{payer}{day}", **{f"INV_{payer}{day}": amount})


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("history") / "ledger.db")
    create_ledger(path)
    with open_ledger(path, write=True) as ledger:
        book = Book(ledger)
        paid_with_fee(book, 2, 5, 9, 13, 17)
        paid_by_stranger(book, "NEMO", 3, 4, 6, 14, 18)
        paid_by_stranger(book, "LATECOMER", 12, 13, 16, 19)
        book.toml = book.toml.replace("amount_only = false", "amount_only = true")
        yield book


def test_each_stage_knows_more_than_the_one_before(history: Book):
    found = judged(history, candidates=[fee()])
    names = found.stages[0].outcomes["payer"].to_pylist()
    right = {
        stage: [name for name, one in zip(names, told, strict=True) if one == "right"]
        for stage, told in verdicts(found).items()
    }
    assert right == {
        "zero": [],
        "learned": ["NEMO", "NEMO"],
        "rules": ["C-LAC", "NEMO", "C-LAC", "NEMO"],
    }
    assert found.rules == (("fee@3", 3, 0),)


def test_what_the_test_days_teach_is_not_used_on_them(history: Book):
    """A payer that pays often enough to be known, but on the test days only."""
    found = judged(history)
    rows = found.stages[1].outcomes.to_pylist()
    late = [row["reason"] for row in rows if row["payer"] == "LATECOMER"]
    assert late == ["PAYER_UNKNOWN"] * 4


@given(st.integers(12, 19))
def test_no_test_day_changes_what_is_learned_chosen_or_decided_before(
    history: Book, day: int
):
    until = dt.date(2026, 3, day)
    past = past_of_ledger(history.ledger, since=SINCE, until=None)
    whole = judged(history, past, candidates=[fee()])
    shorter = replace(past, payments=between(past.payments, since=None, until=until))
    part = judged(history, shorter, candidates=[fee()])
    assert part.rules == whole.rules
    for one, all_of_it in zip(part.stages, whole.stages, strict=True):
        assert one.threshold == all_of_it.threshold
        assert one.trained.equals(all_of_it.trained)
        before = between(all_of_it.outcomes, since=None, until=until)
        assert one.outcomes.equals(before)


@given(st.integers(12, 19))
def test_how_later_payments_were_cleared_is_not_seen(history: Book, day: int):
    """The answers to the days after one are swapped: nothing before them moves."""
    until = dt.date(2026, 3, day)
    past = past_of_ledger(history.ledger, since=SINCE, until=None)
    later = between(past.payments, since=until + dt.timedelta(days=1), until=None)
    ids = [name for name in later["payment_id"].to_pylist() if name in past.settled]
    turned = dict(zip(ids, (past.settled[name] for name in reversed(ids)), strict=True))
    other = replace(past, settled={**past.settled, **turned})
    first, second = judged(history, past), judged(history, other)
    for one, same in zip(first.stages, second.stages, strict=True):
        assert one.threshold == same.threshold
        assert between(one.outcomes, since=None, until=until).equals(
            between(same.outcomes, since=None, until=until)
        )


def trials(name: str, *payments: str, wrong: int = 0) -> list[Trial]:
    return [
        Trial("rule", name, "C-LAC", payment, is_right=at >= wrong)
        for at, payment in enumerate(payments)
    ]


def test_rules_that_stop_each_other_are_not_proposed_together():
    found = proposed_rules(
        [
            *trials("rebate@1", "P1", "P2", "P3"),
            *trials("fee@1", "P3", "P4", "P5", "P6"),
            *trials("rare@1", "P7", "P8"),
            *trials("loose@1", "P10", "P11", "P12", "P13", wrong=1),
            *trials("other@1", "P20", "P21", "P22"),
        ],
        100,
    )
    assert [one.name for one in found] == ["fee@1", "other@1"]
    loose = proposed_rules(trials("loose@1", *"ABCD", wrong=1), 250_000)
    assert [(one.name, one.right, one.wrong) for one in loose] == [("loose@1", 3, 1)]


def test_the_last_quarter_of_the_days_judges(history: Book):
    past = past_of_ledger(history.ledger, since=SINCE, until=None)
    assert first_test_day(past) == dt.date(2026, 3, 17)
    with pytest.raises(InputError) as caught:
        first_test_day(replace(past, decided_by={}))
    assert caught.value.reason == "BACKTEST_TOO_SHORT"


@pytest.mark.parametrize("day", [dt.date(2026, 3, 1), dt.date(2026, 4, 1)])
def test_a_split_without_days_on_both_sides_is_refused(history: Book, day: dt.date):
    with pytest.raises(InputError) as caught:
        judged(history, test_since=day)
    assert caught.value.reason == "BACKTEST_TOO_SHORT"


def test_progress_ends_where_it_said_it_would(history: Book):
    told: list[tuple[int, int]] = []
    judged(history, candidates=[fee()], progress=lambda *one: told.append(one))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]

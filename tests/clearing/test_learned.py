"""Payers are known again by what they paid, as long as nobody says to forget it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pyarrow as pa
from clearing_book import NOW, Book
from test_replay import by_hand

from alloc.app.learned import KEPT_DAYS, FactKind, PayerFact, PayerFacts
from alloc.app.payer_memory import FactKey
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reverse import reverse

if TYPE_CHECKING:
    from collections.abc import Iterable

NEMO = FactKey("name", "NEMO", "C-LAC")


def nemo(*days: int) -> str:
    return "\n".join(
        f'payment B{day} {day}.00 EUR on 2026-03-{day:02} from NEMO "THANKS"'
        for day in days
    )


def taught(book: Book, days: Iterable[int] = (2, 3, 4)) -> Book:
    """A person clears payments of a name that no customer has."""
    items = [f"item INV-{day} {day}.00 EUR of C-LAC" for day in range(2, 9)]
    book.write("\n".join(items))
    for day in days:
        book.write(nemo(day)).clear()
        by_hand(book, f"B{day}", **{f"INV_{day}": day * 100})
    return book


def payer(book: Book, reference: str) -> str | None:
    which = DecisionFilter(payment_ids=(book.payment_id(reference),))
    (row,) = book.ledger.decisions(which).decisions.to_pylist()
    return row["customer_id"]


def test_a_name_that_paid_three_times_is_known_again(book: Book):
    taught(book).write(nemo(5)).clear()
    assert payer(book, "B5") == "C-LAC"


def test_a_name_that_paid_twice_may_be_anybodys(book: Book):
    taught(book, (2, 3)).write(nemo(5)).clear()
    assert payer(book, "B5") is None


def test_days_of_one_run_teach_each_other_like_days_of_their_own(book: Book):
    taught(book, (2, 3)).write("item INV-20260104 4.00 EUR of C-LAC")
    third = 'payment B4 4.00 EUR on 2026-03-04 from NEMO "PAYMENT INV-20260104"'
    book.write(third + "\n" + nemo(5)).clear()
    assert book.states()["B4"] == "posted"
    assert payer(book, "B5") == "C-LAC"


def test_what_is_forgotten_counts_no_more_until_it_is_learned_anew(book: Book):
    taught(book)
    before = NOW - dt.timedelta(days=1)
    book.ledger.forget_facts([NEMO], forgotten_by="ada", reason="agent", now=before)
    assert book.ledger.payer_facts(["NEMO"]).num_rows == 1, "decided after that"
    book.ledger.forget_facts([NEMO], forgotten_by="ada", reason="agent", now=NOW)
    assert book.ledger.payer_facts().to_pylist() == []
    assert book.ledger.fact_payments("NEMO").num_rows == 0
    book.write(nemo(5)).clear()
    assert payer(book, "B5") is None


def test_what_is_undone_teaches_nothing(book: Book):
    taught(book)
    which = DecisionFilter(states=(DecisionState.POSTED,))
    decided = book.ledger.decisions(which).decisions["decision_id"][0].as_py()
    reverse(*(book.ledger, book.settings, decided), decided_by="ada", now=NOW)
    (fact,) = book.ledger.payer_facts(["NEMO"]).to_pylist()
    assert fact == {
        "kind": "name",
        "value": "NEMO",
        "customer_id": "C-LAC",
        "payments": 2,
        "since": dt.date(2026, 3, 3),
        "until": dt.date(2026, 3, 4),
    }


def payment(iban: str | None, name: str | None, day: dt.date) -> dict[str, object]:
    return {"payer_iban": iban, "payer_name": name, "value_date": day}


def asked(*payments: dict[str, object]) -> pa.Table:
    schema = pa.schema(
        [
            ("payer_iban", pa.string()),
            ("payer_name", pa.string()),
            ("value_date", pa.date32()),
        ]
    )
    return pa.Table.from_pylist(list(payments), schema)


def test_an_account_tells_from_the_first_payment_and_all_its_customers():
    day, facts = dt.date(2026, 3, 6), PayerFacts()
    facts.see(payment("FR76", "NEMO", day), {"C1", "C2"})
    told = facts.history(asked(payment("FR76", "NEMO", day))).to_pylist()
    said = {(row["payer_iban"], row["payer_name"], row["customer_id"]) for row in told}
    assert said == {("FR76", None, "C1"), ("FR76", None, "C2")}


def test_a_name_that_is_new_for_one_customer_tells_nothing_of_another():
    day, facts = dt.date(2026, 3, 6), PayerFacts()
    for _ in range(3):
        facts.see(payment(None, "NEMO", day), {"C1"})
    facts.see(payment(None, "NEMO", day), {"C2"})
    assert facts.history(asked(payment(None, "NEMO", day))).num_rows == 0


def test_facts_of_long_ago_are_not_read(book: Book):
    taught(book)
    late = dt.date(2026, 3, 4) + dt.timedelta(days=KEPT_DAYS)
    for day, rows in ((late, 1), (late + dt.timedelta(days=1), 0)):
        wanted = asked(payment(None, "NEMO", day))
        known = PayerFacts.of(book.ledger, wanted).history(wanted)
        assert known.num_rows == rows


def test_customers_of_one_payment_stand_in_one_order_in_every_run():
    day, facts = dt.date(2026, 3, 6), PayerFacts()
    customers = [f"C{number}" for number in range(10, 40)]
    facts.see(payment("FR76", None, day), set(customers))
    told = facts.history(asked(payment("FR76", None, day)))
    assert told["customer_id"].to_pylist() == customers


def test_days_of_long_ago_teach_nothing_when_they_are_played():
    day, facts = dt.date(2026, 3, 6), PayerFacts()
    facts.see(payment("FR76", None, day), {"C1"})
    for days, rows in ((KEPT_DAYS, 1), (KEPT_DAYS + 1, 0)):
        late = asked(payment("FR76", None, day + dt.timedelta(days=days)))
        assert facts.history(late).num_rows == rows


def test_a_name_is_not_used_while_one_of_its_customers_is_new():
    day, facts = dt.date(2026, 3, 6), PayerFacts()
    known = PayerFact(FactKind.NAME, "NEMO", "C1", 3, day, day)
    new = PayerFact(FactKind.NAME, "NEMO", "C2", 1, day, day)
    assert PayerFacts([known]).is_used(known, day)
    facts = PayerFacts([known, new])
    assert not facts.is_used(known, day)
    assert not facts.is_used(new, day)

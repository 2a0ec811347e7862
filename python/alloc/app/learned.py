"""Who paid for whom before: accounts and names by which a payer is known again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from alloc.app.payer_memory import PayerMemory


__all__ = ["FactKind", "PayerFact", "PayerFacts", "fact_of"]

#: A fact that was not seen for so long is not used any more.
KEPT_DAYS = 730
#: One payment tells whose account it is; a name, which anyone may bear, takes more.
NAME_PAYMENTS_MIN = 3


class FactKind(StrEnum):
    """What a payer is known by: the ``account`` it pays from, or its ``name``."""

    ACCOUNT = "account"
    NAME = "name"


@dataclass(slots=True)
class PayerFact:
    """An account, or a name on statements, has paid items of a customer.

    Parameters
    ----------
    kind, value
        IBAN or name, as the bank writes it.
    customer_id
        Whose items.
    payments
        How many payments.
    since, until
        Value dates of the first and the last one.
    """

    kind: FactKind
    value: str
    customer_id: str
    payments: int
    since: dt.date
    until: dt.date

    def is_kept(self, day: dt.date) -> bool:
        """Whether it is not too old for a payment of this day."""
        return (day - self.until).days <= KEPT_DAYS

    @property
    def is_enough(self) -> bool:
        """Whether it was seen often enough to be used."""
        return self.kind is FactKind.ACCOUNT or self.payments >= NAME_PAYMENTS_MIN


class PayerFacts:
    """Facts by what a payer is known by.

    Parameters
    ----------
    facts
        What is known; each kind, value and customer once.
    """

    def __init__(self, facts: Iterable[PayerFact] = ()) -> None:
        self._facts: dict[tuple[FactKind, str], dict[str, PayerFact]] = {}
        for fact in facts:
            of = self._facts.setdefault((fact.kind, fact.value), {})
            of[fact.customer_id] = fact

    @classmethod
    def of(cls, ledger: PayerMemory, payments: pa.Table) -> PayerFacts:
        """Read what is known of the payers of some payments."""
        values = {
            value
            for row in payments.select(["payer_iban", "payer_name"]).to_pylist()
            for _, value in _known_by(row)
        }
        if not values:
            return cls()
        first = pc.min(payments["value_date"]).as_py()
        since = first - dt.timedelta(days=KEPT_DAYS)
        return cls(map(fact_of, ledger.payer_facts(values, since=since).to_pylist()))

    @classmethod
    def all(cls, ledger: PayerMemory, day: dt.date) -> PayerFacts:
        """Read what is known of all payers on a day."""
        since = day - dt.timedelta(days=KEPT_DAYS)
        return cls(map(fact_of, ledger.payer_facts(since=since).to_pylist()))

    def see(self, payment: Mapping[str, Any], customers: Collection[str]) -> None:
        """Remember whose items a payment settled.

        Parameters
        ----------
        payment
            ``payer_iban``, ``payer_name`` and ``value_date`` of it.
        customers
            The customers.
        """
        day = payment["value_date"]
        for kind, value in _known_by(payment):
            of = self._facts.setdefault((kind, value), {})
            for customer_id in sorted(customers):
                new = PayerFact(kind, value, customer_id, 0, day, day)
                fact = of.setdefault(customer_id, new)
                fact.payments += 1
                fact.until = max(fact.until, day)

    def history(self, payments: pa.Table) -> pa.Table:
        """Return what is known of the payers of some payments.

        Parameters
        ----------
        payments
            Columns payer_iban, payer_name and value_date.

        Returns
        -------
        pyarrow.Table
            The engine's table ``history``: a row for each fact that may be used. What
            one name stands for is told only when all of it was seen often enough.
        """
        names = ("payer_iban", "payer_name")
        rows = payments.select(names).to_pylist()
        wanted = dict.fromkeys(key for row in rows for key in _known_by(row))
        day = pc.min(payments["value_date"]).as_py()
        return self._told(wanted, day)

    def every(self, day: dt.date) -> pa.Table:
        """Return what is known of all payers on a day, as `history` does of some."""
        return self._told(self._facts, day)

    def _told(self, keys: Iterable[tuple[FactKind, str]], day: dt.date) -> pa.Table:
        told = [_row(fact) for key in keys for fact in self._usable(key, day)]
        return pa.Table.from_pylist(told, engine.schema("history"))

    def is_used(self, fact: PayerFact, day: dt.date) -> bool:
        """Whether a fact counts for a payment of a day, beside the others of its payer.

        Parameters
        ----------
        fact
            One of these.
        day
            Value date of the payment.
        """
        return fact in self._usable((fact.kind, fact.value), day)

    def _usable(self, key: tuple[FactKind, str], day: dt.date) -> list[PayerFact]:
        kept = [fact for fact in self._facts.get(key, {}).values() if fact.is_kept(day)]
        return kept if all(fact.is_enough for fact in kept) else []


def fact_of(row: Mapping[str, Any]) -> PayerFact:
    """Read a row of `PayerMemory.payer_facts`."""
    return PayerFact(**{**row, "kind": FactKind(row["kind"])})


def _known_by(payment: Mapping[str, Any]) -> Iterator[tuple[FactKind, str]]:
    if payment["payer_iban"]:
        yield FactKind.ACCOUNT, payment["payer_iban"]
    if payment["payer_name"]:
        yield FactKind.NAME, payment["payer_name"]


def _row(fact: PayerFact) -> dict[str, object]:
    is_account = fact.kind is FactKind.ACCOUNT
    return {
        "payment_id": f"{fact.kind} {fact.value}",
        "value_date": fact.until,
        "entity": "",
        "customer_id": fact.customer_id,
        "payer_iban": fact.value if is_account else None,
        "payer_name": None if is_account else fact.value,
        "item_id": "",
        "amount_minor": 0,
        "allocated_minor": 0,
    }

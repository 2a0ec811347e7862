"""What the ledger remembers of payers: its Protocol, a part of the ledger's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    import pyarrow as pa

__all__ = ["HABIT", "RULE", "Choices", "FactKey", "PayerMemory"]

#: The kind of what a payer usually chooses; its value is the entity.
HABIT = "habit"
#: The kind of a rule that was proposed and refused; its value is the rule's id.
RULE = "rule"


class FactKey(NamedTuple):
    """Names one fact: an account or a name of a customer, its habits, or a rule."""

    kind: str
    value: str
    customer_id: str


class Choices(NamedTuple):
    """What payments settled, and what there was to choose from.

    Parameters
    ----------
    items
        `alloc.engine.schema` of ``open_items``, as they were before the first payment.
    history
        `alloc.engine.schema` of ``history``, by value date and payment.
    """

    items: pa.Table
    history: pa.Table


class PayerMemory(Protocol):
    """What a ledger tells of payers; part of `alloc.app.ports.Ledger`."""

    def payer_facts(
        self, values: Collection[str] | None = None, *, since: dt.date | None = None
    ) -> pa.Table:
        """Return what posted payments tell of payers.

        kind (account, name), value, customer_id, payments, since, until: those of some
        accounts and names, or all; of those whose last payment is of a value date or
        later. What was decided before a fact was forgotten is not counted.
        """

    def fact_payments(self, value: str) -> pa.Table:
        """Return the posted payments of an account or a name that are counted.

        payment_id, entity, value_date, currency, amount_minor, customer_id,
        decided_at, decided_by: one row for each customer.
        """

    def forget_facts(
        self,
        facts: Collection[FactKey],
        *,
        forgotten_by: str,
        reason: str,
        now: dt.datetime,
    ) -> None:
        """Count for these facts what is decided from now on only."""

    def forgotten_facts(self, value: str) -> pa.Table:
        """Return each time that an account or a name was forgotten.

        kind, value, customer_id, forgotten_at (UTC, ISO 8601), forgotten_by, reason
        """

    def choices(self, *, since: dt.date) -> Choices:
        """Return what posted payments settled from a value date on.

        What was decided before the habits of its payer were forgotten is left out.
        """

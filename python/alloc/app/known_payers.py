"""What is known of payers when a day is decided, and what the day adds to it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.habits import Habits
from alloc.app.learned import PayerFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alloc.app.payer_memory import PayerMemory
    from alloc.settings import Settings

__all__ = ["KnownPayers", "Told"]


class Told(NamedTuple):
    """What the engine is told of payers.

    Parameters
    ----------
    history
        Who pays for whom, by the engine's contract.
    habits
        As of `alloc.engine.observe_habits`; None: habits are not asked for.
    """

    history: pa.Table
    habits: pa.Table | None


class KnownPayers:
    """Who pays for whom, and what payers choose; each day teaches those after it.

    Parameters
    ----------
    facts, habits
        What is known before the first day.
    """

    def __init__(self, facts: PayerFacts, habits: Habits) -> None:
        self._facts, self._habits = facts, habits
        self._chosen: list[dict[str, Any]] = []

    @classmethod
    def of(
        cls, ledger: PayerMemory, settings: Settings, payments: pa.Table
    ) -> KnownPayers:
        """Read what the ledger tells of the payers of some payments."""
        return cls(
            PayerFacts.of(ledger, payments), Habits.of(ledger, settings, payments)
        )

    @classmethod
    def nobody(cls, settings: Settings) -> KnownPayers:
        """Begin with nothing."""
        wanted = settings.policy.habits
        return cls(PayerFacts(), Habits(engine.observe_habits() if wanted else None))

    def told(self, payments: pa.Table) -> Told:
        """Return what is known of the payers of some payments of a day, or of none."""
        if payments.num_rows:
            self._habits.fade(pc.min(payments["value_date"]).as_py())
        return Told(self._facts.history(payments), self._habits.rows)

    def see(
        self,
        payments: Sequence[Mapping[str, Any]],
        settled: Iterable[Mapping[str, Any]],
    ) -> None:
        """Remember whose items payments of a day settled, and which.

        Parameters
        ----------
        payments
            payment_id, payer_iban, payer_name, value_date.
        settled
            payment_id, entity, customer_id, item_id, allocated_minor.
        """
        customers: dict[str, set[str]] = defaultdict(set)
        days = {row["payment_id"]: row["value_date"] for row in payments}
        for row in settled:
            customers[row["payment_id"]].add(row["customer_id"])
            day = days[row["payment_id"]]
            self._chosen.append({**row, "value_date": day, "amount_minor": 0})
        for row in payments:
            self._facts.see(row, customers.get(row["payment_id"], ()))

    def end_day(self, items: pa.Table) -> None:
        """Count what the payments seen since the last day chose.

        Parameters
        ----------
        items
            What was open before them: `alloc.engine.schema` of ``open_items``.
        """
        chosen = pa.Table.from_pylist(self._chosen, engine.schema("history"))
        self._habits.see(items, chosen)
        self._chosen.clear()

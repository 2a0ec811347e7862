"""Propose: decide payments on what is open in the ledger, and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.clear import contract
from alloc.app.refused import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alloc.app.shared_ledger import LedgerPosition, SharedLedger
    from alloc.engine import Proposal, ProposalRows, Taken
    from alloc.settings import Settings


class OpenPool:
    """What is open at an entity, kept for the engine as far as the ledger was followed.

    Calls may propose on it while another one lets it follow the ledger.

    Parameters
    ----------
    ledger
        What is open is read from it.
    settings
        Of the workspace; the policy says what may be decided without a person.
    entity
        Whose items.

    Raises
    ------
    alloc.errors.InputError
        There is no such entity (``ENTITY_UNKNOWN``).
    """

    def __init__(self, ledger: SharedLedger, settings: Settings, entity: str) -> None:
        settings.entity(entity)
        self._entity = entity
        self._policy = settings.policy.for_engine()
        # Read first: what changes meanwhile makes the pool look older than it is.
        self.position = ledger.position()
        self._book = engine.Book(
            contract(ledger.open_items(entity=entity), "open_items"),
            contract(ledger.customers(), "customers"),
        )
        self._refused = Refused(ledger.refusals())
        self._has_customers = True

    def follow(self, ledger: SharedLedger) -> bool:
        """Read what changed in the ledger; say whether the pool is as good as new.

        What is open is followed in any case. Customers are those of the making: once
        they changed, or so many items came and went that a new one answers faster, it
        is to be made anew.
        """
        position, since = ledger.position(), self.position
        if position != since:
            self._take_over(ledger, position, since)
        return self._has_customers and not self._book.is_worn

    def _take_over(
        self, ledger: SharedLedger, position: LedgerPosition, since: LedgerPosition
    ) -> None:
        if position.import_id != since.import_id:
            self._has_customers &= not ledger.customers_changed(since)
        if position.refusals != since.refusals:
            self._refused = Refused(ledger.refusals())
        changed = ledger.items_changed(since, entity=self._entity)
        self._book.change(
            gone=changed.select(engine.schema("item_ids").names),
            come=contract(
                changed.filter(pc.not_equal(changed["open_minor"], 0)), "open_items"
            ),
        )
        self.position = position

    def propose(
        self, payments: pa.Table, remittances: pa.Table, taken: Taken | None = None
    ) -> Proposal:
        """Decide payments together; as in `alloc.engine.Book.propose`."""
        proposal = self._book.propose(
            payments, remittances, taken=taken, policy=self._policy
        )
        return self._refused.leave_out(proposal)

    def decide(
        self, payment: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
    ) -> ProposalRows:
        """Decide one payment; as in `alloc.engine.Book.decide`."""
        if not self._refused.concerns(payment["payment_id"]):
            return self._book.decide(payment, lines, policy=self._policy)
        proposal = self.propose(
            pa.Table.from_pylist([payment], engine.schema("payments")),
            pa.Table.from_pylist(
                [{**line, "payment_id": payment["payment_id"]} for line in lines],
                engine.schema("remittances"),
            ),
        )
        tables = (proposal.decisions, proposal.allocations, proposal.adjustments)
        return engine.ProposalRows(*(table.to_pylist() for table in tables))

    def in_turn(self) -> InTurn:
        """Return what decides payments in turn."""
        return InTurn(self, self._book)


class InTurn:
    """Decides lot after lot: what one clears by itself is not open to the next.

    Parameters
    ----------
    pool, book
        What is open to the first.
    """

    def __init__(self, pool: OpenPool, book: engine.Book) -> None:
        self._pool = pool
        self._book = book
        self._taken = engine.Taken()

    def propose(self, payments: pa.Table, remittances: pa.Table) -> Proposal:
        """Decide payments together, after those before."""
        proposal = self._pool.propose(payments, remittances, self._taken)
        self._book.take(self._taken, proposal)
        return proposal

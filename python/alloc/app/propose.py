"""Propose: decide payments on what is open in the ledger, and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.clear import contract
from alloc.app.open_book import item_keys
from alloc.app.refused import Refused

if TYPE_CHECKING:
    from alloc.app.shared_ledger import LedgerPosition, SharedLedger
    from alloc.engine import Proposal
    from alloc.settings import Settings


class OpenPool:
    """What is open at an entity, at one position of the ledger; never changes.

    The one place that knows how the engine is given the items again and again.

    Parameters
    ----------
    position
        Of the ledger, when it was read.
    items, customers
        As the engine takes them.
    refused
        Matches never to be proposed again.
    policy
        What may be decided without a person.
    """

    def __init__(
        self,
        position: LedgerPosition,
        items: pa.Table,
        customers: pa.Table,
        refused: Refused,
        policy: dict[str, object],
    ) -> None:
        self.position = position
        self._items = items
        self._customers = customers
        self._refused = refused
        self._policy = policy

    def propose(self, payments: pa.Table, remittances: pa.Table) -> Proposal:
        """Decide payments together; as in `alloc.engine.propose`."""
        proposal = engine.propose(
            self._items,
            payments,
            remittances,
            self._customers,
            policy=self._policy,
        )
        return self._refused.leave_out(proposal)

    def after(self, proposal: Proposal) -> OpenPool:
        """Return the pool without what the proposal clears by itself."""
        auto = proposal.decisions.filter(
            pc.equal(proposal.decisions["status"], "auto")
        )["payment_id"]
        rows = proposal.allocations
        taken = rows.filter(
            pc.and_(
                pc.equal(rows["rank"], 0), pc.is_in(rows["payment_id"], value_set=auto)
            )
        )
        if taken.num_rows == 0:
            return self
        summed = (
            pa.table({"key": item_keys(taken), "minor": taken["allocated_minor"]})
            .group_by("key", use_threads=False)
            .aggregate([("minor", "sum")])
        )
        at = pc.index_in(item_keys(self._items), value_set=summed["key"])
        less = pc.fill_null(summed["minor_sum"].take(at), 0)
        column = self._items.schema.get_field_index("open_minor")
        items = self._items.set_column(
            column,
            self._items.schema.field(column),
            pc.subtract(self._items["open_minor"], less),
        )
        return OpenPool(
            self.position,
            items.filter(pc.not_equal(items["open_minor"], 0)),
            self._customers,
            self._refused,
            self._policy,
        )


def open_pool(ledger: SharedLedger, settings: Settings, entity: str) -> OpenPool:
    """Read what is open at an entity.

    Raises
    ------
    alloc.errors.InputError
        There is no such entity (``ENTITY_UNKNOWN``).
    """
    settings.entity(entity)
    # Read first: what changes meanwhile makes the pool look older than it is.
    position = ledger.position()
    return OpenPool(
        position,
        contract(ledger.open_items(entity=entity), "open_items"),
        contract(ledger.customers(), "customers"),
        Refused(ledger.refusals()),
        msgspec.structs.asdict(settings.policy),
    )

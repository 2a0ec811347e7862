"""Propose: decide payments on what is open in the ledger, and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.clear import contract
from alloc.app.four_eyes import held_back, wants_two
from alloc.app.habits import learned_habits
from alloc.app.learned import PayerFacts
from alloc.app.refused import Refused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from alloc.app.shared_ledger import LedgerPosition, SharedLedger
    from alloc.engine import Proposal, ProposalRows, Stop, Taken
    from alloc.settings import Settings


#: How long what was learned of payers counts after others were posted.
LEARNED_SECONDS = 600


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
    now
        The clock, UTC; what was learned of payers counts as of today.

    Raises
    ------
    alloc.errors.InputError
        There is no such entity (``ENTITY_UNKNOWN``).
    """

    def __init__(
        self,
        ledger: SharedLedger,
        settings: Settings,
        entity: str,
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        settings.entity(entity)
        self._now = now
        self._made_at = now()
        self._settings = settings
        self._entity = entity
        self._policy = settings.policy.for_engine()
        # Read first: what changes meanwhile makes the pool look older than it is.
        self.position = ledger.position()
        self._learned_to = self.position.seq
        day = self._made_at.date()
        self._book = engine.Book(
            contract(ledger.open_items(entity=entity), "open_items"),
            contract(ledger.customers(), "customers"),
            PayerFacts.all(ledger, day).every(day),
            habits=learned_habits(ledger, day) if settings.policy.habits else None,
        )
        self._refused = Refused(ledger.refusals())
        self._has_customers = True

    def follow(self, ledger: SharedLedger) -> bool:
        """Read what changed in the ledger; say whether the pool is as good as new.

        What is open is followed in any case. Customers are those of the making, and so
        is what was learned of payers: once customers changed, or `LEARNED_SECONDS`
        passed and more could be learned, or so many items came and went that a new one
        answers faster, it is to be made anew.
        """
        position, since = ledger.position(), self.position
        if position != since:
            self._take_over(ledger, position, since)
        return self._has_customers and self._has_learned() and not self._book.is_worn

    def _has_learned(self) -> bool:
        if self.position.seq == self._learned_to:
            return True
        return (self._now() - self._made_at).total_seconds() < LEARNED_SECONDS

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
        self,
        payments: pa.Table,
        remittances: pa.Table,
        *,
        taken: Taken | None = None,
        stop: Stop | None = None,
    ) -> Proposal:
        """Decide payments together; as in `alloc.engine.Book.propose`."""
        proposal = self._book.propose(
            payments, remittances, taken=taken, policy=self._policy, stop=stop
        )
        proposal = self._refused.leave_out(proposal)
        return held_back(self._settings, payments, proposal)

    def decide(
        self,
        payment: Mapping[str, Any],
        lines: Sequence[Mapping[str, Any]],
        *,
        stop: Stop | None = None,
    ) -> ProposalRows:
        """Decide one payment; as in `alloc.engine.Book.decide`."""
        is_plain = not self._refused.concerns(payment["payment_id"])
        if is_plain and not wants_two(self._settings, payment):
            return self._book.decide(payment, lines, policy=self._policy, stop=stop)
        proposal = self.propose(
            pa.Table.from_pylist([payment], engine.schema("payments")),
            pa.Table.from_pylist(
                [{**line, "payment_id": payment["payment_id"]} for line in lines],
                engine.schema("remittances"),
            ),
            stop=stop,
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

    def propose(
        self,
        payments: pa.Table,
        remittances: pa.Table,
        *,
        stop: Stop | None = None,
    ) -> Proposal:
        """Decide payments together, after those before."""
        proposal = self._pool.propose(
            payments, remittances, taken=self._taken, stop=stop
        )
        self._book.take(self._taken, proposal)
        return proposal

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
from alloc.app.pool_rules import RulesInTurn
from alloc.app.refused import Refused
from alloc.app.ruling import by_customer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from alloc.app.pool_rules import PoolRules
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
    rules
        Tried on what the engine leaves open, as `alloc.app.clear.clear` does.

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
        rules: PoolRules | None = None,
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
        customers = ledger.customers()
        self._book = engine.Book(
            contract(ledger.open_items(entity=entity), "open_items"),
            contract(customers, "customers"),
            PayerFacts.all(ledger, day).every(day),
            habits=learned_habits(ledger, day) if settings.policy.habits else None,
        )
        self._refused = Refused(ledger.refusals())
        self._has_customers = True
        self._rules = rules
        self._customers = by_customer(customers) if rules else {}

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
        stop: Stop | None = None,
    ) -> Proposal:
        """Decide payments together; as in `alloc.engine.Book.propose`."""
        return self.in_turn().propose(payments, remittances, stop=stop)

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
            rows = self._book.decide(payment, lines, policy=self._policy, stop=stop)
            rules = self._rules_in_turn()
            if rules is None or not rules.concern(rows.decisions[0]):
                return rows
            return _rows(rules.decide(_payments(payment), _tables(rows)))
        of_payment = [{**line, "payment_id": payment["payment_id"]} for line in lines]
        remittances = pa.Table.from_pylist(of_payment, engine.schema("remittances"))
        return _rows(self.propose(_payments(payment), remittances, stop=stop))

    def in_turn(self) -> InTurn:
        """Return what decides payments in turn."""
        return InTurn(self, self._book, self._rules_in_turn())

    def _rules_in_turn(self) -> RulesInTurn | None:
        """Return what tries the rules on payments in turn."""
        if self._rules is None:
            return None
        return RulesInTurn(
            *(self._settings, self._rules, self._customers),
            refused=self._refused,
            today=self._now().date(),
        )

    def by_engine(
        self, payments: pa.Table, remittances: pa.Table, taken: Taken, stop: Stop | None
    ) -> Proposal:
        """Decide payments without rules, on what others of the caller left."""
        proposal = self._book.propose(
            payments, remittances, taken=taken, policy=self._policy, stop=stop
        )
        proposal = self._refused.leave_out(proposal)
        return held_back(self._settings, payments, proposal)


class InTurn:
    """Decides lot after lot: what one clears by itself is not open to the next.

    Parameters
    ----------
    pool, book
        What is open to the first.
    rules
        Tried on what the engine leaves open.
    """

    def __init__(
        self, pool: OpenPool, book: engine.Book, rules: RulesInTurn | None
    ) -> None:
        self._pool = pool
        self._book = book
        self._rules = rules
        self._taken = engine.Taken()

    def propose(
        self,
        payments: pa.Table,
        remittances: pa.Table,
        *,
        stop: Stop | None = None,
    ) -> Proposal:
        """Decide payments together, after those before."""
        days = pc.unique(payments["value_date"]).to_pylist() if self._rules else []
        if len(days) < 2:  # noqa: PLR2004 - several days: rules go day by day
            return self._lot(payments, remittances, stop)
        parts = [
            self._lot(
                payments.filter(pc.equal(payments["value_date"], day)),
                *(remittances, stop),
            )
            for day in sorted(days)
        ]
        return engine.Proposal(
            decisions=pa.concat_tables(part.decisions for part in parts),
            allocations=pa.concat_tables(part.allocations for part in parts),
            adjustments=pa.concat_tables(part.adjustments for part in parts),
        )

    def _lot(
        self, payments: pa.Table, remittances: pa.Table, stop: Stop | None
    ) -> Proposal:
        proposal = self._pool.by_engine(payments, remittances, self._taken, stop)
        if self._rules is not None:
            proposal = self._rules.decide(payments, proposal)
        self._book.take(self._taken, proposal)
        return proposal


def _payments(payment: Mapping[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([payment], engine.schema("payments"))


def _tables(rows: ProposalRows) -> Proposal:
    names = ("decisions", "allocations", "adjustments")
    return engine.Proposal(
        *(
            pa.Table.from_pylist(each, engine.schema(name))
            for name, each in zip(names, rows, strict=True)
        )
    )


def _rows(proposal: Proposal) -> ProposalRows:
    tables = (proposal.decisions, proposal.allocations, proposal.adjustments)
    return engine.ProposalRows(*(table.to_pylist() for table in tables))

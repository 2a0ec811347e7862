"""Rules on payments that are proposed on a pool of open items, as a run tries them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.ports import PaymentState
from alloc.app.ruled import with_rules
from alloc.app.ruling import Ruling, concern
from alloc.app.situations import collected_vat, item_history

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from alloc.app.ports import Ledger
    from alloc.app.refused import Refused
    from alloc.app.situations import CollectedVat
    from alloc.engine import Proposal
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["PoolRules", "RulesInTurn"]


@dataclass(frozen=True, slots=True)
class PoolRules:
    """The rules that proposals are made with.

    Parameters
    ----------
    rules
        As they may post.
    reading
        Lends a connection that reads: rules ask for more of an item than the engine.
    """

    rules: Sequence[Rule]
    reading: Callable[[], AbstractContextManager[Ledger]]


class RulesInTurn:
    """Tries rules on lot after lot: what one clears is not open to the next.

    Parameters
    ----------
    settings
        Of the workspace.
    source
        The rules, and where to read.
    customers
        By id, as `alloc.app.ruling.by_customer` gives them.
    refused, today
        When the call came.
    """

    def __init__(
        self,
        settings: Settings,
        source: PoolRules,
        customers: Mapping[str, Mapping[str, Any]],
        *,
        refused: Refused,
        today: dt.date,
    ) -> None:
        self._settings, self._source, self._customers = settings, source, customers
        self._refused, self._today = refused, today
        self._taken: Counter[tuple[str, str]] = Counter()
        self._collected: CollectedVat = {}

    def concern(self, decision: Mapping[str, Any]) -> bool:
        """Say whether the rules may have a say after a decision of the engine."""
        return concern(self._source.rules, decision)

    def decide(self, payments: pa.Table, proposal: Proposal) -> Proposal:
        """Return what the engine and the rules decide on payments of one day.

        Parameters
        ----------
        payments
            By the engine's contract.
        proposal
            What the engine says of them.
        """
        concerned = [
            row["payment_id"]
            for row in proposal.decisions.to_pylist()
            if self.concern(row)
        ]
        if concerned:
            mine = pc.is_in(payments["payment_id"], value_set=pa.array(concerned))
            with self._source.reading() as ledger:
                proposal = self._decided(ledger, payments.filter(mine), proposal)
        self._take(proposal)
        return proposal

    def _decided(
        self, ledger: Ledger, payments: pa.Table, proposal: Proposal
    ) -> Proposal:
        rules = self._source.rules
        ruling = Ruling(
            *(self._settings, rules, self._customers),
            today=self._today,
            collected={},
            history=partial(item_history, ledger, rules),
            refused=self._refused,
        )
        received = _received(ledger, self._settings, payments)
        entity = received["entity"][0].as_py()
        items = self._open_of(ledger, entity, *ruling.asked(received, proposal))
        due = collected_vat(ledger, rules, items["item_id"].to_pylist())
        ruling.collect({**due, **self._collected})
        ruled = ruling.decide(received, proposal, items)
        for shown in ruled.posted:
            if shown.drafts is not None:
                ruling.keep(shown.drafts)
        self._collected = ruling.collected
        return with_rules(self._settings, ruled, proposal)

    def _open_of(
        self,
        ledger: Ledger,
        entity: str,
        parties: Collection[str],
        named: set[str],
    ) -> pa.Table:
        """Read what is open of parties, and some items, less what was taken.

        Rules look at other companies for a party's items only.
        """
        items = ledger.open_items(customer_ids=sorted(parties))
        beside = named.difference(item for of, item in _keys(items) if of == entity)
        if beside:
            others = ledger.open_items(entity=entity, item_ids=sorted(beside))
            items = pa.concat_tables([items, others])
        if not self._taken:
            return items
        taken = pa.array([self._taken[key] for key in _keys(items)], pa.int64())
        left = pc.subtract(items["open_minor"], taken)
        at = items.schema.get_field_index("open_minor")
        items = items.set_column(at, items.schema.field(at), left)
        return items.filter(pc.not_equal(left, 0))

    def _take(self, proposal: Proposal) -> None:
        """Note what is cleared without a person."""
        decisions, rows = proposal.decisions, proposal.allocations
        auto = decisions.filter(pc.equal(decisions["status"], "auto"))["payment_id"]
        first = pc.and_(
            pc.equal(rows["rank"], 0), pc.is_in(rows["payment_id"], value_set=auto)
        )
        for row in rows.filter(first).to_pylist():
            self._taken[row["entity"], row["item_id"]] += row["allocated_minor"]


def _keys(items: pa.Table) -> Iterator[tuple[str, str]]:
    return zip(items["entity"].to_pylist(), items["item_id"].to_pylist(), strict=True)


def _received(ledger: Ledger, settings: Settings, payments: pa.Table) -> pa.Table:
    """Return payments as if the bank had told of them: what it did is used."""
    known = ledger.payments(
        states=tuple(PaymentState), payment_ids=payments["payment_id"].to_pylist()
    )
    told = {(row["entity"], row["payment_id"]): row for row in known.to_pylist()}
    rows = []
    for given in payments.to_pylist():
        banks = settings.entity(given["entity"]).banks
        expected: dict[str, Any] = dict.fromkeys(known.schema.names) | {
            "account": banks[0].identifier if banks else None,
            "booking_date": given["value_date"],
            "item_prefix": given["payment_id"],
            "state": PaymentState.NEW,
        }
        found = told.get((given["entity"], given["payment_id"]), {})
        said = {name: value for name, value in given.items() if value is not None}
        rows.append(expected | found | said)
    return pa.Table.from_pylist(rows, known.schema)
